"""Pages of a list: at most `limit` items, and an opaque cursor that leads to the next ones.

The cursor is the sort key of the last item, so that a page costs the same wherever it is, and rows that are added
meanwhile neither repeat nor hide any.
"""

from __future__ import annotations

import binascii
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar

import msgspec
from litestar.params import PathParameter, QueryParameter

from control_api.problems import InvalidParameterError, invalid_parameter
from storage.finding import Found

Item = TypeVar("Item")
Row = TypeVar("Row")
Key = TypeVar("Key")

LARGEST_PAGE = 200
Limit = Annotated[int, QueryParameter(ge=1, le=LARGEST_PAGE, description="Items on a page at most.")]
PageCursor = Annotated[
    str | None, QueryParameter(max_length=1000, description="`next` of the page before; without it, the first page.")
]
# `state` itself is a word of the framework's.
InState = Annotated[
    str | None, QueryParameter(name="state", max_length=60, description="A state, by its letters or its name.")
]
NearPlace = Annotated[
    str | None,
    QueryParameter(max_length=60, description="A ZIP, or latitude,longitude in degrees: schools around it only."),
]
LARGEST_ID = 2**53 - 1
"""Of a row: no sequence comes near it, and every JSON reader can hold it."""
RowId = Annotated[int, PathParameter(ge=1, le=LARGEST_ID)]
Word = Annotated[str | None, QueryParameter(max_length=200)]
_MOMENT = r"^\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:?\d\d)?)?$"
Moment = Annotated[
    str | None,
    QueryParameter(
        max_length=40,
        schema_extra={"pattern": _MOMENT},  # only told here; `known_time` checks it, and says what it is in words
        description="A day or a time (ISO 8601); without a zone, UTC.",
    ),
]
DEFAULT_RADIUS = 25.0
Radius = Annotated[float, QueryParameter(gt=0, le=500, description="Of `near`, in miles.")]
Search = Annotated[str | None, QueryParameter(max_length=200, description="Beginnings of words that must all occur.")]


class InvalidCursorError(InvalidParameterError):
    """A cursor that no page gave out."""

    code = "INVALID_CURSOR"


class Page(msgspec.Struct, Generic[Item], frozen=True):
    """Some items of a list in its order."""

    items: list[Item]
    next: str | None
    """Cursor of the next page; null on the last one."""


class FoundPage(Page[Item], Generic[Item], frozen=True):
    """Some items of a list that was searched by words."""

    alike: bool
    """Nothing has the words; the items have names that look like them."""


def in_utc(time: datetime | None) -> datetime | None:
    """A time that names no zone, as one of UTC."""
    return time.replace(tzinfo=UTC) if time is not None and time.tzinfo is None else time


def known_time(text: str | None, name: str) -> datetime | None:
    """The day or the time that the parameter `name` gives.

    Raises:
        ValidationException: it is neither.
    """
    if not text:
        return None
    try:
        if re.match(_MOMENT, text):
            return in_utc(datetime.fromisoformat(text))
    except ValueError:
        pass  # such as the thirtieth of February
    raise invalid_parameter(name, f"{text!r} is no day or time, such as 2026-11-01 or 2026-11-01T09:30:00Z.")


def found_page(
    found: Found[Row], limit: int, *, item: Callable[[Row], Item], key: Callable[[Row], object]
) -> FoundPage[Item]:
    """A page of what was found, of which one more than `limit` was asked for."""
    page = page_of(found.rows, limit, item=item, key=key)
    return FoundPage(page.items, page.next, found.alike)


def page_of(
    rows: Sequence[Row], limit: int, *, item: Callable[[Row], Item], key: Callable[[Row], object]
) -> Page[Item]:
    """A page of rows, of which one more than `limit` was asked for: it tells whether there is a next page."""
    shown = rows[:limit]
    more = encode_cursor(key(shown[-1])) if len(rows) > limit else None
    return Page([item(row) for row in shown], more)


def encode_cursor(key: object) -> str:
    """A sort key as an opaque word for URLs."""
    return urlsafe_b64encode(msgspec.json.encode(key)).rstrip(b"=").decode()


def decode_cursor(cursor: str | None, key_type: type[Key]) -> Key | None:
    """The sort key in a cursor; None for the first page.

    Raises:
        InvalidCursorError: no list of this kind gave out such a cursor.
    """
    if cursor is None:
        return None
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        return _without_nul(msgspec.json.decode(urlsafe_b64decode(padded), type=key_type))
    except (ValueError, binascii.Error, msgspec.DecodeError, RecursionError) as error:
        raise InvalidCursorError(
            f"{cursor[:60]!r} is not a cursor of this list. Take `next` of a page as it is, or leave `cursor` away."
        ) from error


def _without_nul(key: Key) -> Key:
    """The same key; no row that was ever stored has one with a NUL."""
    if b"\\u0000" in msgspec.json.encode(key):
        raise ValueError("a NUL")
    return key
