"""From a block that names somebody to a `Person`: contacts chosen, evidence weighed, everything checked to be printed.

Every reader (tables, cards, CMS marks) hands over `Draft`s; what is said here holds for all of them.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import fsum
from urllib.parse import unquote

from msgspec.structs import replace

from extraction.staff.document import Document, Line, Node, SeenEmail
from extraction.staff.lines import is_off_title, is_vacancy, labelled
from extraction.staff.names import PersonName
from extraction.staff.phones import FoundPhone, find_phones
from extraction.staff.records import EmailState, Person
from extraction.staff.roles import UNKNOWN, role_of
from extraction.staff.sections import Section, Sections
from extraction.staff.spacing import squeeze
from extraction.staff.teaching import taught_by
from extraction.staff.vocabulary import phrases, words

ENOUGH_EVIDENCE = 2.4
"""Measured on pages with and without staff: lower takes in names of news and menus, higher loses bare lists."""
COMPANY_EVIDENCE = 0.8
TOO_LITTLE = "too little evidence"
ALONE = "alone on the page, without title, known role and contact together"
_FEWEST_OFFICES = 3
"""So many offices in one list, with a president's among them, make it the list of a club or a board."""
LONGEST_SNIPPET = 300
_PLAIN_LETTERS = str.maketrans(
    {"ł": "l", "đ": "d", "ø": "o", "ı": "i", "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"}
)
_PROFILE = re.compile(
    r"profile|/staff/|/faculty/|/teachers?/|/people/|urec_id=|const_id=|/bio|/directory/|/team/|/our-team/",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Draft:
    """Somebody whom a reader found, with the lines of the block."""

    name: PersonName
    node: Node
    """The element of the block."""
    name_node: Node
    start: int
    end: int
    method: str
    title: str | None = None
    department: str | None = None
    location: str | None = None
    extension: str | None = None
    taught: tuple[str, ...] = ()
    """More values that may name subjects and grades."""
    lines: tuple[Line, ...] = ()
    """The lines of the block, where they are not all of those from `start` to `end`."""
    group: str = ""
    """Blocks of the same markup share it."""
    support: float = 0.0
    """Evidence that the reader itself adds: a column headed "Name", marks of a CMS, many alike blocks."""


Weight = tuple[str, float]
"""What speaks for a draft, in words, and how much."""


@dataclass(slots=True, eq=False)
class Verdict:
    """What a draft says about a person, what speaks for it, and why it is left out, if it is."""

    draft: Draft
    section: Section
    person: Person | None = None
    """None for what is refused before anything is weighed."""
    weights: list[Weight] = field(default_factory=list[Weight])
    refused: str = ""
    """Why it is left out; empty for what is kept."""
    same_as: Verdict | None = None
    """The verdict on the same person that is kept in its place."""
    notes: tuple[str, ...] = ()
    """What was left out of a person who may be kept."""

    @property
    def evidence(self) -> float:
        """The sum of all weights, without the errors that adding decimal fractions one by one makes."""
        return fsum(weight for _, weight in self.weights)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The people whom the drafts of a page name, each once and in its order, and the verdict on every draft."""

    people: list[Person]
    verdicts: list[Verdict]


@dataclass(frozen=True, slots=True)
class Contact:
    """The address of a draft and how well it fits the name: 2 by surname, 1 by given name, 0 not."""

    address: str
    method: str
    fit: int


def finish(drafts: list[Draft], document: Document, sections: Sections) -> Judgement:
    """Weighs and checks all drafts; the people are those who have enough evidence."""
    contacts = [_choose_email(draft, document) for draft in drafts]
    owners: defaultdict[str, set[tuple[str | None, str | None]]] = defaultdict(set)
    for draft, contact in zip(drafts, contacts, strict=True):
        if contact:
            owners[contact.address].add((draft.name.first, draft.name.last))
    verdicts: list[Verdict] = []
    for draft, contact in zip(drafts, contacts, strict=True):
        # An address that several people share and that fits nobody's name is the office's.
        own = contact if contact and (contact.fit or len(owners[contact.address]) == 1) else None
        verdict = _judge(draft, own, document, sections)
        if contact and not own:
            verdict.notes += (f"{contact.address} stands beside {len(owners[contact.address])} people and fits none.",)
        verdicts.append(verdict)
    _refuse_officers(verdicts)
    kept = _merge(_accept([verdict for verdict in verdicts if not verdict.refused]))
    if len(kept) == 1:
        kept = [(kept[0][0], _with_lone_address(kept[0][1], kept[0][0].draft, document))]
    if len(kept) == 1 and not (_stands_alone(kept[0][1]) or _is_announced(kept[0][1], document)):
        kept[0][0].refused = ALONE
        kept = []
    people: list[Person] = []
    for verdict, person in kept:
        # Only those who stay get an XPath, which is not for nothing.
        verdict.person = whole = replace(person, path=verdict.draft.node.path)
        people.append(whole)
    return Judgement(people, verdicts)


def _refuse_officers(verdicts: list[Verdict]) -> None:
    """Leave out boards that do not say what they are, and those in their list without a post at the school."""
    shown = [one for one in verdicts if not one.refused and one.person]
    if not any(one.person and "president" in (one.person.title or "").lower() for one in shown):
        return
    lists: defaultdict[tuple[tuple[str, ...], str], list[tuple[Verdict, str | None]]] = defaultdict(list)
    for one in shown:
        if one.person:
            lists[one.section.headings, one.draft.group].append((one, _office(one.person.title)))
    for listed in lists.values():
        offices = {office for _, office in listed if office}
        if len(offices) < _FEWEST_OFFICES or "president" not in offices:
            continue
        for one, office in listed:
            if office or (one.person and one.person.role in words("sections", "roles_beside_officers")):
                one.refused = f"officers: a {', a '.join(sorted(offices))} stand in this list"


def _office(title: str | None) -> str | None:
    """The office in a club that a title names: "vice president" of "1st Vice President, Programs"."""
    parts = re.split(r"\s*[,–:(/-]\s*", title or "", maxsplit=1)
    bare = re.sub(r"^(?:\d\w\w|first|second|third|co)\s+", "", parts[0].strip().lower())
    return bare if phrases("sections", "officers").fullmatch(bare) else None


def _accept(found: list[Verdict]) -> list[Verdict]:
    """Those with enough evidence, and those who lack little where three or most of the same markup have it."""
    lacking = [one for one in found if one.evidence < ENOUGH_EVIDENCE]
    size = Counter(one.draft.group for one in found)
    sure = size - Counter(one.draft.group for one in lacking)
    helped = {group for group, count in sure.items() if group and count >= min(3, max(2, 0.6 * size[group]))}
    for one in lacking:
        if one.draft.group in helped:
            one.weights.append(("blocks of the same markup have enough", COMPANY_EVIDENCE))
        if one.evidence < ENOUGH_EVIDENCE:
            one.refused = TOO_LITTLE
    return [one for one in found if not one.refused]


def email_fit(address: str, name: PersonName) -> int:
    """How well an address fits a name: 2 by surname, 1 by given name, 0 not."""
    local = re.sub(r"[^a-z]", "", address.split("@", 1)[0])
    last = [part for part in re.split(r"[^a-z]+", _fold(name.last)) if len(part) > 2]
    whole = re.sub(r"[^a-z]", "", _fold(name.last))
    if (len(whole) > 1 and whole in local) or any(part[:6] in local for part in last):
        return 2
    first = re.sub(r"[^a-z]", "", _fold(name.first))
    nickname = re.sub(r"[^a-z]", "", _fold(name.nickname))
    return 1 if any(len(part) > 2 and part in local for part in (first, nickname)) else 0


def _fold(name: str | None) -> str:
    """A name as addresses spell it: lower case, no accents."""
    letters = unicodedata.normalize("NFKD", (name or "").lower().translate(_PLAIN_LETTERS))
    return "".join(c for c in letters if not unicodedata.combining(c))


def _choose_email(draft: Draft, document: Document) -> Contact | None:
    best: Contact | None = None
    for seen in emails_of(draft, document):
        fit = email_fit(seen.found.address, draft.name)
        if best is None or fit > best.fit:
            best = Contact(seen.found.address, seen.found.method, fit)
    return best


def lines_of(draft: Draft, document: Document) -> tuple[Line, ...]:
    """The lines of the block."""
    return draft.lines or document.lines[draft.start : draft.end]


def emails_of(draft: Draft, document: Document) -> list[SeenEmail]:
    """The addresses of the block that a visitor sees. One that is hidden apart from the name is a trap for robots."""
    seen = [email for line in lines_of(draft, document) for email in line.emails]
    return [email for email in seen if email.node.veil is None or email.node.veil is draft.name_node.veil]


def _judge(draft: Draft, contact: Contact | None, document: Document, sections: Sections) -> Verdict:
    lines = lines_of(draft, document)
    title = draft.title if draft.title and not is_vacancy(draft.title) else None
    section = sections.at(draft.start)
    text = " ".join([line.text for line in lines if line.text])
    if refused := _refuse(draft, title, section.off or sections.at(max(draft.start, draft.end - 1)).off, text):
        return Verdict(draft, section, refused=refused)
    phone, extension = choose_phone(line.text for line in lines)
    form = contact is None and any(line.has_form_link for line in lines)
    profile = _profile(draft, lines, document)
    state: EmailState = "published" if contact else "form_only" if form else "none"
    title = title if title and _is_printed(title, text) else None
    department = draft.department if draft.department and _is_printed(draft.department, text) else None
    # "Jane Doe, RN" without a title is a nurse.
    role = role_of(title or " ".join(draft.name.credentials))
    subjects, grades = taught_by(
        role, (title, department, *draft.taught), section.headings[-1] if section.headings else None
    )
    person = Person(
        name=draft.name.text,
        first=draft.name.first,
        last=draft.name.last,
        middle=draft.name.middle,
        honorific=draft.name.honorific,
        suffix=draft.name.suffix,
        credentials=draft.name.credentials,
        nickname=draft.name.nickname,
        title=title,
        role=role,
        subjects=subjects,
        grades=grades,
        department=department,
        location=draft.location if draft.location and _is_printed(draft.location, text) else None,
        headings=section.headings,
        email=contact.address if contact else None,
        email_state=state,
        email_method=contact.method if contact else None,
        phone=phone.printed if phone else None,
        phone_e164=phone.e164 if phone else None,
        extension=draft.extension or extension,
        profile_url=profile,
    )
    weights = weigh(person, draft.name.likelihood, contact.fit if contact else None, lists_staff=section.lists_staff)
    if draft.support:
        weights.insert(1, (f"form of the list ({draft.method})", draft.support))
    verdict = Verdict(draft, section, weights=weights)
    confidence = confidence_of(verdict.evidence)
    snippet = snippet_of(text, [person.name, person.title, person.department, person.phone])
    verdict.person = replace(person, confidence=confidence, snippet=snippet)
    if draft.title and not title:
        verdict.notes = (f"“{draft.title}” says that the post is vacant.",)
    return verdict


def _refuse(draft: Draft, title: str | None, off: str | None, text: str) -> str:
    """Why a draft is left out whatever speaks for it; empty where nothing is against it."""
    if off:
        return f"section off: {off}"
    if title and is_off_title(title):
        return f"title off: “{title}” is no post at the school"
    return "" if _is_printed(draft.name.text, text) else "not printed: the block does not hold the name"


def weigh(person: Person, likelihood: float, fit: int | None, *, lists_staff: bool) -> list[Weight]:
    """What speaks for a person; `likelihood` is that of the name, `fit` that of the address (see `email_fit`)."""
    weights = [("reads as a name", likelihood)]
    if person.title:
        weights.append(("title of a known role", 1.5) if person.role != UNKNOWN else ("title", 0.7))
    if fit is not None:
        weights.append(("address that fits the name", 2.0) if fit else ("address", 1.0))
    if person.phone is not None or person.extension is not None:
        weights.append(("telephone", 1.0))
    if person.email_state == "form_only":
        weights.append(("form in place of an address", 1.0))
    if person.honorific is not None:
        weights.append(("honorific", 1.0))
    if person.profile_url is not None:
        weights.append(("link to a profile", 0.7))
    if lists_staff:
        weights.append(("heading, title or address announces staff", 1.2))
    return weights


def confidence_of(evidence: float) -> float:
    """How sure a person is with so much evidence, from 0 to 1."""
    return round(min(0.99, 0.4 + evidence * 0.09), 2)


def choose_phone(texts: Iterable[str]) -> tuple[FoundPhone | None, str | None]:
    """The number of a block and its extension, which may stand on a line of its own."""
    found: list[FoundPhone] = []
    for text in texts:
        label = labelled(text)
        if not (label and label[0] == "ignored") and not text.lower().startswith("fax"):
            found.extend(find_phones(text))
    # A number with area code tells more than one without, and that more than an extension alone; else the first.
    best = max(found, key=lambda phone: (phone.e164 is not None, not phone.is_only_extension), default=None)
    lone = next((phone.extension for phone in found if phone.is_only_extension), None)
    return best, (best.extension if best else None) or lone


def _profile(draft: Draft, lines: tuple[Line, ...], document: Document) -> str | None:
    """The link of the block that leads to a page about this person."""
    last = re.sub(r"[^a-z]", "", (draft.name.last or "").lower())
    for line in lines:
        for link in line.links:
            href = link.href.strip()
            if href in ("#", "/", "") or (href.startswith("#") and not href.startswith("#/")):
                continue
            bare = re.sub(r"[^a-z]", "", unquote(href).lower())
            # A link around "Jane Doe - Principal" leads to her as much as one around the name.
            named = (len(last) > 2 and last in bare) or link.text.startswith(draft.name.text)
            if named or _PROFILE.search(href):
                return document.absolute(href)
    return None


def snippet_of(text: str, values: list[str | None]) -> str:
    """The part of a block's text that holds the values of a person, or these alone where they stand far apart."""
    if len(text) <= LONGEST_SNIPPET:
        return text
    shown = [value for value in values if value]
    # A name in two cells stands there word by word.
    parts = [part for value in shown for part in ([value] if value in text else value.split())]
    start = max(0, text.find(shown[0]))
    places = [place if (place := text.find(part, start)) >= 0 else text.find(part) for part in parts]
    first, last = min(places), max(place + len(part) for place, part in zip(places, parts, strict=True))
    if last - first > LONGEST_SNIPPET:
        return " … ".join(shown)
    begin = max(0, min(first, len(text) - LONGEST_SNIPPET))
    return text[begin : begin + LONGEST_SNIPPET].strip()


def _is_printed(value: str, text: str) -> bool:
    """Whether a value stands in the text of the block; of a name in two cells, each word."""
    value, text = squeeze(value), squeeze(text)
    return value in text or all(word in text for word in value.split())


def _stands_alone(person: Person) -> bool:
    """One person on a page counts only when title, name and contact stand together."""
    contact = person.email or person.phone or person.extension or person.email_state == "form_only"
    return bool(contact and person.title and person.role != UNKNOWN)


def _with_lone_address(person: Person, draft: Draft, document: Document) -> Person:
    """Who signs a page of one person has the one address that spells the surname, wherever on the page it stands."""
    if person.email or not person.title or person.role == UNKNOWN:
        return person
    seen = [email.found for line in document.lines if not line.in_menu for email in line.emails if not email.node.veil]
    fitting = {found.address: found for found in seen if email_fit(found.address, draft.name) == 2}
    if len(fitting) != 1:
        return person
    (found,) = fitting.values()
    return replace(person, email=found.address, email_state="published", email_method=found.method)


def _is_announced(person: Person, document: Document) -> bool:
    """Whether a page is about one post ("Principal's Message") and the person has it."""
    heads = [document.title, *(line.text for line in document.lines if line.heading == 1)]
    return bool(person.title) and person.role != UNKNOWN and any(role_of(text) == person.role for text in heads)


def _merge(found: list[Verdict]) -> list[tuple[Verdict, Person]]:
    """Each person once. Blocks are never mixed: of two that name the same person, one with an address wins."""
    kept: dict[tuple[str, str], list[tuple[Verdict, Person]]] = {}
    for one in found:
        if (person := one.person) is None:
            continue
        namesakes = kept.setdefault(((person.first or "").lower(), (person.last or "").lower()), [])
        mail = person.email
        same = next((k for k, (_, other) in enumerate(namesakes) if not mail or other.email in (None, mail)), None)
        if same is None:
            namesakes.append((one, person))
        elif mail and not namesakes[same][1].email:
            _give_way(namesakes[same][0], one)
            namesakes[same] = (one, person)
        else:
            _give_way(one, namesakes[same][0])
    return sorted((one for namesakes in kept.values() for one in namesakes), key=lambda one: one[0].draft.start)


def _give_way(verdict: Verdict, other: Verdict) -> None:
    verdict.refused, verdict.same_as = f"same person as “{other.draft.name.text}” in another block", other
