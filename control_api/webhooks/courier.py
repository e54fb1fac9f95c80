"""The workers' end of webhooks: messages that are due are taken, sent, and what came of it is written down.

A message is taken by a lease and a number, in one transaction; sent outside of any; and its end is written in another
one, only while no later try has begun. Who is killed in between has sent it at least once: another one sends it again,
under the same `webhook-id`, by which receivers know it.
"""

from __future__ import annotations

import asyncio
import logging
import random
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from control_api.salesforce.errors import SecretUnreadableError
from control_api.salesforce.secrets import SecretBox
from control_api.webhooks.posting import GONE, Answer, Poster
from control_api.webhooks.settings import WebhookSettings
from control_api.webhooks.signing import key_of, signed_headers
from storage.accounts import Via
from storage.audit import Act, record
from storage.database import Database
from storage.errors import DatabaseUnavailableError, NotFoundError
from storage.webhooks import (
    AnyRow,
    DeliveryState,
    DisabledReason,
    Try,
    claim_delivery,
    disable_webhook,
    due_webhooks,
    end_try,
    get_webhook,
    mark_webhook,
)

log = logging.getLogger("title1.webhooks")

LEASE_SECONDS = 30.0
"""What a lease lasts longer than the try itself may."""
JITTER = 0.2
LONGEST_WAIT_SECONDS = 24 * 3600.0
"""A receiver that asks for more is tried after a day all the same."""
IN_A_ROW = 100
"""Messages to one webhook before others have their turn."""


class Courier:
    """Sends what is due, to several webhooks at once and to each one message after the other."""

    def __init__(self, database: Database, settings: WebhookSettings, box: SecretBox) -> None:
        self._database = database
        self._settings = settings
        self._box = box
        self._poster = Poster(settings)
        self._rounds: dict[UUID, asyncio.Task[None]] = {}

    async def look(self) -> None:
        """Begins to send to webhooks with a message that is due, as far as there is room.

        Raises:
            DatabaseUnavailableError: PostgreSQL does not answer; what is due stays due.
        """
        self._rounds = {webhook_id: task for webhook_id, task in self._rounds.items() if not task.done()}
        room = self._settings.at_once - len(self._rounds)
        if room <= 0:
            return
        async with self._database.system() as connection:
            due = await due_webhooks(connection, self._rounds.keys(), room)
        for organization_id, webhook_id in due:
            self._rounds[webhook_id] = asyncio.create_task(self._round(organization_id, webhook_id))

    async def deliver_due(self) -> None:
        """Sends what is due now, and waits until that has ended."""
        await self.look()
        await asyncio.gather(*self._rounds.values())

    async def close(self) -> None:
        """Leaves what is being sent as it is: it is sent again when its lease ends."""
        for task in self._rounds.values():
            task.cancel()
        await asyncio.gather(*self._rounds.values(), return_exceptions=True)
        await self._poster.close()

    async def _round(self, organization_id: UUID, webhook_id: UUID) -> None:
        """Sends to one webhook until nothing is due, or a message is not taken."""
        try:
            for _ in range(IN_A_ROW):
                if not await self._next(organization_id, webhook_id):
                    return
        except DatabaseUnavailableError as error:
            log.warning("webhook %s: %s; its message is sent again", webhook_id, error.message)
        except Exception:  # a defect that one webhook meets must not keep the others from their messages
            log.exception("webhook %s: its message is tried again when its lease ends", webhook_id)

    async def _next(self, organization_id: UUID, webhook_id: UUID) -> bool:
        """Tries the next message; whether it was taken."""
        async with self._database.tenant(organization_id) as connection:
            lease_seconds = self._settings.timeout_seconds + LEASE_SECONDS
            claimed = await claim_delivery(connection, webhook_id, lease_seconds)
            if claimed is None:
                return False
            webhook = await get_webhook(connection, webhook_id)
        answer = await self._send(webhook, claimed)
        await self._write(claimed, answer)
        return answer.error is None

    async def _send(self, webhook: AnyRow, claimed: AnyRow) -> Answer:
        try:
            keys = self._keys(webhook)
        except SecretUnreadableError:
            error = (
                "Its secret was encrypted with another key. Put that key behind a comma in TITLE1_SECRET_KEY, or give"
                " the webhook another secret."
            )
            return Answer(0, error=error)
        # The order of the keys is that of the database, so every try has the same bytes.
        body = msgspec.json.encode(claimed.payload)
        headers = signed_headers(claimed.message_id, int(claimed.now.timestamp()), body, keys)
        return await self._poster.post(webhook.url, headers, body)

    def _keys(self, webhook: AnyRow) -> list[bytes]:
        """The key that signs, and the one before it as long as it is good."""
        sealed = [webhook.secret]
        if webhook.previous_until is not None and webhook.previous_until > webhook.now:
            sealed.append(webhook.previous_secret)
        return [key_of(self._box.open_words(webhook.id, bytes(one))["secret"] or "") for one in sealed]

    async def _write(self, claimed: AnyRow, answer: Answer) -> None:
        one = Try(
            number=claimed.tries,
            at=claimed.now.isoformat(),
            status=answer.status,
            milliseconds=answer.milliseconds,
            error=answer.error,
            answer=answer.text,
        )
        state, wait_seconds = self._verdict(claimed, answer)
        async with self._database.tenant(claimed.organization_id) as connection:
            try:
                webhook = await get_webhook(connection, claimed.webhook_id, hold=True)
            except NotFoundError:
                return  # it was deleted meanwhile, with all its messages
            if not await end_try(connection, claimed, one, state, wait_seconds=wait_seconds):
                log.warning("message %s: another try has begun, try %d is over", claimed.message_id, claimed.tries)
                return
            failing_since = await mark_webhook(connection, webhook.id, failed=answer.error is not None)
            await self._judge(connection, webhook, answer, failing_since)

    async def _judge(
        self, connection: AsyncConnection, webhook: AnyRow, answer: Answer, failing_since: datetime | None
    ) -> None:
        """Disables a webhook whose receiver wants no more, or has taken nothing for days."""
        for_long = timedelta(days=self._settings.disable_days)
        if answer.status == GONE:
            reason = DisabledReason.GONE
        elif failing_since is not None and webhook.now - failing_since > for_long:
            reason = DisabledReason.FAILING
        else:
            return
        if webhook.enabled:
            await disable_webhook(connection, webhook.id, reason)
            detail = {"reason": reason, "status": answer.status}
            about, whose = ("webhook", webhook.id), webhook.organization_id
            await record(connection, Act.WEBHOOK_DISABLE, Via(), about=about, detail=detail, organization_id=whose)
            log.warning("webhook %s is disabled: %s", webhook.id, reason)

    def _verdict(self, claimed: AnyRow, answer: Answer) -> tuple[DeliveryState, float]:
        """The message's state after a try, and the seconds to the next one."""
        if answer.error is None:
            return DeliveryState.DELIVERED, 0.0
        if answer.refused or answer.status == GONE:
            return DeliveryState.FAILED, 0.0
        pauses = self._settings.retry_seconds
        if claimed.failures >= len(pauses):
            return DeliveryState.GIVEN_UP, 0.0
        # Messages that failed together do not come back together.
        pause = pauses[claimed.failures] * random.uniform(1 - JITTER, 1 + JITTER)
        return DeliveryState.WAITING, max(pause, min(answer.wait_seconds, LONGEST_WAIT_SECONDS))
