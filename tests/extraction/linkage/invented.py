"""An invented directory of more than 5,000 schools in 50 states, full of siblings and namesakes.

Districts have schools of one name and several levels, numbered schools, schools told apart by a point of the compass
or by one more word; many districts of a state have a Lincoln and a Central of their own. Everything follows from the
seed.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from extraction.nces import DirectorySchool
from extraction.places.states import states

_TERRITORIES = {"AS", "DC", "GU", "MP", "PR", "VI"}
_DISTRICTS_A_STATE = 14
# Names that many districts have.
_COMMON = (
    "Lincoln", "Washington", "Central", "Jefferson", "Roosevelt", "Riverside", "Oak Grove", "Franklin", "Highland",
    "Martin Luther King Jr", "St. Mary", "Mount Pleasant", "Liberty", "Cesar E. Chavez", "John F. Kennedy", "Park View",
)  # fmt: skip
_FIRST = (
    "Amber", "Ash", "Birch", "Blue", "Bram", "Cedar", "Clay", "Copper", "Crane", "Crest", "Dun", "Elk", "Fair", "Fern",
    "Fox", "Glen", "Gold", "Gray", "Hawk", "Hazel", "Iron", "Juniper", "Kings", "Lark", "Maple", "Marsh", "Mill",
    "North", "Otter", "Pine", "Quail", "Raven", "Rock", "Sand", "Silver", "Stone", "Thorn", "Timber", "Walnut", "Wind",
)  # fmt: skip
_LAST = (
    "brook", "burg", "dale", "field", "ford", "gate", "haven", "hill", "hurst", "lake", "land", "ley", "mead", "mont",
    "moor", "port", "ridge", "shore", "side", "ton", "vale", "view", "ville", "wick", "wood", "worth",
)  # fmt: skip
_PEOPLE = (
    "Abigail Thornquist", "Bernard O'Dell", "Clara Whitlock", "Dr. Emmett Sayles", "Eleanor Vance",
    "Francis X. Delaney",
    "George W. Harkness", "Harriet Lumley", "Ida B. Castor", "Joseph P. Marrow", "Luther Quade", "Maria Fontaine",
    "Nathan Pell", "Olive Strand", "Percy L. Rook", "Ruth Ann Gable", "Samuel Tice", "Thomas Ward", "Ursula Keene",
    "Violet Ames", "Walter J. Pruitt", "Yolanda Briggs",
)  # fmt: skip
_LEVELS: dict[str, tuple[tuple[str, ...], tuple[str, str]]] = {
    "Elementary": (("Elementary School", "Elementary", "ES", "Elem School", "El Sch"), ("KG", "05")),
    "Primary": (("Primary School", "Primary"), ("PK", "02")),
    "Intermediate": (("Intermediate School", "Intermediate Sch"), ("03", "05")),
    "Middle": (("Middle School", "MS", "Middle"), ("06", "08")),
    "Junior High": (("Junior High School", "Jr High"), ("07", "08")),
    "High": (("High School", "HS", "High", "Senior High School"), ("09", "12")),
    "Jr/Sr": (("Jr/Sr High School", "Junior-Senior High School"), ("07", "12")),
    "Academy": (("Academy", "Acad", "Charter Academy"), ("KG", "08")),
}
_DISTRICT_FORMS = (
    "{} School District", "{} Public Schools", "{} ISD", "{} County Schools", "{} Unified",
    "{} Community School District", "{} City Schools", "{} Area School District",
)  # fmt: skip


def invented_directory(seed: int = 20_26) -> list[DirectorySchool]:
    """The directory's rows, in the order of their ids."""
    rng = random.Random(seed)
    rows: list[DirectorySchool] = []
    codes = sorted(state for state in states() if state not in _TERRITORIES)
    for number, state in enumerate(codes, 1):
        towns = _towns(rng, 3 * _DISTRICTS_A_STATE)
        for place in range(_DISTRICTS_A_STATE):
            district = _District(rng, state, number, place, towns[3 * place : 3 * place + 3])
            rows += district.schools()
    return rows


def _towns(rng: random.Random, count: int) -> list[str]:
    names: set[str] = set()
    while len(names) < count:
        names.add(rng.choice(_FIRST) + rng.choice(_LAST))
    return rng.sample(sorted(names), count)


class _District:
    """One district and its schools."""

    def __init__(self, rng: random.Random, state: str, fips: int, place: int, towns: list[str]) -> None:
        self.rng = rng
        self.state = state
        self.towns = towns
        self.name = rng.choice(_DISTRICT_FORMS).format(towns[0])
        self.lea_id = f"{fips:02d}{30 * (place + 1):05d}"
        self.zip_front = f"{fips + 10:02d}{place:02d}"
        self.rows: list[DirectorySchool] = []
        self.names: set[str] = set()

    def schools(self) -> list[DirectorySchool]:
        rng = self.rng
        for base in rng.sample(_COMMON, 2):
            self._family(base, rng.sample(["Elementary", "Middle", "High", "Primary"], rng.choice((1, 1, 2, 3))))
        self._family(
            self.towns[0], ["Elementary", rng.choice(("Middle", "Junior High")), rng.choice(("High", "Jr/Sr"))]
        )
        makers: list[Callable[[], None]] = [self._compass, self._numbered, self._one_word_more, self._person]
        for make in rng.sample(makers, 3):
            make()
        if rng.random() < 0.4:
            self._add(rng.choice(self.towns), "Academy")
        return self.rows

    def _family(self, base: str, levels: list[str]) -> None:
        for level in levels:
            self._add(base, level)

    def _compass(self) -> None:
        for side in self.rng.sample(("North", "South", "East", "West"), 2):
            self._add(f"{side} {self.towns[1]}", "Elementary")

    def _numbered(self) -> None:
        form = self.rng.choice(("P.S. {}", "School No. {}", "{base} #{}", "{base} {roman}"))
        for number in self.rng.sample(range(1, 40), 3):
            roman = ("I", "II", "III", "IV")[number % 4]
            self._add(form.format(number, base=self.towns[2], roman=roman), "Elementary" if "base" in form else "")

    def _one_word_more(self) -> None:
        for more in ("", " Creek", " Heights")[: self.rng.choice((2, 3))]:
            self._add(f"{self.towns[2]}{more}", "Elementary")

    def _person(self) -> None:
        self._add(self.rng.choice(_PEOPLE), self.rng.choice(("Elementary", "Middle", "Academy")))
        self._add(self.rng.choice(_PEOPLE), self.rng.choice(("Elementary", "High", "Intermediate")))

    def _add(self, base: str, level: str) -> None:
        rng = self.rng
        words, (low, high) = _LEVELS.get(level, (("",), ("KG", "06")))
        name = f"{base} {rng.choice(words)}".strip()
        if f"{base} {level}" in self.names:
            return
        self.names.add(f"{base} {level}")
        number = len(self.rows) + 1
        lea, school = self.lea_id[2:], f"{number:04d}"
        state_ids = {
            "NJ": f"NJ-{lea}0-{number:03d}",
            "TX": f"TX-0{lea}-0{lea}{number:03d}",
            "CA": f"CA-01{lea}-{6_000_000 + int(lea) * 50 + number}",
        }
        city = self.towns[number % len(self.towns)] if rng.random() < 0.5 else self.towns[0]
        self.rows.append(
            DirectorySchool(
                nces_id=f"{self.lea_id}{number:05d}",
                name=name,
                district=self.name,
                lea_id=self.lea_id,
                state_id=state_ids.get(self.state, f"{self.state}-{lea}-{school}"),
                address=f"{rng.randrange(1, 9900)} {rng.choice(_FIRST)} {rng.choice(('St', 'Ave', 'Road', 'Dr'))}",
                city=city,
                state=self.state,
                zip=f"{self.zip_front}{self.towns.index(city)}",
                phone=f"({200 + int(self.lea_id[:2])})555-01{number:02d}",
                level=level,
                low_grade=low,
                high_grade=high,
            )
        )
