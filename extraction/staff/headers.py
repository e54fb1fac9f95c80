"""What the header of a table says about its columns, by the words of `columns.toml`."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field, replace
from functools import cache

from extraction.staff.grids import MOST_COLUMNS, Cell
from extraction.staff.lines import split_text
from extraction.staff.vocabulary import table

_SPACED = re.compile(r"[^a-z]+")
_PERSONAL = ("name", "first", "last")
_LISTED = (*_PERSONAL, "honorific", "title", "department", "extension")


@dataclass(slots=True)
class Columns:
    """Which column holds what, for one of the people that a row lists side by side; -1 for none."""

    start: int = 0
    end: int = MOST_COLUMNS
    name: int = -1
    first: int = -1
    last: int = -1
    honorific: int = -1
    title: int = -1
    department: int = -1
    location: int = -1
    extension: int = -1
    has_header: bool = False
    others: list[int] = field(default_factory=list[int])
    """Columns that hold none of a title: addresses, numbers, rooms."""
    titles: list[int] = field(default_factory=list[int])
    """Every column whose header says that it holds titles."""


def read_header(cells: tuple[Cell, ...], *, is_first: bool) -> list[Columns] | None:
    """The columns that a row of header words names, none where it says that no staff follows; None for other rows."""
    keys = _keys(cells)
    filled = [cell for cell in cells if cell.text]
    known = [key for key in keys if key]
    needed = 1 if all(cell.node.tag == "th" for cell in cells) else max(2, (len(filled) + 1) // 2)
    if len(filled) < 2 or len(known) < needed or any(line.emails for cell in cells for line in cell.lines):
        return None
    if any(not key and split_text(cell.text) for key, cell in zip(keys, cells, strict=True)):
        return None
    places = is_first and "school" in known and len(known) == len(filled) and not any(key in _LISTED for key in known)
    if places or "off" in known:
        return []
    if not any(key in _PERSONAL for key in known):
        return None
    parts = _side_by_side(cells, keys)
    for columns in parts:
        for number in range(columns.start, min(columns.end, len(keys))):
            key = keys[number]
            if key == "title":
                columns.titles.append(number)
            if key in _LISTED:
                if getattr(columns, key) < 0:
                    setattr(columns, key, number)
            elif key:
                columns.others.append(number)
            if key == "school" and columns.location < 0:
                columns.location = number
    return [columns for part in parts for columns in (part, *_more_names(part, keys))]


def _more_names(part: Columns, keys: list[str | None]) -> list[Columns]:
    """The further people of a row whose columns are headed "Teacher" and "Coach"; all share the title's column."""
    numbers = range(part.start, min(part.end, len(keys)))
    return [
        replace(part, name=number, first=-1, last=-1, others=[other for other in numbers if other != number])
        for number in numbers
        if keys[number] == "name" and number != part.name
    ]


def _side_by_side(cells: tuple[Cell, ...], keys: list[str | None]) -> list[Columns]:
    """The parts of a header that repeats itself: "Name, E-mail, Name, E-mail"."""
    texts = [cell.text.lower() for cell in cells]
    first = next(number for number, text in enumerate(texts) if text)
    starts = [number for number, text in enumerate(texts) if text == texts[first]]
    bounds = list(zip(starts, [*starts[1:], MOST_COLUMNS], strict=True))
    if not all(any(key in _PERSONAL for key in keys[start:end]) for start, end in bounds):
        bounds = [(0, MOST_COLUMNS)]
    return [Columns(start, end, has_header=True) for start, end in bounds]


def _keys(cells: tuple[Cell, ...]) -> list[str | None]:
    keys = [header_kind(cell.text) for cell in cells]
    if "last" in keys and "first" not in keys:
        # "Surname" and "Name"
        return ["first" if key == "name" else key for key in keys]
    return keys


def header_kind(text: str) -> str | None:
    """What a column holds under a header of this text: `name`, `title`, …; None for words that head none."""
    plain = unicodedata.normalize("NFKD", text.lower()).encode("ascii", "ignore").decode()
    return _header_words().get(_SPACED.sub(" ", plain).strip())


@cache
def _header_words() -> dict[str, str]:
    kinds = table("columns")
    return {word: kind for kind, texts in kinds.items() for word in texts}
