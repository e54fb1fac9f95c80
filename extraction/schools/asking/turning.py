"""Turning the pages of a document, with a plan from where one is found."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Self

from extraction.schools.headers import ColumnPlan
from extraction.schools.records import PageReading

ReadFrom = Callable[[int, ColumnPlan | None, str | None], Generator[PageReading]]
"""Reads from a page on, with a plan and the thread of the pages before, or without."""


class PageTurner:
    """An iterator over a caged reading. Closing it ends the child."""

    def __init__(self, read_from: ReadFrom, first: int, plan: ColumnPlan | None, thread: str | None) -> None:
        self._read_from = read_from
        self._next = first
        self._readings = read_from(first, plan, thread)
        self._thread = thread
        self.before = thread
        """The thread before the page that was turned to last."""

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> PageReading:
        reading = next(self._readings)
        self._next = reading.page + 1
        self.before, self._thread = self._thread, reading.thread
        return reading

    def go_on_with(self, plan: ColumnPlan, thread: str | None) -> None:
        """Read the pages that follow with a plan, and with the thread of a better reading of the last one."""
        self.close()
        self._thread = thread
        self._readings = self._read_from(self._next, plan, thread)

    def close(self) -> None:
        """End the child."""
        self._readings.close()
