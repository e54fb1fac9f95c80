"""The audit log: who did what, when, from where, and whether it was done or refused.

An entry is written in the transaction of the act itself, so neither is there without the other. The application's roles
may add and read entries; nobody but the owner of the tables can change or delete them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.accounts import Account, Via
from storage.models import AuditEntry


class Act(StrEnum):
    """What is written down."""

    SIGN_IN = "sign_in"
    SIGN_OUT = "sign_out"
    TOKEN_REUSE = "token_reuse"  # noqa: S105  the name of an act
    """A refresh token came a second time; its session was ended."""
    PASSWORD_CHANGE = "password_change"  # noqa: S105  the same
    PASSWORD_LINK = "password_link"  # noqa: S105  the same
    """A one-time link for setting a password was made."""
    USER_CREATE = "user_create"
    USER_CHANGE = "user_change"
    USER_REMOVE = "user_remove"
    KEY_CREATE = "key_create"
    KEY_ROTATE = "key_rotate"
    KEY_REVOKE = "key_revoke"
    EXPORT = "export"
    """People or schools left as a file."""
    SUPPRESS = "suppress"
    SUPPRESSION_REMOVE = "suppression_remove"
    PERSON_CORRECT = "person_correct"
    """Values of a person were put right by hand, or a correction was taken back."""
    PERSON_DELETE = "person_delete"
    PERSON_MERGE = "person_merge"
    BUDGET_CHANGE = "budget_change"
    WEBSITE_DECISION = "website_decision"
    LINK_DECISION = "link_decision"
    JOB_CANCEL = "job_cancel"
    JOB_RETRY = "job_retry"
    SCHEDULE_CREATE = "schedule_create"
    SCHEDULE_CHANGE = "schedule_change"
    SCHEDULE_REMOVE = "schedule_remove"
    SCHEDULE_RUN = "schedule_run"
    """A job was asked for now, out of a schedule's turn."""
    WEBHOOK_CREATE = "webhook_create"
    WEBHOOK_CHANGE = "webhook_change"
    WEBHOOK_REMOVE = "webhook_remove"
    WEBHOOK_SECRET = "webhook_secret"  # noqa: S105  the name of an act
    """A webhook got another secret."""
    WEBHOOK_SEND = "webhook_send"
    """A message was asked for: a test, or one that is to be sent again."""
    WEBHOOK_DISABLE = "webhook_disable"
    """A webhook was disabled because of what its receiver answers, by nobody."""
    SEARCH_CREATE = "search_create"
    """A search was saved; schedules and people may use it for what leaves."""
    SEARCH_CHANGE = "search_change"
    SEARCH_REMOVE = "search_remove"


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries are asked for; all that is given must hold."""

    act: Act | None = None
    user: str | None = None
    """The user's name as it was then."""
    outcome: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def record(
    connection: AsyncConnection,
    act: Act,
    who: Account | Via,
    *,
    about: tuple[str, object] | None = None,
    refused: bool = False,
    detail: Mapping[str, Any] | None = None,
    organization_id: UUID | None = None,
) -> None:
    """Writes an entry in the caller's transaction.

    Args:
        connection: of the tenant, or of the system.
        act: what is done.
        who: does it; `Via` alone where nobody is known.
        about: the kind and id of what it is done to.
        refused: whether it was refused.
        detail: what else matters; never a secret, nor a person's data.
        organization_id: whose it is, of an act that the program does by itself; else that of the account.
    """
    account, via = (who, who.via) if isinstance(who, Account) else (None, who)
    await connection.execute(
        insert(AuditEntry).values(
            act=act,
            outcome="refused" if refused else "done",
            organization_id=account.organization_id if account else organization_id,
            user_id=account.user_id if account else None,
            user_name=account.user_name if account else None,
            key_id=via.key_id,
            session_id=via.session_id,
            object=about[0] if about else None,
            object_id=str(about[1]) if about else None,
            address=via.address,
            request_id=via.request_id,
            detail=detail or {},
        )
    )


async def find_audit(
    connection: AsyncConnection, wanted: AuditFilter, *, after: int | None, most: int
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Entries of the transaction's organization, the newest first, behind the id `after`."""
    query = select(*AuditEntry.__table__.c).order_by(AuditEntry.id.desc()).limit(most)
    if after is not None:
        query = query.where(AuditEntry.id < after)
    if wanted.act is not None:
        query = query.where(AuditEntry.act == wanted.act)
    if wanted.user is not None:
        query = query.where(AuditEntry.user_name == wanted.user)
    if wanted.outcome is not None:
        query = query.where(AuditEntry.outcome == wanted.outcome)
    if wanted.since is not None:
        query = query.where(AuditEntry.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(AuditEntry.at < wanted.until)
    return (await connection.execute(query)).all()
