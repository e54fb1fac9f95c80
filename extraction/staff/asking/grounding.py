"""Grounding: what of a model's answer about a block is believed, and what becomes of the people of that block."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import fsum
from typing import Any, Literal

import msgspec

from extraction.staff.asking.blocks import LEAST_EVIDENCE, WORTH_OF_A_WORD, DoubtfulBlock
from extraction.staff.asking.printed import BlockWords
from extraction.staff.asking.question import ToldPerson
from extraction.staff.drafts import choose_phone, confidence_of, email_fit, snippet_of, weigh
from extraction.staff.embedded.merging import person_key
from extraction.staff.lines import LONGEST_TITLE, bare_text, is_off_title, is_vacancy
from extraction.staff.names import IN_COMPANY, PersonName, parse_name, parse_single_name
from extraction.staff.phones import FoundPhone
from extraction.staff.records import Person
from extraction.staff.roles import role_of
from extraction.staff.sections import is_off
from extraction.staff.teaching import taught_by

METHOD = "llm"
_SUREST = 0.7
"""The most that somebody is worth whom only a model's word lets in."""

Result = Literal["confirmed", "changed", "dropped", "added", "as_it_was"]


class Revision(msgspec.Struct, frozen=True):
    """What became of a block after a model was asked about it."""

    block: DoubtfulBlock
    result: Result
    people: tuple[Person, ...]
    """Whom the block names now."""
    dropped_values: int = 0
    """Values of the answer that the block does not print."""
    dropped_people: int = 0
    """People of the answer whose name it does not print, or who are refused."""
    said: tuple[str, ...] = ()
    """The model's own words, for people who want to know."""


class _Believed(msgspec.Struct, frozen=True):
    """Somebody of the answer whose name the block prints."""

    told: ToldPerson
    name: PersonName
    title: str | None
    department: str | None
    email: str | None
    phone: FoundPhone | None

    @property
    def kind(self) -> str:
        """What the person is; whose own title is none at the school is of a board, whatever the model says."""
        off = (self.title and is_off_title(self.title)) or (self.department and is_off(self.department))
        return "board" if off and self.told.kind == "staff" else self.told.kind


def revised(block: DoubtfulBlock, told: Sequence[ToldPerson]) -> Revision:
    """The people of a block after the answer about it."""
    words = BlockWords(block.lines)
    believed: list[_Believed] = []
    dropped_values = dropped_people = 0
    for person in told:
        found, dropped = _believed(block, words, person)
        dropped_values += dropped
        if found is None or found.name.text in block.barred:
            dropped_people += 1
        else:
            believed.append(found)
    own = next((one for one in believed if block.person and _is_about(one.name, block.person)), None)
    result, kept = _own(block, own)
    others = [one for one in believed if one is not own and one.kind == "staff"]
    added = [person for person in _added(block, others) if person is not None]
    if added and result in ("as_it_was", "dropped") and not kept:
        result = "added"
    return Revision(
        block,
        result,
        (*([kept] if kept else []), *added),
        dropped_values,
        dropped_people + len(others) - len(added),
        tuple(_words_of(person) for person in told),
    )


def _own(block: DoubtfulBlock, told: _Believed | None) -> tuple[Result, Person | None]:
    """What becomes of the person whom the readers found in the block; an answer without them changes nothing."""
    person = block.person
    if person is None:
        return "as_it_was", None
    before = person if block.kept else None
    if told is None or (told.kind == "nobody" and block.doubt != "barely_kept"):
        return "as_it_was", before
    if told.kind != "staff":
        return ("dropped" if block.kept else "as_it_was"), None
    after = _corrected(person, told, block)
    if block.kept:
        return ("confirmed" if after == msgspec.structs.replace(person, method=METHOD) else "changed"), after
    confidence = min(_SUREST, confidence_of(block.evidence + WORTH_OF_A_WORD))
    return "added", msgspec.structs.replace(after, confidence=confidence, path=block.path)


def _corrected(person: Person, told: _Believed, block: DoubtfulBlock) -> Person:
    """The person with name, title and department as the model parts them. Addresses and numbers stay the readers'."""
    changes: dict[str, Any] = {"method": METHOD}
    if _is_other_reading(told.name, person):
        changes |= _name_fields(told.name)
    title, department = told.title or person.title, told.department or person.department
    if told.title is None and told.department == person.title:
        title = None
    if department == title:
        department = None
    if (title, department) != (person.title, person.department):
        role = role_of(title or " ".join(told.name.credentials))
        subjects, grades = taught_by(role, (title, department), block.headings[-1] if block.headings else None)
        changes |= {"title": title, "department": department, "role": role, "subjects": subjects, "grades": grades}
    after = msgspec.structs.replace(person, **changes)
    shown = [after.name, after.title, after.department, after.phone]
    if any(value and value not in person.snippet for value in (after.name, after.title, after.department)):
        after = msgspec.structs.replace(after, snippet=snippet_of(" ".join(block.lines), shown))
    return after


def _added(block: DoubtfulBlock, others: Sequence[_Believed]) -> list[Person | None]:
    """People whom no reader found; None for each that has too little evidence even with the model's word."""
    owners = Counter(one.email for one in others)
    if block.person is not None:
        owners[block.person.email] += 1
    return [_new_person(block, one, shares_email=owners[one.email] > 1) for one in others]


def _new_person(block: DoubtfulBlock, one: _Believed, *, shares_email: bool) -> Person | None:
    fit = email_fit(one.email, one.name) if one.email else None
    email = next((found for found in block.emails if found.address == one.email), None)
    if email is None or (shares_email and not fit):
        email = fit = None  # of several people: the office's
    role = role_of(one.title or " ".join(one.name.credentials))
    heading = block.headings[-1] if block.headings else None
    subjects, grades = taught_by(role, (one.title, one.department), heading)
    person = Person(
        **_name_fields(one.name),
        title=one.title,
        role=role,
        subjects=subjects,
        grades=grades,
        department=one.department if one.department != one.title else None,
        headings=block.headings,
        email=email.address if email else None,
        email_state="published" if email else "form_only" if block.has_form else "none",
        email_method=email.method if email else None,
        phone=one.phone.printed if one.phone and not one.phone.is_only_extension else None,
        phone_e164=one.phone.e164 if one.phone else None,
        extension=one.phone.extension if one.phone else None,
        snippet=snippet_of(" ".join(block.lines), [one.name.text, one.title, one.department]),
        path=block.path,
        method=METHOD,
    )
    evidence = fsum(worth for _, worth in weigh(person, one.name.likelihood, fit, lists_staff=block.lists_staff))
    if evidence < LEAST_EVIDENCE:
        return None
    return msgspec.structs.replace(person, confidence=min(_SUREST, confidence_of(evidence)))


def _believed(block: DoubtfulBlock, words: BlockWords, told: ToldPerson) -> tuple[_Believed | None, int]:
    """A person of the answer with the values that the block prints, and the number of those that it does not."""
    printed = words.find_name(told.name)
    email = _email(block, told.email)
    name = _name(printed, email) if printed else None
    if name is None:
        return None, 0
    title, department = (_text(words, value, name) for value in (told.title, told.department))
    phone = _phone(block, told.phone)
    said = (told.title, told.department, told.email, told.phone)
    dropped = sum(
        bool(value) and found is None for value, found in zip(said, (title, department, email, phone), strict=True)
    )
    if title and is_vacancy(title):
        title = None
    return _Believed(told, name, title, department, email, phone), dropped


def _name(printed: str, email: str | None) -> PersonName | None:
    """The name of the printed words; words that no name is made of by themselves are one beside an address of it."""
    if name := parse_name(printed):
        return name
    parts = printed.split()
    bare = (
        parse_single_name(printed)
        if len(parts) == 1
        else PersonName(printed, parts[0], parts[-1], IN_COMPANY)
        if all(part[0].isupper() and part.strip(".,").replace("'", "").replace("-", "").isalpha() for part in parts)
        else None
    )
    return bare if bare and email and email_fit(email, bare) == 2 else None


def _text(words: BlockWords, value: str | None, name: PersonName) -> str | None:
    found = words.find(value) if value and len(value) <= LONGEST_TITLE else None
    if found is None or name.text in found or not any(letter.isalpha() for letter in bare_text(found)):
        return None
    return found


def _email(block: DoubtfulBlock, value: str | None) -> str | None:
    """The address, if it is one of those that were decoded in the block."""
    wanted = (value or "").strip().casefold()
    return next((found.address for found in block.emails if found.address == wanted), None)


def _phone(block: DoubtfulBlock, value: str | None) -> FoundPhone | None:
    """The number of the lines that hold its digits."""
    digits = _digits(value or "")
    lines = [line for line in block.lines if digits and digits in _digits(line)]
    phone, _ = choose_phone(lines)
    return phone if phone and digits in _digits(phone.printed) else None


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdigit())


def _name_fields(name: PersonName) -> dict[str, Any]:
    return {
        "name": name.text,
        "first": name.first,
        "last": name.last,
        "middle": name.middle,
        "honorific": name.honorific,
        "suffix": name.suffix,
        "credentials": name.credentials,
        "nickname": name.nickname,
    }


def _is_about(name: PersonName, person: Person) -> bool:
    """Whether a name of the answer is that of the readers' person, also where they part it otherwise."""
    mine, theirs = (set(text.casefold().replace(",", " ").split()) for text in (name.text, person.name))
    return len(mine & theirs) >= min(2, len(mine), len(theirs))


def _is_other_reading(name: PersonName, person: Person) -> bool:
    """Whether a name is parted otherwise; one that only leaves out an honorific or a degree is the same."""
    if not (name.first and name.last):
        return False
    return (name.first.casefold(), name.last.casefold()) != person_key(person)


def _words_of(told: ToldPerson) -> str:
    values = (told.name, told.title, told.department, told.email, told.phone)
    return f"{told.kind}: " + " · ".join(value for value in values if value)
