"""The official school directory: loaded in bulk from the NCES files, read by state, joined by NCES id."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.models import DirectorySchool
from storage.queries import statement

COLUMNS = (
    "nces_id",
    "name",
    "district",
    "lea_id",
    "state_id",
    "address",
    "city",
    "state",
    "zip",
    "phone",
    "website",
    "level",
    "low_grade",
    "high_grade",
)


async def import_directory(connection: AsyncConnection, rows: Iterable[Sequence[str | None]]) -> int:
    """Loads rows (in the order of COLUMNS) in the caller's system transaction; known schools are replaced.

    COPY into a temporary table and one upsert: the file has a hundred thousand rows.

    Returns:
        How many schools the directory holds afterwards.
    """
    await connection.execute(text("CREATE TEMPORARY TABLE incoming (LIKE directory_school) ON COMMIT DROP"))
    raw = await connection.get_raw_connection()
    driver: Any = raw.driver_connection
    async with (
        driver.cursor() as cursor,
        cursor.copy(f"COPY incoming ({', '.join(COLUMNS)}, imported_at) FROM STDIN") as copy,
    ):
        for row in rows:
            await copy.write_row((*row, "now"))
    await connection.execute(statement("merge_directory"))
    return int(await connection.scalar(select(func.count()).select_from(DirectorySchool)) or 0)


async def import_places(connection: AsyncConnection, rows: Iterable[tuple[str, float, float]]) -> int:
    """Loads where schools lie (NCES id, latitude, longitude) in the caller's system transaction.

    Only schools that the directory lists are given a place; those of documents follow with `locate_schools`.

    Returns:
        How many schools of the directory have a place afterwards.
    """
    await connection.execute(
        text("CREATE TEMPORARY TABLE incoming_place (nces_id text, latitude float, longitude float) ON COMMIT DROP")
    )
    raw = await connection.get_raw_connection()
    driver: Any = raw.driver_connection
    async with driver.cursor() as cursor, cursor.copy("COPY incoming_place FROM STDIN") as copy:
        for row in rows:
            await copy.write_row(row)
    await connection.execute(statement("merge_geocodes"))
    placed = select(func.count(DirectorySchool.latitude))
    return int(await connection.scalar(placed) or 0)


async def locate_schools(connection: AsyncConnection, school_ids: Sequence[int] | None = None) -> int:
    """Gives a tenant's schools the places that the directory knows by their NCES ids; returns how many changed."""
    moved = await connection.execute(
        statement("locate_schools"), {"school_ids": None if school_ids is None else list(school_ids)}
    )
    return moved.rowcount


async def directory_of_states(connection: AsyncConnection, states: Iterable[str]) -> Sequence[Row[Any]]:
    """The directory's schools of some states."""
    return (
        await connection.execute(select(DirectorySchool.__table__).where(DirectorySchool.state.in_(list(states))))
    ).all()


async def directory_size(connection: AsyncConnection) -> int:
    """How many schools the directory holds."""
    return int(await connection.scalar(select(func.count()).select_from(DirectorySchool)) or 0)
