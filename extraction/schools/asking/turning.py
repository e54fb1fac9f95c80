"""Turning the pages of a document, with a plan from where one is found."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Self

from extraction.schools.headers import ColumnPlan
from extraction.schools.records import PageReading

ReadFrom = Callable[[int, ColumnPlan | None], Generator[PageReading]]
"""Reads from a page on, with a plan or without."""


class PageTurner:
    """An iterator over a caged reading. Closing it ends the child."""

    def __init__(self, read_from: ReadFrom, first: int, plan: ColumnPlan | None) -> None:
        self._read_from = read_from
        self._next = first
        self._readings = read_from(first, plan)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> PageReading:
        reading = next(self._readings)
        self._next = reading.page + 1
        return reading

    def go_on_with(self, plan: ColumnPlan) -> None:
        """Read the pages that follow with a plan. The child starts over, because earlier pages head later ones."""
        self.close()
        self._readings = self._read_from(self._next, plan)

    def close(self) -> None:
        """End the child."""
        self._readings.close()
