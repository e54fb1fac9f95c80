"""The figures of a run, for all schools and for any part of them: a layout, a need, a trap."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable

import msgspec

from tests.school_web.keys import person_key
from tests.school_web.truth import TrueSchool, Truth

Said = set[tuple[str, ...]]
"""Place (NCES id of a school, or of no listed one), name, and perhaps an address, in the forms of `keys`."""


class Part(msgspec.Struct, frozen=True):
    """The figures of some schools; a share of nothing is 1."""

    schools: int
    websites_right: int
    websites_wrong: int
    pair_precision: float
    pair_recall: float
    name_precision: float
    name_recall: float
    right_school: float
    """Of the true members of any staff whom these schools were said to have, the share who work there."""
    staff_lists_empty: int
    """Schools that publish staff and of whom nobody was found."""


class Findings(msgspec.Struct, frozen=True):
    """What a run said and what is true, each once."""

    websites_right: set[str]
    """NCES ids."""
    websites_wrong: set[str]
    pairs_said: Said
    pairs_true: Said
    names_said: Said
    names_true: Said
    homes: dict[str, set[str]]
    """Where a true member of staff works, by name: NCES ids, and "office" for a district's office."""


def part(findings: Findings, schools: Iterable[TrueSchool], *, whole: bool = False) -> Part:
    """The figures of some schools; with `whole`, what was said of places that are no school of the list counts too."""
    chosen = {school.nces_id: school for school in schools}

    def of(said: Said) -> Said:
        return said if whole else {one for one in said if one[0] in chosen}

    pairs_said, pairs_true = of(findings.pairs_said), of(findings.pairs_true)
    names_said, names_true = of(findings.names_said), of(findings.names_true)
    staff = {one for one in names_said if one[1] in findings.homes}
    at_home = {one for one in staff if one[0] in findings.homes[one[1]]}
    found = {place for place, *_ in names_said}
    return Part(
        schools=len(chosen),
        websites_right=len(findings.websites_right & set(chosen)),
        websites_wrong=len(findings.websites_wrong & set(chosen)),
        pair_precision=share(pairs_said & pairs_true, pairs_said),
        pair_recall=share(pairs_said & pairs_true, pairs_true),
        name_precision=share(names_said & names_true, names_said),
        name_recall=share(names_said & names_true, names_true),
        right_school=share(at_home, staff),
        staff_lists_empty=sum(bool(school.staff) and key not in found for key, school in chosen.items()),
    )


def share(some: Collection[object], of: Collection[object]) -> float:
    """A share, in four decimals."""
    return round(len(some) / len(of), 4) if of else 1.0


def parts_by(
    findings: Findings, schools: Iterable[TrueSchool], names: Callable[[TrueSchool], Iterable[str]]
) -> dict[str, Part]:
    """The figures of each group of schools, where a school may be in several."""
    groups: dict[str, list[TrueSchool]] = {}
    for school in schools:
        for name in names(school):
            groups.setdefault(name, []).append(school)
    return {name: part(findings, groups[name]) for name in sorted(groups)}


def homes(truth: Truth) -> dict[str, set[str]]:
    """Where each true member of staff works, by name."""
    found: dict[str, set[str]] = {}
    for school in truth.schools:
        for person in school.staff:
            found.setdefault(person_key(person.name), set()).add(school.nces_id)
    for district in truth.districts:
        for person in district.staff:
            found.setdefault(person_key(person.name), set()).add("office")
    return found


def false_people(truth: Truth, findings: Findings) -> dict[str, int]:
    """Who was taken for a school's staff and is not, counted by what they are; "nobody" is nobody of this world."""
    kinds = {person_key(name): kind for name, kind in truth.bystanders.items()}
    wrong = findings.names_said - findings.names_true

    def kind(name: str) -> str:
        places = findings.homes.get(name)
        if places:
            return "staff of a district's office" if places == {"office"} else "staff of another school"
        return kinds.get(name, "nobody")

    return dict(sorted(Counter(kind(name) for _, name in wrong).items()))
