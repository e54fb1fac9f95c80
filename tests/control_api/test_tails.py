"""What streams share: a line is read once for all of them, and one that falls behind costs no memory."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from uuid import UUID

from control_api.events import tails
from control_api.events.frames import Cursor, EventView, Line, job_line
from control_api.events.tails import Tail
from storage.database import Database

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class Book:
    """A story in memory that counts how often it is read."""

    organization_id = UUID(int=0)

    def __init__(self, lines: int) -> None:
        self.lines = [
            job_line(EventView(UUID(int=1), seq, EPOCH, "progress", {"seq": seq})) for seq in range(1, lines + 1)
        ]
        self.reads = 0

    async def read(self, database: Database, after: Cursor) -> list[Line]:
        self.reads += 1
        await asyncio.sleep(0)
        return [line for line in self.lines if line.cursor > after][: tails.LINES_A_READ]


async def read_all(tail: Tail, cursor: Cursor) -> list[int]:
    seen: list[int] = []
    while lines := await tail.after(cursor):
        seen += [int(line.cursor[0]) for line in lines]
        cursor = lines[-1].cursor
    return seen


async def test_a_line_is_read_once_for_all_streams(database: Database) -> None:
    book = Book(1200)
    tail = Tail(book, database, (0,), set())
    readings = await asyncio.gather(*(read_all(tail, (0,)) for _ in range(50)))
    assert all(seen == list(range(1, 1201)) for seen in readings)
    assert book.reads < 20
    quiet = book.reads
    assert await tail.after((1200,)) == []
    assert book.reads == quiet, "nobody rang"
    tail.ring()
    assert await asyncio.gather(*(tail.after((1200,)) for _ in range(20))) == [[]] * 20
    assert book.reads == quiet + 1


async def test_a_reader_behind_what_is_kept_reads_the_table(database: Database) -> None:
    book = Book(3000)
    tail = Tail(book, database, (0,), set())
    assert await read_all(tail, (0,)) == list(range(1, 3001))
    assert len(tail._kept) == tails.LINES_KEPT
    assert await read_all(tail, (5,)) == list(range(6, 3001))
    assert await read_all(tail, (2500,)) == list(range(2501, 3001))


async def test_a_reader_ahead_of_the_tail_is_served_too(database: Database) -> None:
    book = Book(100)
    tail = Tail(book, database, (0,), set())
    assert [line.cursor[0] for line in await tail.after((90,))] == list(range(91, 101))
