"""A school directory in the form of the federal one (CCD file 029): 65 columns, all text, with its known defects."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

from tests.school_web.places import Atlas, Place
from tests.school_web.truth import listed_website
from tests.school_web.vocabulary import vocabulary
from tests.school_web.world import STATE, STATE_FIPS, STATE_NAME, World

_GRADES: Final = ("PK", "KG", *(f"{grade:02d}" for grade in range(1, 14)))
_GRADE_COLUMNS: Final = ("PK", "KG", *(str(grade) for grade in range(1, 14)), "UG", "AE")
HEADER: Final = (
    *("SCHOOL_YEAR", "FIPST", "STATENAME", "ST", "SCH_NAME", "LEA_NAME", "STATE_AGENCY_NO", "UNION", "ST_LEAID"),
    *("LEAID", "ST_SCHID", "NCESSCH", "SCHID", "MSTREET1", "MSTREET2", "MSTREET3", "MCITY", "MSTATE", "MZIP", "MZIP4"),
    *("LSTREET1", "LSTREET2", "LSTREET3", "LCITY", "LSTATE", "LZIP", "LZIP4", "PHONE", "WEBSITE", "SY_STATUS"),
    *("SY_STATUS_TEXT", "UPDATED_STATUS", "UPDATED_STATUS_TEXT", "EFFECTIVE_DATE", "SCH_TYPE", "SCH_TYPE_TEXT"),
    *("RECON_STATUS", "OUT_OF_STATE_FLAG", "CHARTER_TEXT", "CHARTAUTH1", "CHARTAUTHN1", "CHARTAUTH2", "CHARTAUTHN2"),
    "NOGRADES",
    *(f"G_{column}_OFFERED" for column in _GRADE_COLUMNS),
    *("GSLO", "GSHI", "LEVEL", "IGOFFERED"),
)
_STATUSES: Final = {
    "1": "Open", "2": "Closed", "3": "New", "4": "Added", "5": "Changed Boundary/Agency", "6": "Inactive",
    "7": "Future", "8": "Reopened",
}  # fmt: skip
_STATES: Final = {
    "CT": ("09", "Connecticut"),
    "TX": ("48", "Texas"),
    "OH": ("39", "Ohio"),
    "MA": ("25", "Massachusetts"),
}
_OTHER_SCHOOLS: Final = 300


@dataclass(frozen=True, slots=True)
class _Listed:
    """One row before it is spread over its columns."""

    name: str
    district: str
    nces_id: str
    place: Place
    phone: str
    website: str
    grades: tuple[str, str]
    level: str
    status: str = "1"


def directory_csv(world: World, port: int) -> str:
    """The file for a world that is served at a port: the listed schools, their look-alikes, and 300 others."""
    rows = [*_listed(world, port), *_others(world, port)]
    rows.sort(key=lambda row: row.nces_id)
    lines = [",".join(HEADER)]
    for row in rows:
        columns = _columns(row)
        lines.append(",".join(columns[name] for name in HEADER))
    return "\r\n".join(lines) + "\r\n"


def _listed(world: World, port: int) -> list[_Listed]:
    rows = [
        _Listed(
            name=school.official_name,
            district=world.district(school.district).official_name,
            nces_id=school.nces_id,
            place=school.place,
            phone=school.phone,
            website=listed_website(world, school, port),
            grades=school.grades,
            level="Secondary" if school.level == "High" else school.level,
            status="3" if number % 17 == 3 else "8" if number % 17 == 9 else "1",
        )
        for number, school in enumerate(world.schools)
    ]
    rows += [
        _Listed(
            name=twin.official_name,
            district=twin.district_name,
            nces_id=twin.nces_id,
            place=twin.place,
            phone=twin.phone,
            website=f"http://{twin.host}:{port}/",
            grades=("KG", "05"),
            level="Elementary",
        )
        for twin in world.look_alikes
    ]
    return rows


def _others(world: World, port: int) -> list[_Listed]:
    """Schools that no list asks for: names recombined, places of the same state, some closed or not yet open."""
    rng = random.Random(f"{world.seed} directory")
    atlas = Atlas(rng)
    words = vocabulary()
    taken = {district.key for district in world.districts}
    bases = [base for base in words.districts.bases if base.lower().replace(" ", "") not in taken]
    used = {school.base for school in world.schools}
    rows: list[_Listed] = []
    for number in range(_OTHER_SCHOOLS):
        place = atlas.place(STATE)
        front, back = rng.choice(words.schools.bases).split()[0], rng.choice(words.schools.bases).split()[-1]
        base = f"{front} {back}" if f"{front} {back}" not in used else f"New {front} {back}"
        if number % 100 == 42:
            base = f'{front} ""{back}""'  # a nickname in quotes, doubled, in a field that is itself not quoted
        level, kind = rng.choice(
            (("Elementary", "Elementary School"), ("Middle", "Middle School"), ("High", "High School"))
        )
        grades = {"Elementary": ("KG", "05"), "Middle": ("06", "08"), "High": ("09", "12")}[level]
        lea = f"{STATE_FIPS}{3001 + 11 * (number % len(bases)):05d}"
        rows.append(
            _Listed(
                name=f"{base} {kind}",
                district=f"{bases[number % len(bases)]} Schools",
                nces_id=f"{lea}{1501 + number:05d}",
                place=place,
                phone=atlas.phone(place) if number % 9 else "M",
                website=f"http://www.other{number}.test:{port}" if number % 2 else "",
                grades=grades,
                level=level,
                status="1" if number % 8 else rng.choice("234567"),
            )
        )
    return rows


def _columns(row: _Listed) -> dict[str, str]:
    """A row as the file writes it; what it does not know is M, -1 or nothing, column by column."""
    place = row.place
    fips, state_name = _STATES.get(place.state, (STATE_FIPS, STATE_NAME))
    low, high = (_GRADES.index(grade) for grade in row.grades)
    offered = {
        f"G_{column}_OFFERED": "Yes" if low <= position <= high else "No"
        for position, column in enumerate(_GRADE_COLUMNS)
    }
    known = {
        "SCHOOL_YEAR": "2025-2026",
        "FIPST": fips,
        "STATENAME": state_name.upper(),
        "ST": place.state,
        "SCH_NAME": row.name,
        "LEA_NAME": row.district,
        "STATE_AGENCY_NO": "01",
        "ST_LEAID": f"{place.state}-{int(row.nces_id[2:7]):03d}",
        "LEAID": row.nces_id[:7],
        "ST_SCHID": f"{place.state}-{int(row.nces_id[2:7]):03d}-{row.nces_id[7:]}",
        "NCESSCH": row.nces_id,
        "SCHID": f"{fips}{row.nces_id[7:]}",
        "MSTREET1": place.street,
        "MCITY": place.city,
        "MSTATE": place.state,
        "MZIP": place.zip,
        "MZIP4": "M",
        "LSTREET1": place.street,
        "LCITY": place.city,
        "LSTATE": place.state,
        "LZIP": place.zip,
        "LZIP4": "M",
        "PHONE": row.phone.replace(") ", ")"),
        "WEBSITE": row.website,
        "SY_STATUS": row.status,
        "SY_STATUS_TEXT": _STATUSES[row.status],
        "UPDATED_STATUS": row.status,
        "UPDATED_STATUS_TEXT": _STATUSES[row.status],
        "SCH_TYPE": "1",
        "SCH_TYPE_TEXT": "Regular School",
        "RECON_STATUS": "No",
        "OUT_OF_STATE_FLAG": "No",
        "CHARTER_TEXT": "Not applicable",
        "CHARTAUTH1": "N",
        "CHARTAUTHN1": "N",
        "CHARTAUTH2": "-1",
        "CHARTAUTHN2": "-1",
        "NOGRADES": "No",
        "GSLO": row.grades[0],
        "GSHI": row.grades[1],
        "LEVEL": row.level,
        "IGOFFERED": "As reported",
    }
    return {**dict.fromkeys(HEADER, ""), **known, **offered}
