"""The ledger of exports: each file that left is told once, with who, when, what and why.

Each function works in the caller's tenant transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.accounts import Account
from storage.models import ApiKey, ExportRecord, User

AnyRow = Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class NewExport:
    """What is to be told of a file before it is there."""

    subject: str
    format: str
    preset: str
    raw: bool
    columns: list[str]
    filters: dict[str, Any]
    purpose: str | None
    job_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What can be told of a file when it is there."""

    rows: int
    size_bytes: int
    sha256: str


async def begin_download(connection: AsyncConnection, account: Account, new: NewExport) -> int:
    """Tells that an account begins to receive a file; of a job where that names one. Returns the row's id."""
    source = "download" if new.job_id is None else "job_download"
    key = select(ApiKey.prefix).where(ApiKey.id == account.via.key_id).scalar_subquery()
    who = {"user_id": account.user_id, "user_name": account.user_name, "api_key": key}
    told = insert(ExportRecord).values(organization_id=account.organization_id, source=source, **who, **_values(new))
    return (await connection.execute(told.returning(ExportRecord.id))).scalar_one()


async def end_download(connection: AsyncConnection, record_id: int, facts: FileFacts, *, complete: bool) -> None:
    """Tells how a download ended; of one that broke off, what was sent until then."""
    ended = {"ended_at": func.clock_timestamp(), "outcome": "complete" if complete else "broken off"}
    await connection.execute(
        update(ExportRecord)
        .where(ExportRecord.id == record_id, ExportRecord.ended_at.is_(None))
        .values(rows=facts.rows, size_bytes=facts.size_bytes, sha256=facts.sha256, **ended)
    )


async def tell_job_file(
    connection: AsyncConnection,
    organization_id: UUID,
    user_id: UUID,
    new: NewExport,
    facts: FileFacts,
    *,
    suppression_id: int,
) -> None:
    """Tells the file of a job, in the transaction that ends the job."""
    name = (await connection.execute(select(User.name).where(User.id == user_id))).scalar_one()
    await connection.execute(
        insert(ExportRecord).values(
            organization_id=organization_id,
            source="job",
            user_id=user_id,
            user_name=name,
            ended_at=func.clock_timestamp(),
            outcome="complete",
            rows=facts.rows,
            size_bytes=facts.size_bytes,
            sha256=facts.sha256,
            suppression_id=suppression_id,
            **_values(new),
        )
    )


async def job_file(connection: AsyncConnection, job_id: UUID) -> AnyRow | None:
    """What the ledger tells of the file that a job has written; None where it is older than the ledger."""
    query = select(*ExportRecord.__table__.c).where(ExportRecord.job_id == job_id, ExportRecord.source == "job")
    return (await connection.execute(query)).one_or_none()


async def find_exports(connection: AsyncConnection, *, after: int | None = None, most: int) -> Sequence[AnyRow]:
    """The ledger, the newest first, behind the id `after`."""
    query = select(*ExportRecord.__table__.c).order_by(ExportRecord.id.desc()).limit(most)
    if after is not None:
        query = query.where(ExportRecord.id < after)
    return (await connection.execute(query)).all()


def _values(new: NewExport) -> dict[str, Any]:
    names = ("subject", "format", "preset", "raw", "columns", "filters", "purpose", "job_id")
    return {name: getattr(new, name) for name in names}
