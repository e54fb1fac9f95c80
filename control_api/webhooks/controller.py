"""Routes of webhooks: see them and their messages, add, change, remove, test, send again."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Controller, Response, delete, get, patch, post
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody, QueryParameter

from control_api.auth.guards import admin, operator
from control_api.bodies import check_json_body
from control_api.pages import Limit, Page, PageCursor, RowId, decode_cursor, page_of
from control_api.salesforce.secrets import SecretBox
from control_api.salesforce.settings import SalesforceSettings
from control_api.webhooks.schemas import (
    ChangedWebhook,
    DeliveryView,
    NewSecret,
    NewWebhook,
    WebhookSecret,
    WebhookView,
)
from control_api.webhooks.service import WebhookPlace, WebhookService
from control_api.webhooks.settings import WebhookSettings
from storage.accounts import Account
from storage.database import Database
from storage.webhooks import DeliveryState

# `state` itself is a word of the framework's.
OfState = Annotated[DeliveryState | None, QueryParameter(name="state", description="Only messages in this state.")]


def provide_webhooks(
    database: NamedDependency[Database], account: NamedDependency[Account], state: State
) -> WebhookService:
    """The webhooks of the organization that asks."""
    return WebhookService(
        database, account, WebhookSettings(), SecretBox(SalesforceSettings(), state["storage_settings"])
    )


class WebhookController(Controller):
    """`/api/v1/webhooks`."""

    path = "/api/v1/webhooks"
    tags = ("Webhooks",)
    guards = (operator,)
    dependencies = {  # noqa: RUF012  Litestar declares it so
        "webhooks": Provide(provide_webhooks, sync_to_thread=False)
    }

    @get("/", summary="Webhooks, the oldest first")
    async def page(
        self, webhooks: NamedDependency[WebhookService], cursor: PageCursor = None, limit: Limit = 50
    ) -> Page[WebhookView]:
        """Lists webhooks, without their secrets."""
        found = await webhooks.page(after=decode_cursor(cursor, WebhookPlace), most=limit + 1)
        return page_of(found, limit, item=lambda webhook: webhook, key=lambda last: (last.created_at, last.id))

    @post("/", guards=[admin], before_request=check_json_body, summary="Have an address told of jobs")
    async def add(
        self, data: JSONBody[NewWebhook], webhooks: NamedDependency[WebhookService]
    ) -> Response[WebhookSecret]:
        """Stores an address and the events that it is told of. The secret that signs messages is shown this once."""
        made = await webhooks.add(data)
        return Response(made, status_code=201, headers={"Location": f"/api/v1/webhooks/{made.view.id}"})

    @get("/{webhook_id:uuid}", summary="One webhook")
    async def one(self, webhook_id: FromPath[UUID], webhooks: NamedDependency[WebhookService]) -> WebhookView:
        """A webhook: whether it is enabled, why not, since when nothing succeeds."""
        return await webhooks.get(webhook_id)

    @patch("/{webhook_id:uuid}", guards=[admin], before_request=check_json_body, summary="Change a webhook")
    async def change(
        self, webhook_id: FromPath[UUID], data: JSONBody[ChangedWebhook], webhooks: NamedDependency[WebhookService]
    ) -> WebhookView:
        """Changes what is given; `enabled` lets it rest and go on. Messages wait while it is disabled."""
        return await webhooks.change(webhook_id, data)

    @delete("/{webhook_id:uuid}", guards=[admin], summary="Remove a webhook")
    async def remove(self, webhook_id: FromPath[UUID], webhooks: NamedDependency[WebhookService]) -> None:
        """Deletes it with its secrets and messages; what waits is not sent any more."""
        await webhooks.remove(webhook_id)

    @post("/{webhook_id:uuid}/secret", guards=[admin], before_request=check_json_body, summary="Another secret")
    async def rotate(
        self, webhook_id: FromPath[UUID], data: JSONBody[NewSecret], webhooks: NamedDependency[WebhookService]
    ) -> WebhookSecret:
        """Makes a secret, shown this once; the one before signs beside it for a day, or `overlap_hours`."""
        return await webhooks.rotate(webhook_id, data)

    @post("/{webhook_id:uuid}/test", guards=[admin], status_code=202, summary="Send a test message")
    async def test(self, webhook_id: FromPath[UUID], webhooks: NamedDependency[WebhookService]) -> DeliveryView:
        """Has a worker send a `webhook.ping`; its delivery says what came of it."""
        return await webhooks.test(webhook_id)

    @get("/{webhook_id:uuid}/deliveries", summary="Messages to a webhook")
    async def deliveries(
        self,
        webhook_id: FromPath[UUID],
        webhooks: NamedDependency[WebhookService],
        of_state: OfState = None,
        cursor: PageCursor = None,
        limit: Limit = 50,
    ) -> Page[DeliveryView]:
        """Lists messages, the newest first, with what came of each try."""
        after = decode_cursor(cursor, int)
        found = await webhooks.deliveries(webhook_id, state=of_state, after=after, most=limit + 1)
        return page_of(found, limit, item=lambda delivery: delivery, key=lambda last: last.id)

    @post(
        "/{webhook_id:uuid}/deliveries/{delivery_id:int}/retry",
        guards=[admin],
        status_code=202,
        summary="Send a message again",
    )
    async def retry(
        self, webhook_id: FromPath[UUID], delivery_id: RowId, webhooks: NamedDependency[WebhookService]
    ) -> DeliveryView:
        """Has a worker send it now under the same `webhook-id`, whatever became of it before."""
        return await webhooks.retry(webhook_id, delivery_id)
