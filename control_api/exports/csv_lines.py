"""Values as lines of CSV that a spreadsheet shows as they are: text that would run as a formula is defused.

School sites are not ours; a "name" of `=HYPERLINK(…)` must arrive in somebody's spreadsheet as these words.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import datetime
from io import StringIO
from typing import Any, cast

FORMULA_BEGINS = frozenset("=+-@\t\r\n\0＝＋－＠")
"""What makes a spreadsheet evaluate a cell, also in the full-width forms that some programs fold."""
_DROPPED = " \u00a0\u3000\ufeff\u200b\"'"
_SUSPECT = FORMULA_BEGINS | set(_DROPPED)


def csv_bytes(rows: Iterable[Iterable[Any]], *, raw: bool = False) -> bytes:
    """Lines of CSV as RFC 4180 wants them; with `raw` text stands as it is, for programs."""
    show = plain if raw else cell
    written = StringIO(newline="")
    csv.writer(written, lineterminator="\r\n").writerows([show(value) for value in row] for row in rows)
    return written.getvalue().encode()


def is_formula(text: str) -> bool:
    """Whether a spreadsheet would take a text for a formula, also behind blanks or quotes that it may drop."""
    # Nearly every text is told by its first letter alone, which an export of a million rows asks thirty million times.
    return text[:1] in _SUSPECT and text.lstrip(_DROPPED)[:1] in FORMULA_BEGINS


def cell(value: Any) -> str:
    """A value as text that a spreadsheet shows as it is: an apostrophe before what it would evaluate."""
    text = plain(value)
    return f"'{text}" if isinstance(value, (str, list, tuple)) and is_formula(text) else text


def plain(value: Any) -> str:
    """A value as text, a list with semicolons."""
    if isinstance(value, str):
        return value
    match value:
        case None:
            return ""
        case datetime():
            return value.isoformat(timespec="seconds")
        case float():
            return f"{value:.4g}"
        case list() | tuple():
            return "; ".join(cast("Sequence[str]", value))
        case _:
            return str(value).lower() if isinstance(value, bool) else str(value)
