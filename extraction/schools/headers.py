"""Headers: which field each column holds, and how this is remembered for pages that go on without a header."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from extraction.schools.fields import fits, guess_field
from extraction.schools.vocabulary import Heading, header_meaning, is_field


class PlannedColumn(msgspec.Struct, frozen=True):
    """One column: where it stands and what it holds (None: unknown)."""

    left: float
    right: float
    heading: Heading | None
    sure: float = 1.0


class ColumnPlan(msgspec.Struct, frozen=True):
    """What the columns of a document hold, as its header (or, without one, its values) said."""

    columns: tuple[PlannedColumn, ...]
    from_header: bool

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
                moved.append(PlannedColumn(left, right, self.columns[index].heading, self.columns[index].sure))
            else:
                moved.append(PlannedColumn(left, right, None))
        return ColumnPlan(tuple(moved), self.from_header)


def plan_from_header(texts: Sequence[str | None], columns: Sequence[tuple[float, float]]) -> ColumnPlan | None:
    """The plan that a row of texts spells, or None where the row is no header.

    A header names the schools and at least one more column. A row of a table seldom does: "Lincoln School" is covered
    by known header words only to one half, and its neighbours would have to be header words too.
    """
    meanings = [header_meaning(text) if text else None for text in texts]
    named = [meaning for meaning in meanings if meaning is not None]
    filled = sum(1 for text in texts if text)
    if len(named) < 2 or len(named) < 0.5 * filled or sum(meaning.share for meaning in named) < 0.6 * filled:
        return None
    headings: list[Heading | None] = [meaning.heading if meaning else None for meaning in meanings]
    shares = [meaning.share if meaning else 0.0 for meaning in meanings]
    by_level = "name" not in headings and headings.count("level") > 1
    headings = _named(headings)
    if "name" not in headings or sum(heading is not None for heading in headings) < 2:
        return None
    settled = headings if by_level else _once(headings, shares)
    return ColumnPlan(
        tuple(
            PlannedColumn(left, right, heading, share)
            for (left, right), heading, share in zip(columns, settled, shares, strict=True)
        ),
        from_header=True,
    )


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
    return ColumnPlan(
        tuple(
            PlannedColumn(left, right, heading, 0.7) for (left, right), heading in zip(columns, headings, strict=True)
        ),
        from_header=False,
    )


def checked(plan: ColumnPlan, cells: Sequence[Sequence[str | None]]) -> tuple[ColumnPlan, list[str]]:
    """The plan without the columns whose values cannot be what the header says, and a warning for each."""
    kept: list[PlannedColumn] = []
    warnings: list[str] = []
    for index, column in enumerate(plan.columns):
        values = [text for row in cells if (text := row[index])]
        heading = column.heading
        if is_field(heading) and len(values) >= 3 and fits(heading, values) < 0.5:
            warnings.append(f"column {index + 1} is headed as {heading}, but its values are not; it was left out")
            kept.append(PlannedColumn(column.left, column.right, None))
        else:
            kept.append(column)
    return ColumnPlan(tuple(kept), plan.from_header), warnings


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
