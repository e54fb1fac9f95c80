"""How right the product was: its schools and leads against the truth of the simulated web."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from tests.school_web.audit import audit
from tests.school_web.files import LOG, TRUTH
from tests.school_web.truth import TrueSchool, Truth, read_truth

_SPELLED_OUT = {
    "es": "elementary", "elem": "elementary", "ms": "middle", "hs": "high", "acad": "academy",
    "saint": "st",
}  # fmt: skip
_EMPTY_WORDS = {"school", "sch", "schools", "public", "district", "sd", "city", "the"}
_NAME_NOISE = {"dr", "mr", "mrs", "ms", "miss", "mx", "prof", "edd", "phd", "eds", "med", "ed", "d", "ph", "jr", "sr"}


class Misses(msgspec.Struct, frozen=True):
    """Examples of what went wrong, at most thirty of a kind."""

    schools_missing: tuple[str, ...]
    schools_unknown: tuple[str, ...]
    websites_wrong: tuple[str, ...]
    websites_missing: tuple[str, ...]
    pairs_wrong: tuple[str, ...]
    pairs_missing: tuple[str, ...]
    names_wrong: tuple[str, ...]
    names_missing: tuple[str, ...]
    robots: tuple[str, ...]
    rate: tuple[str, ...]


class Score(msgspec.Struct, frozen=True):
    """The figures; a share of nothing is 1."""

    schools_found: int
    schools_total: int
    websites_right: int
    websites_wrong: int
    pair_precision: float
    pair_recall: float
    name_precision: float
    name_recall: float
    robots_violations: int
    rate_violations: int
    fastest_gap_seconds: float | None
    details: Misses


def score(folder: Path, schools_csv: Path, leads_csv: Path, min_delay: float = 1.0) -> Score:
    """Compare a run's results with the truth in a served folder.

    A school is found when a row's name (and district, where the row has one) is one of its names, school words spelled
    out. A website is right when host, port and path prefix are the school's, "www.", case, scheme and closing slash
    aside, or an address that is redirected there. Leads count per school: a name without honorific, credentials,
    initials, accents and order; a pair is such a name with its published address. What a run says twice counts once.
    """
    truth = read_truth(folder / TRUTH)
    schools = _Schools(truth)
    found, unknown, right, wrong = _judge_schools(schools, _rows(schools_csv))
    pairs, names = _judge_leads(schools, _rows(leads_csv))
    log = audit(folder / LOG, truth, min_delay)
    return Score(
        schools_found=len(found),
        schools_total=len(truth.schools),
        websites_right=len(right),
        websites_wrong=len(wrong),
        pair_precision=pairs.precision,
        pair_recall=pairs.recall,
        name_precision=names.precision,
        name_recall=names.recall,
        robots_violations=len(log.robots_violations),
        rate_violations=len(log.rate_violations),
        fastest_gap_seconds=min(log.fastest_gap.values(), default=None),
        details=Misses(
            schools_missing=_some(school.name for school in truth.schools if school.nces_id not in found),
            schools_unknown=_some(unknown),
            websites_wrong=_some(wrong),
            websites_missing=_some(school.website for school in truth.schools if school.nces_id not in right),
            pairs_wrong=_some(" | ".join(item) for item in sorted(pairs.said - pairs.true)),
            pairs_missing=_some(" | ".join(item) for item in sorted(pairs.true - pairs.said)),
            names_wrong=_some(" | ".join(item) for item in sorted(names.said - names.true)),
            names_missing=_some(" | ".join(item) for item in sorted(names.true - names.said)),
            robots=_some(f"{one.host}{one.path}: {one.rule}" for one in log.robots_violations),
            rate=_some(f"{one.host}{one.path}: {one.rule}" for one in log.rate_violations),
        ),
    )


class _Comparison(msgspec.Struct):
    """What was said and what is true, each once."""

    said: set[tuple[str, ...]]
    true: set[tuple[str, ...]]

    @property
    def precision(self) -> float:
        return round(len(self.said & self.true) / len(self.said), 4) if self.said else 1.0

    @property
    def recall(self) -> float:
        return round(len(self.said & self.true) / len(self.true), 4) if self.true else 1.0


class _Schools:
    """Finds the true school that a row speaks of."""

    def __init__(self, truth: Truth) -> None:
        self.all = truth.schools
        self._by_name: dict[str, list[TrueSchool]] = {}
        for school in truth.schools:
            for name in {school_key(name) for name in school.names}:
                self._by_name.setdefault(name, []).append(school)

    def named(self, name: str, district: str = "") -> list[TrueSchool]:
        """The schools of a name, of one district where it is given."""
        named = self._by_name.get(school_key(name), [])
        wanted = school_key(district)
        if not wanted:
            return named
        return [school for school in named if wanted in {school_key(name) for name in school.districts}]


def school_key(name: str) -> str:
    """A school's or district's name without the words that lists write in different ways."""
    words: list[str] = re.findall(r"[a-z0-9]+", _folded(name).replace("'", ""))
    spelled = [_SPELLED_OUT.get(word, word) for word in words]
    return " ".join(word for word in spelled if word not in _EMPTY_WORDS)


def person_key(name: str) -> str:
    """A person's name without honorific, credentials, initials, accents and order."""
    words: list[str] = re.findall(r"[\w'’-]+", _folded(name).replace(".", ""))
    kept = [re.sub(r"[^a-z]", "", word) for word in words if len(word) > 1 and word not in _NAME_NOISE]
    return " ".join(sorted(kept))


def site_key(url: str) -> tuple[str, str]:
    """Host with port, and path prefix, of an address however it is written; a home page's usual file is nothing."""
    text = url.strip()
    parts = urlsplit(text if "://" in text else f"http://{text}")
    host = parts.netloc.lower().removeprefix("www.").removesuffix(":80")
    path = re.sub(r"/(index|home|default)\.(html?|php|aspx?)$", "/", parts.path, flags=re.IGNORECASE)
    return host, path.rstrip("/")


def _judge_schools(
    schools: _Schools, rows: Iterable[dict[str, str]]
) -> tuple[set[str], list[str], set[str], list[str]]:
    found: set[str] = set()
    unknown: list[str] = []
    right: set[str] = set()
    wrong: list[str] = []
    for row in rows:
        said = row.get("website", "")
        candidates = schools.named(row.get("name", ""), row.get("district", ""))
        if not candidates:
            unknown.append(f"{row.get('name', '')} ({row.get('district', '')})")
        school = next((one for one in candidates if one.nces_id not in found), None) or next(iter(candidates), None)
        if school:
            found.add(school.nces_id)
        if not said:
            continue
        if school and site_key(said) in {site_key(url) for url in (school.website, *school.aliases)}:
            right.add(school.nces_id)
        else:
            wrong.append(f"{row.get('name', '')}: {said}, not {school.website if school else 'a school of the list'}")
    return found, unknown, right, wrong


def _judge_leads(schools: _Schools, rows: Iterable[dict[str, str]]) -> tuple[_Comparison, _Comparison]:
    pairs = _Comparison(set(), set())
    names = _Comparison(set(), set())
    for school in schools.all:
        for person in school.staff:
            key = person_key(person.name)
            names.true.add((school.nces_id, key))
            if person.email:
                pairs.true.add((school.nces_id, key, person.email))
    for row in rows:
        key, email = person_key(row.get("name", "")), row.get("email", "").strip().lower()
        candidates = schools.named(row.get("school", ""), row.get("district", ""))
        # Two schools of one name: without a district, the row is about the one where it is true, if any.
        ids = [school.nces_id for school in candidates] or [f"? {row.get('school', '')}"]
        nces_id = next((one for one in ids if (one, key) in names.true), ids[0])
        names.said.add((nces_id, key))
        if email:
            pairs.said.add((nces_id, key, email))
    return pairs, names


def _rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file by lower-case column name; a byte-order mark is no part of the first."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [
            {key.strip().lower(): (value or "").strip() for key, value in row.items() if key}
            for row in csv.DictReader(file)
        ]


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(character for character in decomposed if not unicodedata.combining(character)).lower()


def _some(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(items)[:30]
