"""Webhooks between HTTP and `storage.webhooks`."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import msgspec
from msgspec import UNSET
from sqlalchemy.ext.asyncio import AsyncConnection

from control_api.problems import ApiError, invalid_body
from control_api.salesforce.errors import SecretUnreadableError
from control_api.salesforce.secrets import SecretBox
from control_api.webhooks.addresses import WebhookAddressError, checked_url
from control_api.webhooks.schemas import (
    ChangedWebhook,
    DeliveryView,
    NewSecret,
    NewWebhook,
    WebhookSecret,
    WebhookView,
)
from control_api.webhooks.settings import WebhookSettings
from control_api.webhooks.signing import WebhookSecretError, key_of, new_secret
from storage.accounts import Account
from storage.audit import Act, record
from storage.database import Database
from storage.errors import ConflictError
from storage.webhooks import (
    AnyRow,
    DeliveryState,
    DisabledReason,
    add_ping,
    add_webhook,
    ask_again,
    change_webhook,
    find_deliveries,
    find_webhooks,
    get_delivery,
    get_webhook,
    remove_webhook,
)

WebhookPlace = tuple[datetime, UUID]


class SecretKeyMissingError(ApiError):
    """A webhook's secret cannot be encrypted: the server has no key for it."""

    code = "WEBHOOK_SECRET"
    status = 422


@dataclass(frozen=True, slots=True)
class WebhookService:
    """What an account may do with its organization's webhooks."""

    database: Database
    account: Account
    settings: WebhookSettings
    box: SecretBox

    async def page(self, *, after: WebhookPlace | None, most: int) -> list[WebhookView]:
        """Webhooks, the oldest first, behind `after`."""
        async with self._tenant() as connection:
            return [_view(row) for row in await find_webhooks(connection, after=after, most=most)]

    async def get(self, webhook_id: UUID) -> WebhookView:
        """A webhook.

        Raises:
            NotFoundError: there is no such webhook in this organization.
        """
        async with self._tenant() as connection:
            return _view(await get_webhook(connection, webhook_id))

    async def add(self, new: NewWebhook) -> WebhookSecret:
        """Stores a webhook, its secret encrypted. Nothing is sent; `test` does that.

        Raises:
            ValidationException: the address or the secret is none that may be used.
            SecretKeyMissingError: there is no key to encrypt with.
            ConflictError: there are as many webhooks as allowed.
        """
        webhook_id = uuid4()
        secret, sealed = self._sealed(webhook_id, new.secret)
        values = {
            "id": webhook_id,
            "url": self._url(new.url),
            "events": sorted(set(new.events)),
            "description": new.description,
            "enabled": new.enabled,
            "disabled_reason": None if new.enabled else DisabledReason.ASKED,
            "secret": sealed,
            "created_by": self.account.user_id,
        }
        async with self._tenant() as connection:
            await add_webhook(connection, self.account.organization_id, values)
            await self._record(connection, Act.WEBHOOK_CREATE, webhook_id, _told(values))
            return WebhookSecret(secret=secret, view=_view(await get_webhook(connection, webhook_id)))

    async def change(self, webhook_id: UUID, changed: ChangedWebhook) -> WebhookView:
        """Changes what is given. Who enables it, or gives it another address, lets its days of failing begin anew.

        Raises:
            NotFoundError: there is no such webhook in this organization.
            ValidationException: the address is none that may be used.
        """
        given: dict[str, Any] = {
            name: value for name in changed.__struct_fields__ if (value := getattr(changed, name)) is not UNSET
        }
        if "url" in given:
            given["url"] = self._url(given["url"])
        if "events" in given:
            given["events"] = sorted(set(given["events"]))
        async with self._tenant() as connection:
            webhook = await get_webhook(connection, webhook_id, hold=True)
            values = dict(given)
            if "enabled" in given:
                values["disabled_reason"] = (
                    None if given["enabled"] else webhook.disabled_reason or DisabledReason.ASKED
                )
            if given.get("enabled") or given.get("url", webhook.url) != webhook.url:
                values["failing_since"] = None
            if given:
                await change_webhook(connection, webhook_id, values)
                await self._record(connection, Act.WEBHOOK_CHANGE, webhook_id, _told(given))
            return _view(await get_webhook(connection, webhook_id))

    async def remove(self, webhook_id: UUID) -> None:
        """Deletes a webhook with its secrets and messages.

        Raises:
            NotFoundError: there is no such webhook in this organization.
        """
        async with self._tenant() as connection:
            webhook = await get_webhook(connection, webhook_id, hold=True)
            await remove_webhook(connection, webhook_id)
            await self._record(connection, Act.WEBHOOK_REMOVE, webhook_id, _told({"url": webhook.url}))

    async def rotate(self, webhook_id: UUID, asked: NewSecret) -> WebhookSecret:
        """Gives a webhook another secret; the one before signs beside it for a while.

        Raises:
            NotFoundError: there is no such webhook in this organization.
            ValidationException: the secret is none.
            SecretKeyMissingError: there is no key to encrypt with.
        """
        async with self._tenant() as connection:
            webhook = await get_webhook(connection, webhook_id, hold=True)
            secret, sealed = self._sealed(webhook_id, asked.secret)
            values: dict[str, Any] = {"secret": sealed, "previous_secret": None, "previous_until": None}
            if asked.overlap_hours:
                values["previous_secret"] = webhook.secret
                values["previous_until"] = webhook.now + timedelta(hours=asked.overlap_hours)
            await change_webhook(connection, webhook_id, values)
            detail = {"overlap_hours": asked.overlap_hours}
            await self._record(connection, Act.WEBHOOK_SECRET, webhook_id, detail)
            return WebhookSecret(secret=secret, view=_view(await get_webhook(connection, webhook_id)))

    async def test(self, webhook_id: UUID) -> DeliveryView:
        """Writes a test message, which a worker sends at once.

        Raises:
            NotFoundError: there is no such webhook in this organization.
            ConflictError: it is disabled.
        """
        async with self._tenant() as connection:
            webhook = await get_webhook(connection, webhook_id, hold=True)
            _refuse_disabled(webhook)
            row = await add_ping(connection, webhook)
            await self._record(connection, Act.WEBHOOK_SEND, webhook_id, {"message": row.message_id})
            return _delivery(row)

    async def deliveries(
        self, webhook_id: UUID, *, state: DeliveryState | None, after: int | None, most: int
    ) -> list[DeliveryView]:
        """Messages to a webhook, the newest first, behind the id `after`.

        Raises:
            NotFoundError: there is no such webhook in this organization.
        """
        async with self._tenant() as connection:
            rows = await find_deliveries(connection, webhook_id, state=state, after=after, most=most)
        return [_delivery(row) for row in rows]

    async def retry(self, webhook_id: UUID, delivery_id: int) -> DeliveryView:
        """Has a message sent again now, also one that was delivered, under its own `webhook-id`.

        Raises:
            NotFoundError: there is no such message to this webhook.
            ConflictError: the webhook is disabled, or the message is being sent.
        """
        async with self._tenant() as connection:
            webhook = await get_webhook(connection, webhook_id, hold=True)
            before = await get_delivery(connection, webhook_id, delivery_id)
            _refuse_disabled(webhook)
            if not await ask_again(connection, delivery_id):
                raise ConflictError("The message is being sent right now. Look at its log in a minute.")
            await self._record(connection, Act.WEBHOOK_SEND, webhook_id, {"message": before.message_id})
            return _delivery(await get_delivery(connection, webhook_id, delivery_id))

    def _tenant(self) -> AbstractAsyncContextManager[AsyncConnection]:
        return self.database.tenant(self.account.organization_id)

    async def _record(self, connection: AsyncConnection, act: Act, webhook_id: UUID, detail: dict[str, Any]) -> None:
        await record(connection, act, self.account, about=("webhook", webhook_id), detail=detail)

    def _url(self, text: str) -> str:
        try:
            return checked_url(text, self.settings.allow_addresses)
        except WebhookAddressError as error:
            raise invalid_body("url", str(error)) from error

    def _sealed(self, webhook_id: UUID, own: str | None) -> tuple[str, bytes]:
        """A secret, the given one or a new one, and what is stored of it."""
        secret = own or new_secret()
        try:
            key_of(secret)
            return secret, self.box.seal_words(webhook_id, {"secret": secret})
        except WebhookSecretError as error:
            raise invalid_body("secret", str(error)) from error
        except SecretUnreadableError as error:
            raise SecretKeyMissingError(error.message) from error


def _refuse_disabled(webhook: AnyRow) -> None:
    if not webhook.enabled:
        raise ConflictError(
            f"The webhook is disabled ({webhook.disabled_reason}); its messages wait. Enable it first:"
            f' PATCH /api/v1/webhooks/{webhook.id} with {{"enabled":true}}.'
        )


def _told(values: dict[str, Any]) -> dict[str, Any]:
    """What the audit log says of a webhook: of its address the host only, since the path may be a secret of its own."""
    told = {name: values[name] for name in ("events", "description", "enabled") if name in values}
    return told | ({"host": urlsplit(values["url"]).hostname} if "url" in values else {})


def _view(row: AnyRow) -> WebhookView:
    fields = {name: getattr(row, name) for name in WebhookView.__struct_fields__}
    if row.previous_until is not None and row.previous_until <= row.now:
        fields["previous_until"] = None
    return msgspec.convert(fields, WebhookView)


def _delivery(row: AnyRow) -> DeliveryView:
    return msgspec.convert({name: getattr(row, name) for name in DeliveryView.__struct_fields__}, DeliveryView)
