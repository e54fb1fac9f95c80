"""What a file of people costs: rows a second and the peak of memory, for each format and for ever more rows.

Invented people stand in a PostgreSQL of this run's own. Each file is written by the work of an `export_leads` job, from
the first query to the blob store and the ledger, in a process of its own, whose peak is told by the kernel (VmHWM).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from rich.console import Console
from rich.table import Table

from benchmarks.crawls.product import server
from control_api.exports.formats.known import Format
from control_api.work.attempt import Attempt
from control_api.work.export import export_leads
from control_api.work.settings import WorkerSettings
from storage.accounts import create_account
from storage.blobs import Blobs
from storage.conninfo import conninfo
from storage.database import Database
from storage.jobs import JobKind, NewJob, create_job, get_job
from storage.leases import claim_job, enlist_worker
from storage.migrations.run import migrate
from storage.roles import Role
from storage.settings import StorageSettings
from tests.conftest import fresh_database

ROWS = (10_000, 100_000, 1_000_000)
SCHOOL_PEOPLE = 50
FORMATS = (Format.CSV, Format.JSONL, Format.PARQUET, Format.XLSX)
_LONGEST_SECONDS = 3600.0
_EXAMPLES = """\
examples:
  python benchmarks/export.py                          10 thousand, 100 thousand and a million people
  python benchmarks/export.py --rows 2000 --rows 20000 --format csv --format xlsx --json
"""


class Written(msgspec.Struct, frozen=True):
    """How one file was written."""

    format: str
    rows: int
    seconds: float
    rows_per_second: float
    peak_mb: float
    """Of the process that wrote it, Python and its modules included."""
    before_mb: float
    """Of that process before its first row."""
    file_mb: float


def main() -> None:
    """Writes each file once and prints what it took."""
    wanted = _arguments()
    if wanted.write:
        print(
            msgspec.json.encode(
                asyncio.run(_write(wanted.url, Format(wanted.write), UUID(wanted.organization)))
            ).decode()
        )
        return
    found: list[Written] = []
    with server() as postgres:
        for rows in sorted(wanted.rows or ROWS):
            with fresh_database(postgres) as url:
                organization_id = asyncio.run(_filled(url, rows))
                for file_format in wanted.format or FORMATS:
                    found.append(_apart(url, organization_id, file_format))
                    print(f"{file_format}, {rows:,} rows: {found[-1].seconds:.1f} s", file=sys.stderr)
    if wanted.json:
        print(json.dumps(msgspec.to_builtins(found)))
        return
    table = Table("format", "rows", "seconds", "rows/s", "peak MB", "before MB", "file MB")
    for one in found:
        numbers = (one.seconds, one.rows_per_second, one.peak_mb, one.before_mb, one.file_mb)
        table.add_row(one.format, f"{one.rows:,}", *(f"{number:,.1f}" for number in numbers))
    Console().print(table)


async def _filled(url: str, people: int) -> UUID:
    """An organization with so many people, fifty a school, each with three pieces of evidence."""
    await asyncio.to_thread(migrate, url)
    database = Database(url)
    try:
        async with database.system() as connection:
            account, _ = await create_account(connection, organization="Bench", user="bench", role=Role.ADMIN)
    finally:
        await database.close()
    values = {"organization": str(account.organization_id), "people": people, "each": SCHOOL_PEOPLE}
    with psycopg.connect(conninfo(url), autocommit=True) as connection:
        for statement in _FILL:
            connection.execute(statement, values)
        connection.execute("VACUUM ANALYZE")
    return account.organization_id


# As the server's superuser, whom no policy binds.
_FILL = (
    """
    INSERT INTO school (organization_id, identity, nces_id, name, district, address, city, county, state, zip,
                        title1_status, confidence)
    SELECT %(organization)s, 'school' || n, lpad(n::text, 12, '0'), 'Elementary School ' || md5(n::text),
           'District ' || n / 20, n || ' Main Street', 'Riverbend', 'Harris', 'TX', lpad((n %% 99999)::text, 5, '0'),
           'schoolwide', 0.95
    FROM generate_series(1, greatest(1, %(people)s / %(each)s)) n
    """,
    """
    INSERT INTO website (organization_id, school_id, url, provider, score, signals, state)
    SELECT organization_id, id, 'https://www.' || identity || '.example.org/', 'directory', 0.97, '[]', 'accepted'
    FROM school
    """,
    """
    INSERT INTO staff_member (organization_id, identity, name, first_name, last_name, title, role, subjects, grades,
                              email, email_state, phone, confidence)
    SELECT %(organization)s, 'person' || n, 'Ann Marie ' || md5(n::text), 'Ann', md5(n::text),
           'Mathematics Teacher, Grade ' || n %% 12, 'teacher', '{math}', ARRAY[(n %% 12)::text],
           CASE WHEN n %% 4 > 0 THEN 'ann.' || md5(n::text) || '@district.example.org' END,
           CASE WHEN n %% 4 > 0 THEN 'published' ELSE 'none' END, '(512) 555-0' || 100 + n %% 900, 0.93
    FROM generate_series(1, %(people)s) n
    """,
    """
    INSERT INTO staff_post (organization_id, staff_member_id, school_id, title, role, source_url)
    SELECT m.organization_id, m.id, s.id, m.title, m.role, 'https://www.' || s.identity || '.example.org/staff'
    FROM staff_member m
    JOIN school s ON s.identity = 'school' || least(1 + (substr(m.identity, 7)::int - 1) / %(each)s,
                                                   greatest(1, %(people)s / %(each)s))
    """,
    """
    INSERT INTO evidence (organization_id, subject, subject_id, field, source, printed, value, url, snippet, method,
                          confidence)
    SELECT organization_id, 'staff', id, field, 'https://district.example.org/staff', name, name,
           'https://district.example.org/staff', name || ', ' || title, 'table', 0.93
    FROM staff_member, unnest(ARRAY['name', 'title', 'email']) field
    """,
)


def _apart(url: str, organization_id: UUID, file_format: Format) -> Written:
    """One file by a process of its own."""
    command = [sys.executable, __file__, "--write", str(file_format), "--url", url]
    command += ["--organization", str(organization_id)]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    told = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, timeout=_LONGEST_SECONDS).stdout
    return msgspec.json.decode(told, type=Written)


async def _write(url: str, file_format: Format, organization_id: UUID) -> Written:
    """Does the work of a job as a worker would, and looks at this process."""
    database = Database(url)
    session = await database.connect()
    with tempfile.TemporaryDirectory(prefix="t1-bench-") as folder:
        settings = StorageSettings(database_url=url, data_dir=Path(folder))
        try:
            attempt = await _claimed(database, session, settings, file_format, organization_id)
            before, begun = _peak_mb(), time.perf_counter()
            await export_leads(attempt)
            seconds = time.perf_counter() - begun
            async with database.tenant(organization_id) as connection:
                result: dict[str, Any] = (await get_job(connection, attempt.lease.job_id)).result
        finally:
            await session.close()
            await database.close()
    rows, size = result["rows"], result["size_bytes"] / 2**20
    return Written(str(file_format), rows, seconds, rows / seconds, _peak_mb(), before, size)


async def _claimed(
    database: Database,
    session: psycopg.AsyncConnection[Any],
    settings: StorageSettings,
    file_format: Format,
    organization_id: UUID,
) -> Attempt:
    """A new job, claimed by this process."""
    async with database.tenant(organization_id) as connection:
        cursor = await connection.exec_driver_sql("SELECT id FROM app_user")
        new = NewJob(organization_id, cursor.scalar_one(), JobKind.EXPORT_LEADS, {"format": str(file_format)})
        job_id, _ = await create_job(connection, new)
    worker = WorkerSettings()
    lease = await claim_job(database, job_id, await enlist_worker(session), worker.limits)
    if lease is None:
        raise LookupError("the job cannot be claimed")
    return Attempt(lease, database, Blobs.configured(settings), worker, settings)


def _peak_mb() -> float:
    """The most memory that this process has had."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, action="append", help="people; may be given several times")
    parser.add_argument("--format", type=Format, choices=list(Format), action="append", help="default: all but json")
    parser.add_argument("--json", action="store_true", help="the figures as JSON")
    for name in ("--write", "--url", "--organization"):
        parser.add_argument(name, help=argparse.SUPPRESS)  # of the process that writes one file
    return parser.parse_args()


if __name__ == "__main__":
    main()
