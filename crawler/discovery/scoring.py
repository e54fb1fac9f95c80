"""Is this the school's official site? Signals with weights, added up to a score from 0 to 1.

Pure: facts in, reasons out, so that every decision can be shown and tested as a table of cases. The weights follow what
statistics offices use to find the sites of enterprises (phone and address decide, names alone do not). From 0.85 a
candidate is accepted, from 0.5 it is for a person to review. Some signals forbid: a directory of schools, a parked
domain, a district's own home page and a page that never names the school cannot be accepted whatever else they show.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

from crawler.discovery.page_facts import PageFacts
from crawler.discovery.school_names import SchoolName, is_district_name, long_words, name_parts
from crawler.domains import registered
from crawler.host_lists import entry_of, read_hosts
from crawler.items import Signal
from crawler.sites import host_name, prefix_of, same_host
from crawler.targets import SchoolTarget
from extraction.places.states import state_code

ACCEPTED = 0.85
REVIEW = 0.5

_OFFICIAL_PROVIDERS = frozenset({"nces", "printed"})
_MOST_OTHER_SCHOOLS = 4
_FEW_LINKS = 8
"""A page with a field for a password and fewer links is a door; with more it is a site that has a door."""
_EARLY_GRADES = {"PK": -1, "TK": -1, "KG": 0, "K": 0}
_CAPS: dict[str, float] = {
    "aggregator": 0.0,
    "parked": 0.0,
    "profile_page": 0.3,
    "district_home": 0.45,
    "other_school": 0.45,
    "no_name": 0.84,
    "moved": 0.84,
}
"""The highest score that a candidate with such a signal can have."""


@dataclass(frozen=True, slots=True)
class Score:
    """The score of one candidate, with what it was added up from."""

    value: float
    signals: list[Signal]

    @property
    def is_district(self) -> bool:
        """Whether the page is more likely the district's than a school's."""
        return any(signal.name in {"district_home", "district_named"} for signal in self.signals)


@dataclass(frozen=True, slots=True)
class Seen:
    """A fetched candidate: where it is, who named it, and what its page says."""

    site: str
    facts: PageFacts
    provider: str
    district_hosts: Collection[str] = ()
    """Hosts known to belong to the school's district."""
    linked_from: str = ""
    """The page of the school's district that links to it under the school's name, if one does."""


def score_site(seen: Seen, school: SchoolTarget, aggregators: Collection[str]) -> Score:
    """Weighs a fetched candidate.

    Args:
        seen: The candidate.
        school: The school it may belong to, with what the directory knows of it.
        aggregators: Hosts that are never a school's own, as `read_aggregators` returns them.
    """
    name = SchoolName(school.name)
    signals = [
        *_source_signals(seen, aggregators),
        *_contact_signals(seen.facts, school),
        *_name_signals(seen, school, name),
        *_host_signals(seen, name),
        *_place_signals(seen.facts, school),
        *_content_signals(seen, name),
        *_grade_signals(seen.facts, school),
    ]
    caps = [_CAPS[signal.name] for signal in signals if signal.name in _CAPS]
    total = sum(signal.weight for signal in signals) / 100
    return Score(round(max(0.0, min([1.0, total, *caps])), 3), signals)


def is_aggregator(url: str, aggregators: Collection[str]) -> str | None:
    """Returns the entry of the list that an address's host falls under."""
    host = host_name(url)
    if (entry := entry_of(host, aggregators)) is not None:
        return entry
    stem = f"{registered(host)[0]}.*"
    return stem if stem in aggregators else None


@cache
def read_aggregators(more: Path | None = None) -> frozenset[str]:
    """Returns the hosts that are never a school's own: the project's list and the operator's file."""
    texts = [files("crawler.discovery").joinpath("aggregators.txt").read_text("utf-8")]
    if more is not None:
        texts.append(more.read_text(encoding="utf-8"))
    return read_hosts(*texts)


def names_school_list(text: str) -> bool:
    """Whether a link leads to a district's list of its schools."""
    plain = " ".join(re.findall(r"[a-z]+", text.lower()))
    return plain in _marks()["school_lists"]


def moved_to(facts: PageFacts, site: str) -> str | None:
    """Returns where a page says that its site has moved to: the first link elsewhere that says nothing but "there"."""
    text = facts.text.lower().replace("’", "'")
    if not any(phrase in text for phrase in _marks()["moved"]):
        return None
    links = (link for link in facts.links if leads_only(link.text) and not same_host(link.url, site))
    return next((link.url for link in links if link.url.startswith(("http://", "https://"))), None)


def leads_only(text: str) -> bool:
    """Whether a link's text says nothing but that it leads somewhere: "Visit site", an address, or nothing at all."""
    plain = " ".join(re.findall(r"[a-z]+", text.lower()))
    return (
        not plain or plain in _marks()["visit"] or re.fullmatch(r"(https?://)?[\w-]+(\.[\w-]+)+\S*", text) is not None
    )


@cache
def _marks() -> dict[str, tuple[str, ...]]:
    table = tomllib.loads(files("crawler.discovery").joinpath("site_marks.toml").read_text("utf-8"))
    return {kind: tuple(next(iter(entry.values()))) for kind, entry in table.items()}


def _source_signals(seen: Seen, aggregators: Collection[str]) -> list[Signal]:
    signals: list[Signal] = []
    listed = is_aggregator(seen.site, aggregators)
    if listed is not None:
        signals.append(Signal("aggregator", -100, listed))
    if seen.provider in _OFFICIAL_PROVIDERS:
        signals.append(Signal("official_source", 30, seen.provider))
    return signals


def _contact_signals(facts: PageFacts, school: SchoolTarget) -> list[Signal]:
    signals: list[Signal] = []
    phone = re.sub(r"\D", "", school.phone or "")[-10:]
    if len(phone) == 10 and phone in facts.phones:
        signals.append(Signal("phone", 35, school.phone or ""))
    number = re.match(r"\s*(\d+[A-Za-z]?)\s+(\S.*)", school.address or "")
    zip_code = (school.zip or "")[:5]
    if number and zip_code and re.search(rf"\b{re.escape(zip_code)}\b", facts.text):
        street = long_words(number[2])
        near = re.search(rf"(?i)\b{re.escape(number[1])}\b(.{{0,40}})", facts.text)
        if near and street and any(word in long_words(near[1]) for word in street):
            signals.append(Signal("street_and_zip", 25, f"{number[1]}{near[1]}".strip()[:60] + f" {zip_code}"))
    return signals


def _name_signals(seen: Seen, school: SchoolTarget, name: SchoolName) -> list[Signal]:
    facts = seen.facts
    titles = [part for text in (facts.title, *facts.site_names) for part in name_parts(text)]
    parts = [*titles, *facts.headings]
    signals: list[Signal] = []
    own = next((part for part in parts if _names_school(part, name)), None)
    if own is not None:
        signals.append(Signal("name", 20, own[:120]))
    district = _named_district(parts, school)
    if district is not None:
        signals.append(Signal("district_named", 20 if own is not None else 0, district[:120]))
    elif school.district and _district_in_text(facts.text, school.district):
        signals.append(Signal("district_named", 20, school.district))
    if seen.linked_from and own is not None:
        # The district vouches for it; that it is named there and names the district is one agreement, not two.
        named = any(signal.name == "district_named" for signal in signals)
        signals.append(Signal("district_link", 0 if named else 20, seen.linked_from))
    other = next((part for part in titles if name.is_other_school(part) and not is_district_name(part)), None)
    if own is None:
        if district is not None or any(is_district_name(part) for part in titles):
            signals.append(Signal("district_home", -40, district or facts.title[:120]))
        elif other is not None:
            signals.append(Signal("other_school", -40, other[:120]))
        else:
            signals.append(Signal("no_name", 0, facts.title[:120]))
    elif prefix_of(seen.site) is None and _is_district_front(facts, name):
        signals.append(Signal("district_home", -40, facts.title[:120]))
    return signals


def _names_school(part: str, name: SchoolName) -> bool:
    if not name.is_named_in(part):
        return False
    # "Lincoln County Schools" has every word of "Lincoln County High" that is its own, but not its level.
    return not is_district_name(part) or bool(name.levels & SchoolName(part).levels)


def _is_district_front(facts: PageFacts, name: SchoolName) -> bool:
    """Whether the page's first title names a district and only another place names the school."""
    first = name_parts(facts.title)[:1]
    return bool(first) and is_district_name(first[0]) and not _names_school(first[0], name)


def _named_district(parts: list[str], school: SchoolTarget) -> str | None:
    wanted = set(_district_words(school.district or ""))
    if not wanted:
        return None
    return next((part for part in parts if is_district_name(part) and wanted <= set(_district_words(part))), None)


def _district_in_text(text: str, district: str) -> bool:
    return f" {' '.join(long_words(district))} " in f" {' '.join(long_words(text))} "


def _district_words(name: str) -> list[str]:
    plain = {"district", "school", "public", "board", "of", "education", "system", "the", "home", "welcome", "to"}
    return [word for word in long_words(name) if word not in plain]


def _host_signals(seen: Seen, name: SchoolName) -> list[Signal]:
    host = host_name(seen.site)
    stem, domain = registered(host)
    if re.search(r"\.k12\.[a-z]{2}\.us$|\.edu$", host):
        return [Signal("host", 15, host)]
    if host in seen.district_hosts or domain in seen.district_hosts:
        return [Signal("host", 15, f"{host}: the district's")]
    printed = [word for word in long_words(name.printed) if word in name.own]
    squeezed = re.sub(r"[^a-z0-9]", "", f"{host.removesuffix(domain)}{stem}")
    if printed and len("".join(printed)) >= 5 and "".join(printed) in squeezed:
        return [Signal("host", 15, f"{host}: the school's name")]
    return []


def _place_signals(facts: PageFacts, school: SchoolTarget) -> list[Signal]:
    state = state_code(school.state) if school.state else None
    if state is None:
        return []
    city = " ".join(long_words(school.city or ""))
    places = [(" ".join(long_words(place)), code) for place, code, _ in facts.places if state_code(code)]
    here = [place for place, code in places if code == state]
    if city and any(place.endswith(city) for place in here):
        return [Signal("city_and_state", 8, f"{school.city}, {state}")]
    if places and not here:
        return [Signal("other_state", -40, f"{facts.places[0][0]}, {facts.places[0][1]}")]
    if city and here:
        return [Signal("other_city", -40, f"{facts.places[0][0]}, {facts.places[0][1]}")]
    return []


def _content_signals(seen: Seen, name: SchoolName) -> list[Signal]:
    facts, marks, signals = seen.facts, _marks(), list[Signal]()
    text = facts.text.lower()
    parked = next((phrase for phrase in marks["parked"] if phrase in text), None)
    if parked is not None:
        signals.append(Signal("parked", -100, parked))
    if (moved := moved_to(facts, seen.site)) is not None:
        signals.append(Signal("moved", -40, moved))
    profile = [phrase for phrase in marks["profile"] if phrase in text]
    if len(profile) >= 2:
        signals.append(Signal("profile_page", -60, ", ".join(profile[:4])))
    navigation = {word for link in facts.links for word in marks["navigation"] if word in link.text.lower()}
    if len(navigation) >= 2:
        signals.append(Signal("navigation", 8, ", ".join(sorted(navigation)[:5])))
    system = next((mark for mark in marks["cms"] if mark in facts.source), None)
    if system is not None:
        signals.append(Signal("school_cms", 5, system))
    others = {link.text for link in facts.links if name.is_other_school(link.text)}
    path = urlsplit(seen.site).path.lower()
    # A district's menu lists its schools too; a long list on a page that lies deep under a name is a directory's.
    if len(others) >= _MOST_OTHER_SCHOOLS and len([part for part in path.split("/") if part]) >= 2:
        signals.append(Signal("lists_many_schools", -40, ", ".join(sorted(others)[:3])))
    app = next((word for word in marks["app"] if word in path), None)
    if app is not None or (facts.asks_password and len(facts.links) < _FEW_LINKS):
        signals.append(Signal("log_in_page", -30, path if app is not None else "it asks for a password"))
    return signals


def _grade_signals(facts: PageFacts, school: SchoolTarget) -> list[Signal]:
    """A page that speaks of grades, and of none that the school teaches, is another school's."""
    taught = _grades(school.grade_span or "")
    spans = [span for span in facts.grades if _grades(span)]
    if not taught or not spans or any(taught & _grades(span) for span in spans):
        return []
    return [Signal("other_grades", -10, f"{', '.join(spans[:3])}, not {school.grade_span}")]


def _grades(span: str) -> frozenset[int]:
    """Returns the grades of a span such as "PK-05" or "KG-05,09-12" as numbers; kindergarten is 0."""
    found: set[int] = set()
    for part in span.upper().split(","):
        first, _, last = part.strip().partition("-")
        try:
            low, high = (int(_EARLY_GRADES.get(grade, grade)) for grade in (first, last or first))
        except ValueError:
            continue
        found.update(range(low, high + 1))
    return frozenset(found)
