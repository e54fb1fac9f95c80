"""How sure a page's reading is, from signals that cost nothing: none of them is a model's opinion of itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

from extraction.places import Place, city_county, county_of, zip_place
from extraction.schools.records import SchoolRow
from extraction.schools.sheets import Sheet


class Signals(msgspec.Struct, frozen=True):
    """What a page says about how well it was read; each is a share from 0 to 1."""

    words_placed: float
    """Words that a row, a heading or the header took."""
    rows_read: float
    """Rows read of the rows expected."""
    rows_alike: float
    """Rows that have the page's usual number of fields, or one more or less."""
    values_agree: float
    """Places that are where the row or document says (see `_place_checks`); ids of the usual length."""
    header: float
    """How sure the meaning of the columns is (see `GridReading.meaning`)."""
    damage: float
    """Share of words that show a broken text layer; 0 is good."""
    sure: float = 1.0
    """Mean sureness of the words; less than 1 where they were read from a picture."""

    @property
    def confidence(self) -> float:
        """One number. A product: a page that fails in one respect is not saved by the others."""
        return round(
            (0.4 + 0.6 * self.words_placed)
            * self.rows_read
            * (0.6 + 0.4 * self.rows_alike)
            * (0.6 + 0.4 * self.values_agree)
            * self.header
            * (1.0 - min(0.8, 4 * self.damage))
            * self.sure,
            3,
        )


def signals_of(
    sheet: Sheet,
    schools: Sequence[SchoolRow],
    *,
    expected: int,
    words_placed: int,
    header: float,
    state: str | None = None,
) -> Signals:
    """The signals of one page. `state` is the document's, as far as it is known."""
    total = len(sheet.words)
    return Signals(
        words_placed=min(1.0, words_placed / total) if total else 0.0,
        rows_read=min(1.0, len(schools) / expected) if expected else 1.0,
        rows_alike=_alike(schools),
        values_agree=_agree(schools, state),
        header=header,
        damage=damage(sheet),
        sure=sum(word.sure for word in sheet.words) / total if sheet.shown and total else 1.0,
    )


def county_warnings(schools: Sequence[SchoolRow]) -> list[str]:
    """What is said of rows whose county is most likely another's, because nearly all their ZIPs lie in one other.

    One ZIP may cross a county line, a dozen do not: a heading between them was not recognized.
    """
    lie_in: dict[str, Counter[str]] = {}
    for school in schools:
        printed, code = school.fields.get("county"), school.value("zip")
        place = zip_place(code) if code else None
        if printed and place and place.county:
            lie_in.setdefault(printed.value, Counter())[place.county.name] += 1
    warnings: list[str] = []
    for county, found in lie_in.items():
        (other, rows), total = found.most_common(1)[0], found.total()
        if other != county and rows >= 5 and rows > 0.8 * total:
            warnings.append(
                f"{rows} of {total} rows of county “{county}” have ZIPs of “{other}”; a heading may have been missed"
            )
    return warnings


def damage(sheet: Sheet) -> float:
    """The share of words that a broken text layer leaves: those with unknown characters, and lone small letters.

    What was mended counts a quarter: the mending may be wrong.
    """
    words = sheet.words
    if not words:
        return 0.0
    lone = sum(len(word.text) == 1 and word.text.isalpha() and word.text.islower() for word in words)
    return (sheet.damage.lost + lone + 0.25 * sheet.damage.guessed) / len(words)


def _alike(schools: Sequence[SchoolRow]) -> float:
    if not schools:
        return 0.0
    counts = Counter(len(school.fields) for school in schools)
    usual = counts.most_common(1)[0][0]
    return sum(times for count, times in counts.items() if abs(count - usual) <= 1) / len(schools)


def _agree(schools: Sequence[SchoolRow], state: str | None) -> float:
    """The share of checks that hold, by their weights."""
    checks = [check for school in schools for check in _place_checks(school, state)]
    for field in ("state_school_id", "state_district_id", "nces_id"):
        lengths = Counter(len(value) for school in schools if (value := school.value(field)))
        if lengths:
            usual = max(lengths.values())
            checks += [(True, 1.0)] * usual + [(False, 1.0)] * (sum(lengths.values()) - usual)
    weight = sum(weight for _, weight in checks)
    return sum(weight for holds, weight in checks if holds) / weight if weight else 1.0


def _place_checks(school: SchoolRow, state: str | None) -> Iterator[tuple[bool, float]]:
    """Whether a row's ZIP, city and county exist and lie in each other, and how much each of that weighs.

    A school may stand beyond the lines of its post office's city or county, so these two weigh less than what must
    hold; they tell a column of cities from one of districts all the same.
    """
    own_state, code, city, printed = (school.value(field) for field in ("state", "zip", "city", "county"))
    place = zip_place(code) if code else None
    if code:
        yield place is not None and (own_state is None or place.state == own_state), 1.0
    # What the row or the document says, else what the ZIP says.
    here = own_state or state or (place.state if place else None)
    county = county_of(here, school.text("county") or printed) if here and printed else None
    if here and printed:
        yield county is not None, 1.0
    if place and city:
        yield place.has_city(city) or _near(city, place), 0.5
    if place and place.county and county:
        yield county == place.county, 0.25


def _near(city: str, place: Place) -> bool:
    """Whether a city that a ZIP does not accept lies in its county all the same."""
    return place.county is not None and city_county(city, place.state) == place.county
