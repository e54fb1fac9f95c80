"""From a block that names somebody to a `Person`: contacts chosen, evidence weighed, everything checked to be printed.

Every reader (tables, cards, CMS marks) hands over `Draft`s; what is said here holds for all of them.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass
from urllib.parse import unquote

from msgspec.structs import replace

from extraction.staff.document import Document, Line, Node, SeenEmail, squeeze
from extraction.staff.lines import is_off_title, is_vacancy, labelled
from extraction.staff.names import PersonName
from extraction.staff.phones import FoundPhone, find_phones
from extraction.staff.records import EmailState, Person
from extraction.staff.roles import UNKNOWN, role_of
from extraction.staff.sections import Sections
from extraction.staff.teaching import taught_by

ENOUGH_EVIDENCE = 2.4
"""Measured on pages with and without staff: lower takes in names of news and menus, higher loses bare lists."""
COMPANY_EVIDENCE = 0.8
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


@dataclass(frozen=True, slots=True)
class Judged:
    """What a draft says about a person, and how much speaks for it."""

    person: Person
    evidence: float
    draft: Draft


@dataclass(frozen=True, slots=True)
class Contact:
    """The address of a draft and how well it fits the name: 2 by surname, 1 by given name, 0 not."""

    address: str
    method: str
    fit: int


def finish(drafts: list[Draft], document: Document, sections: Sections) -> list[Person]:
    """The people of the drafts that have enough evidence, each once."""
    contacts = [_choose_email(draft, document) for draft in drafts]
    owners: defaultdict[str, set[tuple[str | None, str | None]]] = defaultdict(set)
    for draft, contact in zip(drafts, contacts, strict=True):
        if contact:
            owners[contact.address].add((draft.name.first, draft.name.last))
    found: list[Judged] = []
    for draft, contact in zip(drafts, contacts, strict=True):
        # An address that several people share and that fits nobody's name is the office's.
        own = contact if contact and (contact.fit or len(owners[contact.address]) == 1) else None
        judged = _judge(draft, own, document, sections)
        if judged:
            found.append(judged)
    kept = _merge(_accept(found))
    if len(kept) == 1 and not _stands_alone(kept[0].person):
        return []
    # An XPath costs as much as its element has siblings, so only those who stay get one.
    return [replace(judged.person, path=judged.draft.node.path) for judged in kept]


def _accept(found: list[Judged]) -> list[Judged]:
    """Those with enough evidence, and those who lack little where three or most of the same markup have it."""
    size = Counter(one.draft.group for one in found)
    sure = Counter(one.draft.group for one in found if one.draft.group and one.evidence >= ENOUGH_EVIDENCE)
    helped = {group for group, count in sure.items() if count >= min(3, max(2, 0.6 * size[group]))}
    return [one for one in found if one.evidence + COMPANY_EVIDENCE * (one.draft.group in helped) >= ENOUGH_EVIDENCE]


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
    for seen in _emails(draft, document):
        fit = email_fit(seen.found.address, draft.name)
        if best is None or fit > best.fit:
            best = Contact(seen.found.address, seen.found.method, fit)
    return best


def _lines(draft: Draft, document: Document) -> tuple[Line, ...]:
    return draft.lines or document.lines[draft.start : draft.end]


def _emails(draft: Draft, document: Document) -> list[SeenEmail]:
    """The addresses of the block that a visitor sees. One that is hidden apart from the name is a trap for robots."""
    seen = [email for line in _lines(draft, document) for email in line.emails]
    return [email for email in seen if email.node.veil is None or email.node.veil is draft.name_node.veil]


def _judge(draft: Draft, contact: Contact | None, document: Document, sections: Sections) -> Judged | None:
    lines = _lines(draft, document)
    title = draft.title if draft.title and not is_vacancy(draft.title) else None
    section = sections.at(draft.start)
    if section.is_off or sections.at(max(draft.start, draft.end - 1)).is_off or (title and is_off_title(title)):
        return None
    text = " ".join([line.text for line in lines if line.text])
    if not _is_printed(draft.name.text, text):
        return None
    phone, extension = _choose_phone(lines)
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
    evidence = _weigh(draft, person, contact, lists_staff=section.lists_staff)
    confidence = round(min(0.99, 0.4 + evidence * 0.09), 2)
    snippet = _snippet(text, [person.name, person.title, person.department, person.phone])
    return Judged(replace(person, confidence=confidence, snippet=snippet), evidence, draft)


def _weigh(draft: Draft, person: Person, contact: Contact | None, *, lists_staff: bool) -> float:
    evidence = draft.name.likelihood + draft.support
    if person.title:
        evidence += 1.5 if person.role != UNKNOWN else 0.7
    if contact:
        evidence += 2.0 if contact.fit else 1.0
    evidence += 1.0 * (person.phone is not None or person.extension is not None) + 1.0 * (
        person.email_state == "form_only"
    )
    evidence += 1.0 * (draft.name.honorific is not None) + 0.7 * (person.profile_url is not None)
    return evidence + 1.2 * lists_staff


def _choose_phone(lines: tuple[Line, ...]) -> tuple[FoundPhone | None, str | None]:
    """The number of a block and its extension, which may stand on a line of its own."""
    found: list[FoundPhone] = []
    for line in lines:
        label = labelled(line.text)
        if not (label and label[0] == "ignored") and not line.text.lower().startswith("fax"):
            found.extend(find_phones(line.text))
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


def _snippet(text: str, values: list[str | None]) -> str:
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


def _merge(found: list[Judged]) -> list[Judged]:
    """Each person once. Blocks are never mixed: of two that name the same person, one with an address wins."""
    kept: dict[tuple[str, str], list[Judged]] = {}
    for one in found:
        namesakes = kept.setdefault(((one.person.first or "").lower(), (one.person.last or "").lower()), [])
        mail = one.person.email
        same = next((k for k, other in enumerate(namesakes) if not mail or other.person.email in (None, mail)), None)
        if same is None:
            namesakes.append(one)
        elif mail and not namesakes[same].person.email:
            namesakes[same] = one
    return sorted((one for namesakes in kept.values() for one in namesakes), key=lambda one: one.draft.start)
