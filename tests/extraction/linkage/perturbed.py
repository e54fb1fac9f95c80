"""Rows as lists would print the schools of a directory: abbreviated, misspelled, turned round, with parts missing.

Written before the matcher and not changed for it. Each kind of change is a function from a row to a row; a row has a
kind of list (which columns are printed) and one to three changes. Some rows are of schools that the directory lacks.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from extraction.linkage.records import ListedSchool
from extraction.nces import DirectorySchool

Change = Callable[[random.Random, ListedSchool], ListedSchool]


@dataclass(frozen=True, slots=True)
class Printed:
    """A row of a list, which school it is (None: one that the directory lacks), and what was done to it."""

    row: ListedSchool
    nces_id: str | None
    changes: tuple[str, ...]


# What lists print besides name, district and state, and how often.
_COLUMNS: tuple[tuple[int, tuple[str, ...]], ...] = (
    (30, ("district",)),
    (20, ("district", "city")),
    (12, ("district", "grade_span")),
    (12, ("district", "city", "zip")),
    (8, ("district", "state_school_id")),
    (6, ("district", "state_district_id", "state_school_id")),
    (6, ("city", "zip", "phone")),
    (6, ("district", "address", "city", "zip", "phone")),
)
_SHORT = {
    "elementary": ("Elem", "Elem.", "El", "ES", "Ele", "Elementary"),
    "middle": ("MS", "Mid", "Middle"),
    "high": ("HS", "High", "Hi"),
    "academy": ("Acad", "Acad."),
    "primary": ("Prim", "Primary"),
    "intermediate": ("Int", "Interm"),
    "saint": ("St.", "St"),
    "st.": ("Saint", "St"),
    "mount": ("Mt", "Mt."),
    "heights": ("Hts", "Hgts"),
    "creek": ("Crk", "Creek"),
    "north": ("N", "No.", "N."),
    "south": ("S", "So.", "S."),
    "east": ("E", "E."),
    "west": ("W", "W."),
    "junior": ("Jr", "Jr."),
    "school": ("Sch", "School", ""),
    "charter": ("Chtr", "Charter"),
}
_LONG = {
    "es": "Elementary School", "ms": "Middle School", "hs": "High School", "jr": "Junior", "sch": "School",
    "elem": "Elementary", "acad": "Academy", "el": "Elementary",
}  # fmt: skip
_ROMAN = {"I": "1", "II": "2", "III": "3", "IV": "4"}


def printed_rows(directory: Sequence[DirectorySchool], *, seed: int = 7, share: float = 1.0) -> list[Printed]:
    """A list's rows for a share of a directory's schools, and for some schools that `without_some` left out of it."""
    rng = random.Random(seed)
    chosen = [school for school in directory if rng.random() < share]
    return [printed(rng, school) for school in chosen]


def without_some(
    directory: Sequence[DirectorySchool], *, seed: int = 11, share: float = 0.03
) -> tuple[list[DirectorySchool], set[str]]:
    """The directory without a share of its schools, and the ids of those: new schools, and private ones."""
    rng = random.Random(seed)
    absent = {school.nces_id for school in directory if rng.random() < share}
    return [school for school in directory if school.nces_id not in absent], absent


def printed(rng: random.Random, school: DirectorySchool) -> Printed:
    """One row, changed one to three times."""
    row = as_listed(school)
    shown = rng.choices([columns for _, columns in _COLUMNS], [weight for weight, _ in _COLUMNS])[0]
    hidden = {column for _, columns in _COLUMNS for column in columns} - set(shown)
    row = msgspec.structs.replace(row, **dict.fromkeys(hidden))
    names = rng.choices(list(CHANGES), [weight for weight, _ in CHANGES.values()], k=rng.choice((1, 1, 2, 2, 3)))
    done: list[str] = []
    for name in dict.fromkeys(names):
        changed = CHANGES[name][1](rng, row)
        if changed != row:
            row = changed
            done.append(name)
    return Printed(row, school.nces_id, tuple(done))


def as_listed(school: DirectorySchool) -> ListedSchool:
    """A directory's school as a list would print it in full."""
    parts = (school.state_id or "").split("-")
    low, high = school.low_grade or "", school.high_grade or ""
    return ListedSchool(
        key=school.nces_id,
        name=school.name,
        district=school.district,
        state=school.state,
        state_school_id=school.state_id,
        state_district_id=parts[1] if len(parts) == 3 else None,
        address=school.address,
        city=school.city,
        zip=school.zip,
        phone=school.phone,
        grade_span=f"{_grade(low)}-{_grade(high)}" if low and high else None,
    )


def _grade(code: str) -> str:
    return {"KG": "K"}.get(code, code.lstrip("0"))


def abbreviate(rng: random.Random, row: ListedSchool) -> ListedSchool:
    """Level, school and common words abbreviated or written out."""
    words = [rng.choice(_SHORT.get(word.lower(), (_LONG.get(word.lower(), word),))) for word in row.name.split()]
    return _named(row, " ".join(words))


def shout(_: random.Random, row: ListedSchool) -> ListedSchool:
    """Name and district in capitals."""
    return msgspec.structs.replace(row, name=row.name.upper(), district=row.district.upper() if row.district else None)


def misspell(rng: random.Random, row: ListedSchool) -> ListedSchool:
    """One letter of one longer word wrong, missing, doubled, or in the wrong place."""
    words = row.name.split()
    long = [place for place, word in enumerate(words) if len(word) >= 5 and word.isalpha()]
    if not long:
        return row
    place = rng.choice(long)
    word = words[place]
    at = rng.randrange(1, len(word) - 1)
    words[place] = rng.choice(
        (
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + rng.choice("aeionrst") + word[at + 1 :],
        )
    )
    return _named(row, " ".join(words))


def turn(rng: random.Random, row: ListedSchool) -> ListedSchool:
    """Words in another order: the level first, or the family name before the first name."""
    words = row.name.split()
    if len(words) < 2:
        return row
    if rng.random() < 0.5:
        return _named(row, f"{words[-1]} {' '.join(words[:-1])}")
    return _named(row, f"{words[1]}, {words[0]} {' '.join(words[2:])}")


def drop_word(rng: random.Random, row: ListedSchool) -> ListedSchool:
    """Without the word School, or without a first name, a title or initials."""
    words = row.name.split()
    plain = [
        word for word in words if word.lower() not in {"school", "sch", "dr."} and not re.fullmatch(r"[A-Z]\.", word)
    ]
    if len(plain) < len(words):
        return _named(row, " ".join(plain))
    if len(words) >= 4 and rng.random() < 0.5:
        return _named(row, " ".join(words[1:]))
    return row


def spell_otherwise(rng: random.Random, row: ListedSchool) -> ListedSchool:
    """#, No., P.S., roman numerals, St./Saint, &/and, hyphens, points."""
    name = row.name
    name = re.sub(r"#(\d+)", lambda match: rng.choice(("No. ", "No ", "# ", "Number ")) + match[1], name)
    name = re.sub(r"School No\. (\d+)", lambda match: rng.choice(("School #", "Sch ", "School ")) + match[1], name)
    name = re.sub(r"P\.S\. (\d+)", lambda match: rng.choice(("PS ", "P. S. ", "Public School ", "PS")) + match[1], name)
    name = " ".join(_ROMAN.get(word, word) if rng.random() < 0.8 else word for word in name.split())
    name = name.replace("St. ", rng.choice(("Saint ", "St ")))
    name = name.replace("Jr/Sr", rng.choice(("Junior-Senior", "Jr-Sr", "Jr./Sr.")))
    name = name.replace(" and ", " & ").replace("Oak Grove", "Oakgrove").replace("Park View", "Parkview")
    return _named(row, name)


def rename_district(rng: random.Random, row: ListedSchool) -> ListedSchool:
    """The district in another form."""
    if not row.district:
        return row
    base = re.sub(
        r" (School District|Public Schools|ISD|County Schools|Unified|Community School District|City Schools"
        r"|Area School District)$",
        "",
        row.district,
    )
    forms = (
        "{}",
        "{} SD",
        "{} School Dist",
        "{} Schools",
        "{} Independent School District",
        "{} Public School District",
    )
    return msgspec.structs.replace(row, district=rng.choice(forms).format(base))


def hide_district(_: random.Random, row: ListedSchool) -> ListedSchool:
    """No district, where the row prints a place or an id."""
    if row.city or row.zip or row.state_school_id:
        return msgspec.structs.replace(row, district=None)
    return row


def move_city(rng: random.Random, row: ListedSchool) -> ListedSchool:
    """Another city's name: where the district's office is, or a neighbour."""
    if not row.city:
        return row
    return msgspec.structs.replace(row, city=rng.choice(("Harborview", "Eastmoor", "Colby Junction")))


def reform_id(rng: random.Random, row: ListedSchool) -> ListedSchool:
    """The state's id without its letters, without hyphens, without leading zeros, or only its last part."""
    if not row.state_school_id:
        return row
    parts = row.state_school_id.split("-")
    forms = ["-".join(parts[1:]), "".join(parts[1:]), " ".join(parts), row.state_school_id.lower()]
    if row.state_district_id:
        forms.append(parts[-1])
        if not row.state_school_id.startswith("TX"):
            forms.append(parts[-1].lstrip("0") or "0")
    return msgspec.structs.replace(row, state_school_id=rng.choice(forms))


CHANGES: dict[str, tuple[int, Change]] = {
    "abbreviate": (30, abbreviate),
    "shout": (12, shout),
    "misspell": (12, misspell),
    "turn": (6, turn),
    "drop_word": (10, drop_word),
    "spell_otherwise": (10, spell_otherwise),
    "rename_district": (12, rename_district),
    "hide_district": (8, hide_district),
    "move_city": (6, move_city),
    "reform_id": (14, reform_id),
}


def _named(row: ListedSchool, name: str) -> ListedSchool:
    name = " ".join(name.split())
    return msgspec.structs.replace(row, name=name) if name else row
