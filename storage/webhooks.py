"""Webhooks as they are kept: addresses, the messages to them, and what came of each try.

`storage.events.append_event` writes the messages, in the transaction of the event itself. All functions but
`due_webhooks` and `forget_old_deliveries` run in the caller's tenant transaction. Times are those of the database.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, case, cast, delete, func, insert, literal, null, or_, select, text, update
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import Database
from storage.errors import ConflictError, NotFoundError
from storage.models import Webhook, WebhookDelivery
from storage.queries import statement

AnyRow = Row[*tuple[Any, ...]]
MOST_WEBHOOKS = 20
"""Of one organization: each costs a row with every event that it asks for."""
KEPT_TRIES = 30
"""Tries of one message that are kept; only one that is asked for again and again has more."""
FORGOTTEN_AT_ONCE = 1000


class WebhookEvent(StrEnum):
    """What a webhook may ask for: lines of the stories of jobs that somebody, or a schedule, has asked for."""

    JOB_CREATED = "job.created"
    JOB_PAUSED = "job.paused"
    JOB_RESUMED = "job.resumed"
    JOB_SUCCEEDED = "job.succeeded"
    JOB_FAILED = "job.failed"
    JOB_CANCELLED = "job.cancelled"


PING = "webhook.ping"
"""The event of a test message."""


class DeliveryState(StrEnum):
    """The life of a message."""

    WAITING = "waiting"
    """It is sent when `next_try_at` has come; while its webhook is disabled it rests."""
    DELIVERED = "delivered"
    """The receiver has answered with a status from 200 to 299."""
    FAILED = "failed"
    """It is not tried again: the receiver has answered 410, or its address may not be asked."""
    GIVEN_UP = "given_up"
    """All its tries have failed."""


class DisabledReason(StrEnum):
    """Why a webhook is disabled."""

    ASKED = "asked"
    GONE = "gone"
    """The receiver has answered 410."""
    FAILING = "failing"
    """For days no try has succeeded."""


@dataclass(frozen=True, slots=True)
class Try:
    """What came of one try."""

    number: int
    at: str
    """When it began, in ISO 8601."""
    status: int | None
    """Of the answer, if there was one."""
    milliseconds: int
    error: str | None
    """Why it failed."""
    answer: str | None
    """The beginning of the answer's body."""


async def add_webhook(connection: AsyncConnection, organization_id: UUID, values: dict[str, Any]) -> None:
    """Stores a webhook.

    Raises:
        ConflictError: the organization has as many as it may have.
    """
    # Counted in turns, and in a statement of its own, see `storage.jobs.create_job`.
    key = {"key": f"title1.webhooks.{organization_id}"}
    await connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), key)
    if (await connection.scalar(select(func.count()).select_from(Webhook)) or 0) >= MOST_WEBHOOKS:
        raise ConflictError(f"There are {MOST_WEBHOOKS} webhooks, as many as an organization may have. Remove one.")
    await connection.execute(insert(Webhook).values(organization_id=organization_id, **values))


async def change_webhook(connection: AsyncConnection, webhook_id: UUID, values: dict[str, Any]) -> None:
    """Changes a webhook."""
    query = update(Webhook).where(Webhook.id == webhook_id)
    await connection.execute(query.values(**values, updated_at=func.now()))


async def remove_webhook(connection: AsyncConnection, webhook_id: UUID) -> None:
    """Deletes a webhook with its secrets and all its messages."""
    await connection.execute(delete(Webhook).where(Webhook.id == webhook_id))


async def get_webhook(connection: AsyncConnection, webhook_id: UUID, *, hold: bool = False) -> AnyRow:
    """One webhook, with the database's `now`; with `hold` locked, yet events can still be told to it.

    Raises:
        NotFoundError: no such webhook in this organization.
    """
    query = select(*Webhook.__table__.c, func.clock_timestamp().label("now")).where(Webhook.id == webhook_id)
    if hold:
        query = query.with_for_update(key_share=True)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFoundError(f"There is no webhook {webhook_id}.")
    return row


async def find_webhooks(
    connection: AsyncConnection, *, after: tuple[datetime, UUID] | None, most: int
) -> Sequence[AnyRow]:
    """Webhooks, the oldest first, behind the place `after`, as `get_webhook` gives them."""
    query = select(*Webhook.__table__.c, func.clock_timestamp().label("now"))
    if after is not None:
        created_at, webhook_id = after
        query = query.where(
            or_(Webhook.created_at > created_at, (Webhook.created_at == created_at) & (Webhook.id > webhook_id))
        )
    return (await connection.execute(query.order_by(Webhook.created_at, Webhook.id).limit(most))).all()


async def find_deliveries(
    connection: AsyncConnection, webhook_id: UUID, *, state: DeliveryState | None, after: int | None, most: int
) -> Sequence[AnyRow]:
    """Messages to a webhook, the newest first, behind the id `after`.

    Raises:
        NotFoundError: no such webhook in this organization.
    """
    await get_webhook(connection, webhook_id)
    query = select(*WebhookDelivery.__table__.c).where(WebhookDelivery.webhook_id == webhook_id)
    if state is not None:
        query = query.where(WebhookDelivery.state == state)
    if after is not None:
        query = query.where(WebhookDelivery.id < after)
    return (await connection.execute(query.order_by(WebhookDelivery.id.desc()).limit(most))).all()


async def get_delivery(connection: AsyncConnection, webhook_id: UUID, delivery_id: int) -> AnyRow:
    """One message to a webhook.

    Raises:
        NotFoundError: no such message to this webhook in this organization.
    """
    row = (
        await connection.execute(
            select(*WebhookDelivery.__table__.c).where(
                WebhookDelivery.id == delivery_id, WebhookDelivery.webhook_id == webhook_id
            )
        )
    ).one_or_none()
    if row is None:
        raise NotFoundError(f"There is no delivery {delivery_id} of webhook {webhook_id}.")
    return row


async def add_ping(connection: AsyncConnection, webhook: AnyRow) -> AnyRow:
    """Writes a test message to a webhook that the caller holds, and returns it."""
    stamp = webhook.now.isoformat(timespec="microseconds").replace("+00:00", "Z")
    payload = {"type": PING, "timestamp": stamp, "data": {"webhook_id": str(webhook.id)}}
    values = {
        "organization_id": webhook.organization_id,
        "webhook_id": webhook.id,
        "message_id": f"msg_{uuid4().hex}",
        "event": PING,
        "payload": payload,
        "state": DeliveryState.WAITING,
        "next_try_at": func.clock_timestamp(),
    }
    query = insert(WebhookDelivery).values(values).returning(*WebhookDelivery.__table__.c)
    return (await connection.execute(query)).one()


async def ask_again(connection: AsyncConnection, delivery_id: int) -> bool:
    """Has a message sent now, with all its tries anew; False while a try is under way."""
    asked = await connection.execute(
        update(WebhookDelivery)
        .where(
            WebhookDelivery.id == delivery_id,
            or_(WebhookDelivery.lease_until.is_(None), WebhookDelivery.lease_until <= func.clock_timestamp()),
        )
        .values(state=DeliveryState.WAITING, failures=0, next_try_at=func.clock_timestamp(), ended_at=None)
    )
    return asked.rowcount == 1


async def due_webhooks(connection: AsyncConnection, served: Collection[UUID], most: int) -> list[tuple[UUID, UUID]]:
    """Organization and id of enabled webhooks with a message that is due, in a system transaction.

    Args:
        connection: of the system.
        served: those that the caller sends to already.
        most: how many at most, the longest due first.
    """
    rows = await connection.execute(statement("due_webhooks"), {"served": list(served), "most": most})
    return [(row.organization_id, row.webhook_id) for row in rows]


async def claim_delivery(connection: AsyncConnection, webhook_id: UUID, lease_seconds: float) -> AnyRow | None:
    """Takes the next message that is due to a webhook for one try; None if there is none that nobody else has."""
    claimed = await connection.execute(
        statement("claim_delivery"), {"webhook_id": webhook_id, "lease_seconds": lease_seconds}
    )
    return claimed.one_or_none()


async def end_try(
    connection: AsyncConnection, claimed: AnyRow, one: Try, state: DeliveryState, *, wait_seconds: float
) -> bool:
    """Writes what came of a try; False, and nothing written, where a later try has begun or the message is gone.

    Args:
        connection: of the tenant; it holds the webhook, so that locks are taken in one order.
        claimed: the message as `claim_delivery` gave it.
        one: the try.
        state: of the message from now on.
        wait_seconds: with `WAITING`: until the next try.
    """
    now, waits = func.clock_timestamp(), state is DeliveryState.WAITING
    # A subscript below the first counts as the first.
    kept = f"$[last - {KEPT_TRIES - 1} to last]"
    logged = WebhookDelivery.log.op("||")(literal([asdict(one)], JSONB))
    written = await connection.execute(
        update(WebhookDelivery)
        .where(
            WebhookDelivery.id == claimed.id,
            WebhookDelivery.tries == claimed.tries,
            WebhookDelivery.state == DeliveryState.WAITING,
        )
        .values(
            state=state,
            log=func.jsonb_path_query_array(logged, cast(kept, JSONPATH)),
            failures=claimed.failures + (state is not DeliveryState.DELIVERED),
            lease_until=None,
            next_try_at=now + func.make_interval(0, 0, 0, 0, 0, 0, wait_seconds) if waits else None,
            ended_at=None if waits else now,
        )
    )
    return written.rowcount == 1


async def mark_webhook(connection: AsyncConnection, webhook_id: UUID, *, failed: bool) -> datetime | None:
    """Keeps since when nothing succeeds, which is returned, and forgets an old secret whose time is over."""
    now = func.clock_timestamp()
    over = Webhook.previous_until <= now
    return await connection.scalar(
        update(Webhook)
        .where(Webhook.id == webhook_id)
        .values(
            failing_since=func.coalesce(Webhook.failing_since, now) if failed else None,
            previous_secret=case((over, null()), else_=Webhook.previous_secret),
            previous_until=case((over, null()), else_=Webhook.previous_until),
        )
        .returning(Webhook.failing_since)
    )


async def disable_webhook(connection: AsyncConnection, webhook_id: UUID, reason: DisabledReason) -> None:
    """Lets a webhook rest: no event is told to it, and its messages wait."""
    await change_webhook(connection, webhook_id, {"enabled": False, "disabled_reason": reason})


async def forget_old_deliveries(database: Database, days: int) -> int:
    """Removes messages that ended `days` days ago, and those that waited as long for a disabled webhook."""
    forgotten = 0
    while True:
        async with database.system() as connection:
            gone = await connection.execute(statement("forget_deliveries"), {"days": days, "most": FORGOTTEN_AT_ONCE})
        forgotten += gone.rowcount
        if gone.rowcount < FORGOTTEN_AT_ONCE:
            return forgotten
