"""Doubt: the pages about which a model is asked. The parser's own signals decide, never a model's opinion."""

from __future__ import annotations

from extraction.schools.records import PageReading

_SOME_ROWS = 5
_LEAST_SURE = 0.4
"""A reading less sure is no improvement even on none."""


def is_doubtful(reading: PageReading, below: float) -> bool:
    """Whether a page seems to list more, or something else, than was read from it.

    Pages on which no table was found at all are asked about only if they turn out to have rows (`BandedPage.body`):
    most of them are covers and letters.
    """
    if reading.method == "no_table":
        return True
    if not reading.rows:
        return False  # `needs_ocr`, `empty`: there are no words that an answer could be held against
    missing = (reading.rows_expected or 0) - len(reading.rows)
    return reading.confidence < below or missing > max(2, 0.2 * len(reading.rows))


def lacks_status(reading: PageReading) -> bool:
    """Whether a good list leaves out what every Title I list says; one of its columns may be without a meaning."""
    return len(reading.rows) >= _SOME_ROWS and not any("title1_status" in row.fields for row in reading.rows)


def is_better(new: PageReading, old: PageReading) -> bool:
    """Whether a second reading of a page says more and says it surely, by the parser's own signals.

    Confidence counts by its cube as between layouts: a wrong reading often makes more values, out of pieces.
    """
    return new.confidence >= _LEAST_SURE and _content(new) > _content(old)


def _content(reading: PageReading) -> float:
    return reading.confidence**3 * sum(len(row.fields) for row in reading.rows)
