"""A receiver on loopback, and a courier that may send there."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import httpx2
import pytest
from sqlalchemy import func, update

from control_api.salesforce.secrets import SecretBox, new_key
from control_api.salesforce.settings import SalesforceSettings
from control_api.webhooks.courier import Courier
from control_api.webhooks.settings import WebhookSettings
from storage.database import Database
from storage.models import WebhookDelivery
from storage.settings import StorageSettings
from tests.conftest import KeyedAccount
from tests.fakes.receiver import Receiver

LIST = "/api/v1/webhooks"
LOOPBACK = (ip_network("127.0.0.0/8"),)


@pytest.fixture(autouse=True)
def webhook_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback is open, and there is a key for secrets."""
    monkeypatch.setenv("TITLE1_WEBHOOK_ALLOW_ADDRESSES", "127.0.0.0/8")
    monkeypatch.setenv("TITLE1_SECRET_KEY", new_key())


@pytest.fixture
def receiver() -> Generator[Receiver]:
    with Receiver() as receiver:
        yield receiver


MakeCourier = Callable[..., Courier]


@pytest.fixture
async def make_courier(database: Database, storage_settings: StorageSettings) -> AsyncGenerator[MakeCourier]:
    """Makes couriers, as a worker would; each is one worker's."""
    made: list[Courier] = []

    def make(**settings: Any) -> Courier:
        box = SecretBox(SalesforceSettings(), storage_settings)
        made.append(Courier(database, WebhookSettings.model_validate({"allow_addresses": LOOPBACK} | settings), box))
        return made[-1]

    yield make
    for courier in made:
        await courier.close()


async def add(api: httpx2.AsyncClient, url: str, *events: str, **values: Any) -> tuple[str, str]:
    """Adds a webhook; its path and its secret."""
    answer = await api.post(LIST, json={"url": url, "events": events or ["job.created"], **values})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert answer.headers["location"] == f"{LIST}/{made['view']['id']}"
    return f"{LIST}/{made['view']['id']}", made["secret"]


async def ping(api: httpx2.AsyncClient, at: str) -> dict[str, Any]:
    answer = await api.post(f"{at}/test")
    assert answer.status_code == 202, answer.text
    return answer.json()


async def deliveries(api: httpx2.AsyncClient, at: str, **query: Any) -> list[dict[str, Any]]:
    answer = await api.get(f"{at}/deliveries", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


Later = Callable[[], Awaitable[None]]


@pytest.fixture
def later(database: Database, account: KeyedAccount) -> Later:
    """Sets the clock of all waiting messages: their times and leases have come."""

    async def set_clock() -> None:
        then = func.clock_timestamp() - timedelta(seconds=1)
        async with database.tenant(account.account.organization_id) as connection:
            await connection.execute(update(WebhookDelivery).values(lease_until=then))
            waiting = update(WebhookDelivery).where(WebhookDelivery.state == "waiting")
            await connection.execute(waiting.values(next_try_at=then))

    return set_clock
