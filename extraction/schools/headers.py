"""Headers: which field each column holds, and how this is remembered for pages that go on without a header."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from extraction.schools.fields import are_codes, are_shares, fits, guess_field, hold_names, is_blank
from extraction.schools.records import FieldName
from extraction.schools.vocabulary import (
    HeaderMeaning,
    Heading,
    greatest_share,
    header_meaning,
    is_field,
    marked_status,
    plain,
    vocabulary,
    words_of,
)

_FEWEST = 3
"""Values of a column, below which nothing is guessed from them."""
MEANT = 0.6
"""The share of a header's words that have to mean something, as a mean of its cells."""
_GUESSED = 0.6
"""How sure a column's meaning is that only its values suggest."""


class PlannedColumn(msgspec.Struct, frozen=True):
    """One column: where it stands and what it holds (None: unknown)."""

    left: float
    right: float
    heading: Heading | None
    sure: float = 1.0
    text: str | None = None
    """The header as printed."""


class Given(msgspec.Struct, frozen=True):
    """What else was told by whoever gave a plan from outside."""

    groups: Literal["district", "county"] | None = None
    """What lines that stand alone between the rows name."""
    headers: tuple[str, ...] = ()
    """Rows that are headers and no schools, as `plain` gives their text."""


class ColumnPlan(msgspec.Struct, frozen=True):
    """What the columns of a document hold, as its header (or, without one, its values) said."""

    columns: tuple[PlannedColumn, ...]
    from_header: bool
    given: Given | None = None
    """Set where the plan was given from outside instead of read here; it goes before what headers seem to say."""

    @property
    def headings(self) -> set[str]:
        """What is known, each once."""
        return {column.heading for column in self.columns if column.heading}

    @property
    def placed(self) -> bool:
        """Whether the columns stand somewhere on the page (those of stacked blocks do not)."""
        return any(column.right > column.left for column in self.columns)

    @property
    def labels(self) -> list[str]:
        """What each understood column holds."""
        return [column.heading for column in self.columns if column.heading]

    @property
    def name_column(self) -> int | None:
        """The (first) column of school names."""
        return next(iter(self.name_columns), None)

    @property
    def name_columns(self) -> tuple[int, ...]:
        """The columns of school names: one, or one a level (elementary, middle, high)."""
        return tuple(i for i, column in enumerate(self.columns) if column.heading == "name")

    @property
    def copies(self) -> int:
        """How many times the same columns stand beside each other; 1 for most tables."""
        return _copies([column.heading for column in self.columns])

    def onto(self, columns: Sequence[tuple[float, float]]) -> ColumnPlan:
        """This plan on the columns of another page: each takes the meaning of the column it overlaps most."""
        taken: set[int] = set()
        moved: list[PlannedColumn] = []
        for left, right in columns:
            shared = [
                (min(right, column.right) - max(left, column.left), index)
                for index, column in enumerate(self.columns)
                if index not in taken
            ]
            overlap, index = max(shared, default=(0.0, -1))
            if overlap > 0:
                taken.add(index)
                moved.append(msgspec.structs.replace(self.columns[index], left=left, right=right))
            else:
                moved.append(PlannedColumn(left, right, None))
        return msgspec.structs.replace(self, columns=tuple(moved))


def plan_from_header(texts: Sequence[str | None], columns: Sequence[tuple[float, float]]) -> ColumnPlan | None:
    """The plan that a row of texts spells, or None where the row is no header.

    A header names the schools and at least one more column. A row of a table seldom does: "Lincoln School" is covered
    by known header words only to one half, and its neighbours would have to be header words too.
    """
    filled = sum(map(bool, texts))
    if not _may_mean_enough([text for text in texts if text]):
        return None  # as most rows; their texts need not be looked up
    meanings = [header_meaning(text) if text else None for text in texts]
    named = [meaning for meaning in meanings if meaning is not None]
    if len(named) < 2 or len(named) < 0.5 * filled or sum(meaning.share for meaning in named) < MEANT * filled:
        return None
    worded = [meaning.share for meaning in named if marked_status(meaning.heading) is None]
    if sum(worded) < 0.7 * len(worded):
        return None  # the words that names of schools and districts share with headers
    headings = _with_trusted_marks([meaning.heading if meaning else None for meaning in meanings], named)
    # Of "Site" and "School" the latter heads the names.
    shares = [
        min(1.0, meaning.share) - (0.0 if "school" in words_of(text or "") else 0.01) if meaning else 0.0
        for meaning, text in zip(meanings, texts, strict=True)
    ]
    by_level = "name" not in headings and headings.count("level") > 1
    headings = _named([_as_name(heading, text) for heading, text in zip(headings, texts, strict=True)])
    if "name" not in headings or sum(heading is not None for heading in headings) < 2:
        return None
    settled = headings if by_level or _copies(headings) > 1 else _once(headings, shares)
    return ColumnPlan(
        tuple(
            PlannedColumn(left, right, heading, share, text)
            for (left, right), heading, share, text in zip(columns, settled, shares, texts, strict=True)
        ),
        from_header=True,
    )


def _may_mean_enough(texts: Sequence[str]) -> bool:
    """Whether the words of a row's texts alone allow it to be a header; most rows are told by their first texts."""
    shares: list[float] = []
    missing = 0.0
    for text in texts:
        shares.append(greatest_share(text))
        missing += 1.0 - shares[-1]
        if missing > (1.0 - MEANT) * len(texts) + 0.001:
            return False
    return sum(shares) >= MEANT * len(texts)


def plan_from_values(
    cells: Sequence[Sequence[str | None]], columns: Sequence[tuple[float, float]]
) -> ColumnPlan | None:
    """The plan that the values of a table without header suggest; None where no column is plainly school names."""
    guessed: list[Heading | None] = [
        guess_field([text for row in cells if (text := row[index])]) for index in range(len(columns))
    ]
    headings = _once(guessed, [1.0] * len(guessed))
    if "name" not in headings:
        return None
    plan = ColumnPlan(
        tuple(
            PlannedColumn(left, right, heading, 0.7) for (left, right), heading in zip(columns, headings, strict=True)
        ),
        from_header=False,
    )
    return completed(plan, cells)


def completed(plan: ColumnPlan, cells: Sequence[Sequence[str | None]]) -> ColumnPlan:
    """The plan with a meaning for columns that no header names, where their values and neighbours leave little doubt.

    Codes of one length, a different one in each row, right in front of the name are the school's. In a list of Title I
    status, decimals of 0 to 100 are the share that the status is given for. Both are told as guesses.
    """
    columns = list(plan.columns)
    for index, column in enumerate(columns):
        values = [text for row in cells if (text := row[index]) and not is_blank(text)]
        heading = _guess(plan, index, values, len(cells)) if len(values) >= _FEWEST else None
        if heading is not None and heading not in {"name", *(other.heading for other in columns)}:
            columns[index] = msgspec.structs.replace(column, heading=heading, sure=_GUESSED)
    return msgspec.structs.replace(plan, columns=tuple(columns))


def _guess(plan: ColumnPlan, index: int, values: Sequence[str], rows: int) -> FieldName | None:
    """What the values of a column that no header explains are."""
    column, name = plan.columns[index], plan.name_column
    if name is None or column.heading not in {None, "ignored"}:
        return None
    guessed = guess_field(values)
    if guessed == "title1_status":
        return guessed  # its words leave no doubt, whatever the header says
    if column.heading is not None or (column.text and plain(column.text) not in vocabulary().plain_phrases["vague"]):
        return None
    if guessed is not None or len(values) < 0.5 * rows:
        return guessed
    if "title1_status" in plan.headings and are_shares(values):
        return "low_income_pct"
    return "state_school_id" if index == name - 1 and are_codes(values) else None


def remembered(plan: ColumnPlan, before: ColumnPlan | None) -> ColumnPlan:
    """The plan with what an earlier table under the very same headers said of columns like "Code"."""
    if before is None or [column.text for column in before.columns] != [column.text for column in plan.columns]:
        return plan
    return msgspec.structs.replace(
        plan,
        columns=tuple(
            msgspec.structs.replace(column, heading=old.heading, sure=old.sure) if column.heading is None else column
            for column, old in zip(plan.columns, before.columns, strict=True)
        ),
    )


def checked(plan: ColumnPlan, cells: Sequence[Sequence[str | None]]) -> tuple[ColumnPlan, list[str]]:
    """The plan without the columns whose values cannot be what the header says, and a warning for each."""
    kept: list[PlannedColumn] = []
    warnings: list[str] = []
    for index, column in enumerate(plan.columns):
        values = [text for row in cells if (text := row[index])]
        heading = column.heading
        sound = hold_names(values) if heading == "name" else not is_field(heading) or fits(heading, values) >= 0.5
        if len(values) >= _FEWEST and not sound:
            if (other := _otherwise(column, values, plan)) is not None:
                kept.append(msgspec.structs.replace(column, heading=other, sure=0.7))
                continue
            warnings.append(f"column {index + 1} is headed as {heading}, but its values are not; it was left out")
            kept.append(PlannedColumn(column.left, column.right, None))
        else:
            kept.append(column)
    return msgspec.structs.replace(plan, columns=tuple(kept)), warnings


def _otherwise(column: PlannedColumn, values: Sequence[str], plan: ColumnPlan) -> FieldName | None:
    """What else a header may mean, by one of its words, that the values of its column are: "County District" names."""
    meanings = [header_meaning(word) for word in (column.text or "").split()]
    fields: list[FieldName] = [
        meaning.heading for meaning in meanings if meaning is not None and is_field(meaning.heading)
    ]
    return next((field for field in fields if field not in plan.headings and fits(field, values) >= 0.9), None)


def _with_trusted_marks(headings: Sequence[Heading | None], meanings: Sequence[HeaderMeaning]) -> list[Heading | None]:
    """The headings, without a single column of marks that might as well be a row's status.

    "Lincoln School | Schoolwide" is a row; "School Name | Schoolwide | Targeted Assistance" is a header, and so is one
    whose other words are all plainly a header's.
    """
    marks = [heading for heading in headings if marked_status(heading)]
    plainly = sum(meaning.share >= 0.9 for meaning in meanings) >= max(4, len(meanings))
    names_school = any(meaning.share >= 0.9 and meaning.heading in {"name", "weak_name"} for meaning in meanings)
    if (len(set(marks)) > 1 and names_school) or plainly:
        return list(headings)
    return [None if heading in marks else heading for heading in headings]


def _named(headings: Sequence[Heading | None]) -> list[Heading | None]:
    """Settle which columns hold names, where headers do not say so plainly.

    A weak header ("Name", "Location") is one only where nothing better heads one. Headers of levels ("Elementary
    School", "Middle School") are all names where no other column is; a single one beside a name is not.
    """
    if "name" in headings:
        return [None if heading in {"weak_name", "level"} else heading for heading in headings]
    if "level" in headings:
        return [None if heading == "weak_name" else "name" if heading == "level" else heading for heading in headings]
    first = headings.index("weak_name") if "weak_name" in headings else -1
    return [
        ("name" if index == first else None) if heading == "weak_name" else heading
        for index, heading in enumerate(headings)
    ]


def _copies(headings: Sequence[Heading | None]) -> int:
    """How many times a run of headings stands side by side: tables that are printed in two or more columns."""
    for copies in (4, 3, 2):
        wide = len(headings) // copies
        if wide > 1 and wide * copies == len(headings) and "name" in headings[:wide]:
            runs = {tuple(headings[at : at + wide]) for at in range(0, len(headings), wide)}
            if len(runs) == 1:
                return copies
    return 1


def _as_name(heading: Heading | None, text: str | None) -> Heading | None:
    """A column "Location" holds addresses, or the names where no other column does; its values are checked later."""
    return "weak_name" if heading == "address" and text and plain(text) in {"location", "site location"} else heading


def _once(headings: Sequence[Heading | None], shares: Sequence[float]) -> list[Heading | None]:
    """Let each field head one column: the one whose header was understood best, the first among equals."""
    best: dict[Heading, int] = {}
    for index, heading in enumerate(headings):
        if heading is None or heading == "ignored":
            continue
        if heading not in best or shares[index] > shares[best[heading]]:
            best[heading] = index
    return [
        heading if heading is None or heading == "ignored" or best[heading] == index else None
        for index, heading in enumerate(headings)
    ]
