"""What storing people costs: rows a second of a crawl's batches, beside the same rows written one by one.

Schools of forty people each are stored as a crawl stores their pages: several pages a transaction, each person with a
post and the evidence of every value. First nobody is known; then everybody is seen again as before; then every tenth
has another title. The rival writes the same rows with a statement each, half a page a transaction, and asks nothing
that the product asks (who is it, is it suppressed, what changed). A PostgreSQL of this run's own, nothing else at work.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
from rich.console import Console
from rich.table import Table
from sqlalchemy import func, insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from benchmarks.crawls.product import server
from storage.accounts import Account, create_account
from storage.database import Database
from storage.jobs import JobKind, NewJob, create_job
from storage.migrations.run import migrate
from storage.models import Evidence, School, StaffMember, StaffPost
from storage.roles import Role
from storage.seen_people import SeenPerson
from storage.staff import store_people
from tests.conftest import fresh_database

SCHOOL_PEOPLE = 40
_EXAMPLES = """\
examples:
  python benchmarks/writes.py                       20,000 people in batches of four pages
  python benchmarks/writes.py --people 4000 --pages 1 --pages 16 --json
"""


class Stored(msgspec.Struct, frozen=True):
    """How people were stored."""

    what: str
    pages: int
    """A transaction."""
    people: int
    people_per_second: float
    processor_ms: float
    """Of this process's processor time, a person."""
    ratio: float | None = None
    """People a second by those of the statements a row, in the same run."""


def main() -> None:
    """Stores everybody in each way and prints what it took."""
    wanted = _arguments()
    found: list[Stored] = []
    with server() as postgres:
        for pages in wanted.pages or [4]:
            with fresh_database(postgres) as url:
                found += asyncio.run(_measured(url, wanted.people, pages))
    if wanted.json:
        print(msgspec.json.encode(found).decode())
        return
    table = Table("", "pages a transaction", "people", "people/s", "CPU ms/person", "to one by one")
    for one in found:
        ratio = f"{one.ratio:.1f} x" if one.ratio else ""
        table.add_row(
            *(one.what, str(one.pages), f"{one.people:,}", f"{one.people_per_second:,.0f}"),
            *(f"{one.processor_ms:.2f}", ratio),
        )
    Console().print(table)


async def _measured(url: str, people: int, pages: int) -> list[Stored]:
    await asyncio.to_thread(migrate, url)
    database = Database(url)
    try:
        account, job_id, schools = await _job(database, -(-people // SCHOOL_PEOPLE))
        seen_at = datetime(2026, 11, 1, tzinfo=UTC)
        page_lists = [_page(school, seen_at) for school in schools]
        runs = (
            ("new", page_lists),
            ("seen again", [_again(page, seen_at + timedelta(days=7), every=0) for page in page_lists]),
            ("every tenth changed", [_again(page, seen_at + timedelta(days=14), every=10) for page in page_lists]),
        )
        stored = [await _store(database, account, job_id, run, pages, what) for what, run in runs]
        few = page_lists[: max(1, len(page_lists) // 4)]
        await _emptied(database, account)
        rival = await _one_by_one(database, account, job_id, few)
        await _check(database, account, sum(map(len, few)))
    finally:
        await database.close()
    base = rival.people_per_second
    return [*(msgspec.structs.replace(one, ratio=one.people_per_second / base) for one in stored), rival]


async def _job(database: Database, schools: int) -> tuple[Account, UUID, list[int]]:
    async with database.system() as connection:
        account, _ = await create_account(connection, organization="Bench", user="bench", role=Role.ADMIN)
    async with database.tenant(account.organization_id) as connection:
        new = NewJob(account.organization_id, account.user_id, JobKind.HARVEST_STAFF, {})
        job_id, _ = await create_job(connection, new)
        rows = [
            {
                "organization_id": account.organization_id,
                "identity": f"school{number}",
                "name": f"Elementary School {number}",
                "district": f"District {number // 20}",
                "state": "TX",
                "confidence": 0.95,
            }
            for number in range(schools)
        ]
        ids = await connection.scalars(insert(School).returning(School.id), rows)
        return account, job_id, list(ids)


def _page(school: int, seen_at: datetime) -> list[SeenPerson]:
    """The people of one school's staff page, three of four with an address."""
    url = f"https://school{school}.example.org/staff"
    return [
        SeenPerson(
            school_id=school,
            url=url,
            seen_at=seen_at,
            name=f"Ann{number} Marlow{school}",
            first_name=f"Ann{number}",
            last_name=f"Marlow{school}",
            title=f"Mathematics Teacher, Grade {number % 12}",
            role="teacher",
            department="Mathematics",
            email=f"ann{number}@school{school}.example.org" if number % 4 else None,
            email_state="published" if number % 4 else "none",
            email_method="mailto" if number % 4 else None,
            phone=f"(512) 555-0{100 + number}",
            phone_e164=f"+1512555{100 + number:04d}",
            extension=None,
            profile_url=None,
            snippet=f"Ann{number} Marlow{school} Mathematics Teacher, Grade {number % 12}",
            confidence=0.93,
            subjects=("math",),
            grades=(str(number % 12),),
        )
        for number in range(SCHOOL_PEOPLE)
    ]


def _again(page: Sequence[SeenPerson], seen_at: datetime, *, every: int) -> list[SeenPerson]:
    return [
        replace(person, seen_at=seen_at, title="Principal" if every and number % every == 0 else person.title)
        for number, person in enumerate(page)
    ]


async def _store(
    database: Database, account: Account, job_id: UUID, run: Sequence[list[SeenPerson]], pages: int, what: str
) -> Stored:
    began, before = time.perf_counter(), _processor_seconds()
    for batch in _batched(run, pages):
        async with database.tenant(account.organization_id) as connection:
            await store_people(
                connection,
                [person for page in batch for person in page],
                organization_id=account.organization_id,
                job_id=job_id,
                attempt=1,
            )
    people = sum(map(len, run))
    return _told(what, pages, people, began, before)


async def _one_by_one(database: Database, account: Account, job_id: UUID, run: Sequence[list[SeenPerson]]) -> Stored:
    """The same rows with a statement each, half a page a transaction."""
    began, before = time.perf_counter(), _processor_seconds()
    half = SCHOOL_PEOPLE // 2
    for page in run:
        for people in (page[:half], page[half:]):
            async with database.tenant(account.organization_id) as connection:
                for person in people:
                    shared = {"organization_id": account.organization_id}
                    row = {name: getattr(person, name) for name in _MEMBER}
                    lists = {name: list(getattr(person, name)) for name in ("credentials", "subjects", "grades")}
                    span = {"first_seen": person.seen_at, "last_seen": person.seen_at}
                    new = upsert(StaffMember).values(
                        **shared, **row, **lists, **span, identity=person.email or f"{person.school_id} {person.name}"
                    )
                    member_id = await connection.scalar(
                        new.on_conflict_do_update(
                            index_elements=["organization_id", "identity"],
                            set_={"last_seen": new.excluded.last_seen, "title": new.excluded.title},
                        ).returning(StaffMember.id)
                    )
                    await connection.execute(
                        upsert(StaffPost)
                        .values(
                            **shared, staff_member_id=member_id, school_id=person.school_id, title=person.title,
                            role=person.role, source_url=person.url, job_id=job_id, **span,
                        )
                        .on_conflict_do_nothing()
                    )  # fmt: skip
                    for name in ("name", "title", "department", "email", "phone"):
                        if value := getattr(person, name):
                            await connection.execute(
                                upsert(Evidence)
                                .values(
                                    **shared, subject="staff", subject_id=member_id, field=name, source=person.url,
                                    printed=value, value=value, confidence=person.confidence, method="page",
                                    url=person.url, snippet=person.snippet, seen_at=person.seen_at, job_id=job_id,
                                    attempt=1,
                                )
                                .on_conflict_do_nothing()
                            )  # fmt: skip
    return _told("one by one, new", 1, sum(map(len, run)), began, before)


_MEMBER = (
    *("name", "first_name", "last_name", "title", "role", "department", "email", "email_state", "phone"),
    *("phone_e164", "extension", "profile_url", "confidence"),
)


async def _emptied(database: Database, account: Account) -> None:
    async with database.tenant(account.organization_id) as connection:
        await connection.execute(text("DELETE FROM evidence"))
        await connection.execute(text("DELETE FROM staff_member"))


async def _check(database: Database, account: Account, people: int) -> None:
    async with database.tenant(account.organization_id) as connection:
        stored = await connection.scalar(select(func.count()).select_from(StaffMember))
    if stored != people:
        raise RuntimeError(f"{stored} people are stored, {people} were to be")


def _batched(run: Sequence[list[SeenPerson]], pages: int) -> list[Sequence[list[SeenPerson]]]:
    return [run[first : first + pages] for first in range(0, len(run), pages)]


def _told(what: str, pages: int, people: int, began: float, before: float) -> Stored:
    passed, spent = time.perf_counter() - began, _processor_seconds() - before
    return Stored(what, pages, people, people / passed, 1000 * spent / people)


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python benchmarks/writes.py",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--people", type=int, default=20_000, help="that are stored (default: 20,000)")
    parser.add_argument("--pages", type=int, action="append", help="of a transaction; may be repeated (default: 4)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    wanted = parser.parse_args()
    if wanted.people < SCHOOL_PEOPLE or any(pages < 1 for pages in wanted.pages or ()):
        parser.error(f"--people must be {SCHOOL_PEOPLE} or more, --pages 1 or more")
    return wanted


if __name__ == "__main__":
    main()
