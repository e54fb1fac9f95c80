"""Lines of a story as bytes of a stream: server-sent events, and the cursors that clients send back.

A job's stream numbers its events by `seq`; the organization's feed by its places
(`storage.feed`).
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from control_api.pages import InvalidCursorError
from storage.feed import BEGINNING, FeedPlace
from storage.jobs import FINAL

Cursor = tuple[int | str, ...]
"""Place in a story. Of a job: (seq,); of the feed: a `FeedPlace`."""

PING = b": ping\n\n"
PREAMBLE = b"retry: 3000\n\n"
"""Tells clients to wait three seconds before they connect again."""
FINAL_KINDS = frozenset(str(state) for state in FINAL)
"""After an event of these kinds a job's story has no more lines."""
LARGEST = 2**63 - 1
LONGEST_SNAPSHOT = 8000
"""Characters: several hundred open transactions."""
LONGEST_PLACE = 2 * LONGEST_SNAPSHOT + 40
"""Characters of a place in the feed, which has two snapshots and a number."""


class EventView(msgspec.Struct, frozen=True):
    """One line of a job's story."""

    job_id: UUID
    seq: int
    at: datetime
    kind: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """An event, encoded once for all streams that show it."""

    cursor: Cursor
    frame: bytes
    final: bool = False


def job_line(event: EventView) -> Line:
    """An event in the stream of its job."""
    return Line((event.seq,), _frame(str(event.seq), event), event.kind in FINAL_KINDS)


def feed_line(event: EventView, place: FeedPlace) -> Line:
    """An event in the feed of an organization, which never ends."""
    return Line(place, _frame(feed_id(place), event))


def feed_id(place: FeedPlace) -> str:
    """A place in the feed as clients see it."""
    return f"{place.seen};{place.upto};{place.id}"


def feed_preamble(place: FeedPlace) -> bytes:
    """The feed's beginning. It names the place, so that a client that is cut off before the first event resumes too."""
    return f"id: {feed_id(place)}\n".encode() + PREAMBLE


def job_seq(word: str) -> int:
    """The number of the event in a job's story that a client names.

    Raises:
        InvalidCursorError: it is no number of an event.
    """
    if re.fullmatch(r"[0-9]{1,19}", word) and int(word) <= LARGEST:
        return int(word)
    raise InvalidCursorError(f"{word[:60]!r} is no number of an event (Last-Event-ID or `after`).")


def feed_cursor(word: str) -> FeedPlace:
    """The place in the feed that a client names; `0` is the beginning.

    Raises:
        InvalidCursorError: it is no place that the feed gave out.
    """
    if word == "0":
        return BEGINNING
    seen, upto, number = (*word.split(";"), "", "")[:3]
    if word.count(";") == 2 and _is_snapshot(seen) and _is_snapshot(upto) and re.fullmatch(r"[0-9]{1,18}", number):
        return FeedPlace(seen, upto, int(number))
    raise InvalidCursorError(f"{word[:60]!r} is no place in the feed (Last-Event-ID or `after`).")


def _is_snapshot(word: str) -> bool:
    """Whether PostgreSQL will read it: `xmin:xmax:` and the transactions open in between, ascending."""
    if len(word) > LONGEST_SNAPSHOT or not re.fullmatch(r"[0-9]{1,18}:[0-9]{1,18}:([0-9]{1,18}(,[0-9]{1,18})*)?", word):
        return False
    lowest, highest, between = word.split(":")
    opened = [int(xid) for xid in between.split(",") if xid]
    line = [int(lowest), *opened, int(highest)]
    ascending = all(left < right for left, right in itertools.pairwise(opened))
    return ascending and line[0] > 0 and line[0] == min(line) and max(line[:-1]) <= line[-1] and line[-1] not in opened


def _frame(event_id: str, event: EventView) -> bytes:
    # JSON has no raw line breaks, so one `data:` line holds it; a kind is a word of our own.
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (event_id.encode(), event.kind.encode(), msgspec.json.encode(event))
