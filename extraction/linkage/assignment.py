"""One-to-one assignment: of all ways to give each row at most one school, and each school to one row, the best.

The Hungarian method with potentials, cubic in the number of rows. What is asked besides is how much is lost when one
pair is forbidden: where that is little, another assignment is as good and the pair is not certain. For very many rows
there is a cheaper rule: pairs that choose each other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

Values = Sequence[Mapping[str, float]]
"""For each row the schools it may be given, each with a value above 0; staying without one has the value 0."""


def best_assignment(values: Values) -> list[str | None]:
    """The school of each row, or None for a row that stays without one; the sum of the values is the largest."""
    columns = list(dict.fromkeys(column for row in values for column in row))
    # Behind the schools stands one empty place for each row.
    costs = [[-row.get(column, -1.0) for column in columns] + [0.0] * len(values) for row in values]
    taken = _cheapest(costs)
    return [columns[place] if place < len(columns) else None for place in taken]


def total(values: Values, assigned: Sequence[str | None]) -> float:
    """The sum of an assignment's values."""
    return sum(row[school] for row, school in zip(values, assigned, strict=True) if school is not None)


def regrets(values: Values, assigned: Sequence[str | None]) -> list[float]:
    """For each row of the best assignment: what the sum loses when just this pair is forbidden."""
    best = total(values, assigned)
    lost: list[float] = []
    for place, school in enumerate(assigned):
        if school is None:
            lost.append(0.0)
            continue
        others = list(values)
        others[place] = {column: value for column, value in values[place].items() if column != school}
        lost.append(best - total(others, best_assignment(others)))
    return lost


def mutual_choice(values: Values) -> tuple[list[str | None], list[float]]:
    """Pairs in which the row is worth most to the school, and the school to the row; for groups of any size.

    Returns:
        The school of each row, and how much the pair leads all others of its row and of its school.
    """
    wanting: dict[str, list[float]] = {}
    for row in values:
        for school, value in row.items():
            wanting.setdefault(school, []).append(value)
    chosen: list[str | None] = []
    leads: list[float] = []
    for row in values:
        best = max(row, key=row.__getitem__, default=None)
        if best is None or row[best] < max(wanting[best]):
            chosen.append(None)
            leads.append(0.0)
            continue
        rivals = sorted(wanting[best])[:-1] + [value for school, value in row.items() if school != best]
        chosen.append(best)
        leads.append(row[best] - max(rivals, default=0.0))
    # Of rows that are worth the same to a school only one may have it; their lead is 0, so nothing follows from which.
    seen: set[str] = set()
    for place, school in enumerate(chosen):
        if school in seen:
            chosen[place] = None
        elif school is not None:
            seen.add(school)
    return chosen, leads


def _cheapest(costs: list[list[float]]) -> list[int]:
    """The column of each row; there are at least as many columns as rows."""
    rows, columns = len(costs), len(costs[0]) if costs else 0
    row_price, column_price = [0.0] * (rows + 1), [0.0] * (columns + 1)
    owner = [0] * (columns + 1)  # the row (from 1) that has each column (from 1); 0 is nobody
    came_from = [0] * (columns + 1)
    for row in range(1, rows + 1):
        owner[0] = row
        last, slack, done = 0, [math.inf] * (columns + 1), [False] * (columns + 1)
        while owner[last]:
            done[last] = True
            here, least, following = owner[last], math.inf, 0
            for column in range(1, columns + 1):
                if done[column]:
                    continue
                reduced = costs[here - 1][column - 1] - row_price[here] - column_price[column]
                if reduced < slack[column]:
                    slack[column], came_from[column] = reduced, last
                if slack[column] < least:
                    least, following = slack[column], column
            for column in range(columns + 1):
                if done[column]:
                    row_price[owner[column]] += least
                    column_price[column] -= least
                else:
                    slack[column] -= least
            last = following
        while last:
            owner[last] = owner[came_from[last]]
            last = came_from[last]
    found = [0] * rows
    for column in range(1, columns + 1):
        if owner[column]:
            found[owner[column] - 1] = column - 1
    return found
