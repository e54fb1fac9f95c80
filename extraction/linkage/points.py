"""What speaks for and against "this row is that school", in points.

The points were set on perturbed names of an invented directory (`tests/extraction/linkage/perturbed.py`): 58 points and
a lead of 8 are certain, from 38 a person should look. A name alone has 60 at most, so it is enough only where it is
exactly the school's and no other school of the state is called so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from rapidfuzz import fuzz

from extraction.linkage.directory import Entry, StateDirectory, phone_key, place_key
from extraction.linkage.grades import grades_of
from extraction.linkage.likeness import NameParts, likeness
from extraction.linkage.names import SchoolName, long_words
from extraction.linkage.records import ListedSchool, Reason
from extraction.linkage.state_ids import is_district, listed_id, names_school

AUTOMATIC = 58.0
REVIEW = 38.0
LEAD = 8.0
"""How many points better the link must be than any other way to link its list."""

_NAME = 60.0
_NCES_ID, _STATE_ID = 110.0, 75.0
_OTHER_NAME = -30.0
_LEVEL = {"same": 0.0, "unsaid": -8.0, "near": -28.0, "other": -28.0}
_LEAST_ALIKE = 0.4
_AROUND = frozenset({"district", "district_id", "city", "zip"})
_MOST_AROUND = 37.0
"""What these may count together: a school's siblings share them all."""


@dataclass(frozen=True)
class Row:
    """A listed school, read once."""

    listed: ListedSchool
    state: StateDirectory | None
    state_code: str

    @cached_property
    def parts(self) -> NameParts:
        """Its name."""
        return NameParts(SchoolName(self.listed.name))

    @cached_property
    def nces_id(self) -> str:
        """The printed id with the zeros that a spreadsheet may have eaten, or nothing."""
        digits = re.sub(r"\D", "", self.listed.nces_id or "")
        return digits.zfill(12) if digits else ""

    @cached_property
    def school_id(self) -> str:
        """What the state calls it."""
        return listed_id(self.listed.state_school_id, self.state_code)

    @cached_property
    def district_id(self) -> str:
        """What the state calls its district."""
        return listed_id(self.listed.state_district_id, self.state_code)

    @cached_property
    def districts(self) -> dict[str, float]:
        """The districts that its printed one may be, by LEA id."""
        return self.state.districts.meant(self.listed.district) if self.state and self.listed.district else {}

    @cached_property
    def city(self) -> str:
        """Its city in one form."""
        return place_key(self.listed.city)

    @cached_property
    def grades(self) -> frozenset[int]:
        """Its grades."""
        return grades_of(self.listed.grade_span)


def weigh(row: Row, entry: Entry) -> list[Reason] | None:
    """The reasons for and against a school; None where the name is another one and no printed id says otherwise."""
    reasons = _id_reasons(row, entry)
    reasons += _name_reasons(row, entry, has_id=bool(reasons))
    if not reasons:
        return None
    around = [*_district_reasons(row, entry), *_place_reasons(row, entry)]
    surplus = sum(reason.points for reason in around if reason.name in _AROUND and reason.points > 0) - _MOST_AROUND
    if surplus > 0:
        around.append(Reason("one_place", -round(surplus, 1), "district, city and ZIP say the same"))
    return [*reasons, *around, *_grade_reasons(row, entry)]


def _id_reasons(row: Row, entry: Entry) -> list[Reason]:
    if row.nces_id == entry.school.nces_id:
        return [Reason("nces_id", _NCES_ID, row.nces_id)]
    if entry.state_id is not None and names_school(
        row.school_id, row.district_id or _district_of(row, entry), entry.state_id
    ):
        return [Reason("state_id", _STATE_ID, entry.school.state_id or "")]
    return []


def _district_of(row: Row, entry: Entry) -> str:
    """The district's id where only its name is printed, and it is that of the school."""
    same = row.districts.get(entry.school.lea_id or "", 0.0) >= 0.9
    return entry.state_id.district if same and entry.state_id is not None else ""


def _name_reasons(row: Row, entry: Entry, *, has_id: bool) -> list[Reason]:
    alike = likeness(row.parts, entry.parts, row.state.weights) if row.state else None
    if alike is None or alike.words < _LEAST_ALIKE:
        return [Reason("other_name", _OTHER_NAME, entry.school.name)] if has_id else []
    reasons = [Reason("name", round(_NAME * alike.words**1.5, 1), entry.school.name)]
    if not row.parts.own and not row.parts.numbers:
        # "High School" is the name of many: the district or the place must say which.
        reasons.append(Reason("bare_name", -25.0, row.listed.name))
    if points := _LEVEL[alike.level]:
        reasons.append(Reason(f"level_{alike.level}", points, ", ".join(sorted(entry.parts.level)) or "none"))
    return reasons


def _district_reasons(row: Row, entry: Entry) -> list[Reason]:
    reasons: list[Reason] = []
    if row.district_id and entry.state_id is not None and entry.state_id.district and row.state is not None:
        if is_district(row.district_id, entry.state_id):
            reasons.append(Reason("district_id", 25.0, entry.state_id.district))
        elif row.district_id.lstrip("0") in row.state.district_ids:
            reasons.append(Reason("other_district_id", -30.0, entry.state_id.district))
    if not row.listed.district or not entry.school.district:
        return reasons
    alike, best = row.districts.get(entry.school.lea_id or "", 0.0), max(row.districts.values(), default=0.0)
    if alike and alike >= best - 0.02:
        reasons.append(Reason("district", round(25.0 * (alike - 0.5) / 0.5, 1), entry.school.district))
    elif best >= 0.9:
        reasons.append(Reason("other_district", -15.0 if alike else -32.0, entry.school.district))
    elif not alike:
        reasons.append(Reason("district_unlike", -10.0, entry.school.district))
    return reasons


def _place_reasons(row: Row, entry: Entry) -> list[Reason]:
    listed, school = row.listed, entry.school
    reasons: list[Reason] = []
    if (phone := phone_key(listed.phone)) and entry.phone:
        reasons.append(_verdict("phone", phone == entry.phone, entry.phone, 30.0, -3.0))
    if row.city and entry.city:
        same = row.city == entry.city or fuzz.ratio(row.city, entry.city) >= 90
        reasons.append(_verdict("city", same, school.city or "", 12.0, -9.0))
    if listed.zip and school.zip and (listed.zip[:5] == school.zip[:5] or listed.zip[:3] != school.zip[:3]):
        reasons.append(_verdict("zip", listed.zip[:5] == school.zip[:5], school.zip, 12.0, -10.0))
    if listed.address and school.address:
        same = _street(listed.address) == _street(school.address)
        reasons.append(_verdict("address", same, school.address, 20.0, -3.0))
    return reasons


def _verdict(name: str, same: bool, detail: str, plus: float, minus: float) -> Reason:
    return Reason(name, plus, detail) if same else Reason(f"other_{name}", minus, detail)


def _grade_reasons(row: Row, entry: Entry) -> list[Reason]:
    if not row.grades or not entry.grades:
        return []
    if row.grades == entry.grades:
        return [Reason("grades", 8.0, row.listed.grade_span or "")]
    if row.grades.isdisjoint(entry.grades):
        return [Reason("other_grades", -30.0, row.listed.grade_span or "")]
    return []


def _street(address: str) -> tuple[str, ...]:
    """House number and first word of the street, without the point of the compass."""
    words = [word for word in long_words(address) if word not in {"north", "south", "east", "west", "n", "s", "e", "w"}]
    return tuple(words[:2])
