"""How sure a page's reading is, from signals that cost nothing: none of them is a model's opinion of itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from extraction.places import zip_place
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
    """Rows whose ZIP exists and lies in the state the row or document names; ids of the usual length."""
    header: float
    """How sure the meaning of the columns is (see `GridReading.meaning`)."""
    damage: float
    """Share of words that show a broken text layer; 0 is good."""

    @property
    def confidence(self) -> float:
        """One number. A product: a page that fails in one respect is not saved by the others."""
        return round(
            (0.4 + 0.6 * self.words_placed)
            * self.rows_read
            * (0.6 + 0.4 * self.rows_alike)
            * (0.6 + 0.4 * self.values_agree)
            * self.header
            * (1.0 - min(0.8, 4 * self.damage)),
            3,
        )


def signals_of(
    sheet: Sheet, schools: Sequence[SchoolRow], *, expected: int, words_placed: int, header: float
) -> Signals:
    """The signals of one page."""
    total = len(sheet.words)
    return Signals(
        words_placed=min(1.0, words_placed / total) if total else 0.0,
        rows_read=min(1.0, len(schools) / expected) if expected else 1.0,
        rows_alike=_alike(schools),
        values_agree=_agree(schools),
        header=header,
        damage=damage(sheet),
    )


def damage(sheet: Sheet) -> float:
    """The share of words that a broken text layer leaves: replacement characters, lone letters in a row of them."""
    words = sheet.words
    if not words:
        return 0.0
    broken = sum("\ufffd" in word.text for word in words)
    for line in sheet.lines:
        lone = [len(word.text) == 1 and word.text.isalpha() and word.text.islower() for word in line.words]
        broken += sum(lone)
    return broken / len(words)


def _alike(schools: Sequence[SchoolRow]) -> float:
    if not schools:
        return 0.0
    counts = Counter(len(school.fields) for school in schools)
    usual = counts.most_common(1)[0][0]
    return sum(times for count, times in counts.items() if abs(count - usual) <= 1) / len(schools)


def _agree(schools: Sequence[SchoolRow]) -> float:
    checks: list[bool] = []
    for school in schools:
        code = school.value("zip")
        if code is None:
            continue
        place = zip_place(code)
        state = school.value("state")
        checks.append(place is not None and (state is None or place.state == state))
    for field in ("state_school_id", "state_district_id", "nces_id"):
        lengths = Counter(len(value) for school in schools if (value := school.value(field)))
        if lengths:
            usual, times = lengths.most_common(1)[0]
            del usual
            checks += [True] * times + [False] * (sum(lengths.values()) - times)
    return sum(checks) / len(checks) if checks else 1.0
