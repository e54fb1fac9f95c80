"""Messages: written with the event they tell of, signed, sent at least once under one id, and stopped when unwanted."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import func, select, update
from standardwebhooks import Webhook as Witness
from standardwebhooks import WebhookVerificationError

from control_api.worker import Worker
from storage.database import Database
from storage.jobs import JobKind, NewJob, create_job
from storage.models import Webhook, WebhookDelivery
from storage.webhooks import forget_old_deliveries, get_webhook, remove_webhook
from tests.conftest import KeyedAccount
from tests.control_api.access import audited
from tests.control_api.conftest import ClientOf
from tests.control_api.streams import until
from tests.control_api.webhooks.conftest import LIST, Later, MakeCourier, add, deliveries, ping
from tests.fakes.receiver import Receiver, Reply

EXPORT: dict[str, Any] = {"kind": "export_leads", "params": {"q": "Odile Brannock"}}


async def test_a_job_is_told_from_its_beginning_to_its_end(
    api: httpx2.AsyncClient, worker: Worker, receiver: Receiver
) -> None:
    _, secret = await add(api, receiver.url, "job.created", "job.succeeded", "job.failed")
    job = (await api.post("/api/v1/jobs", json=EXPORT)).json()
    await until(lambda: len(receiver.messages) == 2)
    told = {message.content["type"]: message for message in receiver.messages}
    for message in receiver.messages:
        assert Witness(secret).verify(message.body, message.headers) == message.content
        assert message.headers["content-type"] == "application/json"
        assert b"Odile" not in message.body
        assert b"ada" not in message.body
    data = told["job.succeeded"].content["data"]
    assert (data["job_id"], data["kind"], data["state"]) == (job["id"], "export_leads", "succeeded")
    assert (data["counts"]["rows"], data["done"], data["attempt"]) == (0, 0, 1)
    events = (await api.get(data["links"]["events"], headers={"Accept": "application/json"})).json()["items"]
    assert (events[data["seq"] - 1]["kind"], events[data["seq"] - 1]["at"]) == (
        "succeeded",
        told["job.succeeded"].content["timestamp"],
    )
    assert not worker.stopping.is_set()


async def test_a_job_that_a_person_ends_is_told_without_the_persons_name(
    api: httpx2.AsyncClient, receiver: Receiver, make_courier: MakeCourier
) -> None:
    at, _ = await add(api, receiver.url, "job.cancelled", "job.paused", "job.resumed")
    job = (await api.post("/api/v1/jobs", json=EXPORT)).json()
    for wish in ("pause", "resume", "cancel"):
        assert (await api.post(f"/api/v1/jobs/{job['id']}/{wish}")).status_code < 300
    await make_courier().deliver_due()
    assert [message.content["type"] for message in receiver.messages] == ["job.paused", "job.resumed", "job.cancelled"]
    assert not any(b"ada" in message.body for message in receiver.messages)
    assert [one["state"] for one in await deliveries(api, at)] == ["delivered"] * 3


async def test_an_event_and_its_message_are_there_both_or_neither(
    api: httpx2.AsyncClient, database: Database, account: KeyedAccount, receiver: Receiver
) -> None:
    at, _ = await add(api, receiver.url)
    who = account.account
    new = NewJob(who.organization_id, who.user_id, kind=JobKind.EXPORT_LEADS, params={})
    async with database.tenant(who.organization_id) as connection:
        await create_job(connection, new)
        assert await connection.scalar(select(func.count()).select_from(WebhookDelivery)) == 1
        await connection.rollback()
    assert await deliveries(api, at) == []
    async with database.tenant(who.organization_id) as connection:
        parent, _ = await create_job(connection, new)
        step = NewJob(who.organization_id, who.user_id, kind=JobKind.EXPORT_LEADS, params={}, parent_id=parent, step=1)
        await create_job(connection, step)
    assert [one["job_id"] for one in await deliveries(api, at)] == [str(parent)]  # a step is no job of its own


async def test_a_webhook_that_is_deleted_meanwhile_does_not_stop_the_job(
    api: httpx2.AsyncClient, database: Database, account: KeyedAccount, receiver: Receiver
) -> None:
    at, _ = await add(api, receiver.url)
    async with database.tenant(account.account.organization_id) as connection:
        await remove_webhook(connection, UUID(at.rpartition("/")[2]))
        asked = asyncio.create_task(api.post("/api/v1/jobs", json=EXPORT))
        await asyncio.sleep(0.3)  # long enough to wait for the row that is being deleted; if not, nothing is harmed
    assert (await asyncio.wait_for(asked, 20)).status_code == 201


async def test_a_message_whose_worker_is_killed_is_sent_again_under_its_own_id(
    api: httpx2.AsyncClient, receiver: Receiver, make_courier: MakeCourier, later: Later
) -> None:
    at, secret = await add(api, receiver.url)
    await ping(api, at)
    hold = threading.Event()
    receiver.replies = [Reply(hold=hold)]
    killed, other = make_courier(), make_courier()
    await killed.look()
    await until(lambda: receiver.messages)  # it has come, and nobody has written that down
    await killed.close()
    hold.set()
    await other.deliver_due()
    assert len(receiver.messages) == 1, "before its lease has ended the message is the first one's"
    assert (await api.post(f"{at}/deliveries/{(await deliveries(api, at))[0]['id']}/retry")).status_code == 409
    await later()
    await other.deliver_due()
    first, second = receiver.messages
    assert (first.id, first.body) == (second.id, second.body)
    assert Witness(secret).verify(second.body, second.headers)["type"] == "webhook.ping"
    (one,) = await deliveries(api, at)
    assert (one["state"], one["tries"], [each["number"] for each in one["log"]]) == ("delivered", 2, [2])
    await later()
    await other.deliver_due()
    assert len(receiver.messages) == 2


async def test_a_worker_that_froze_writes_nothing_over_a_later_try(
    api: httpx2.AsyncClient, receiver: Receiver, make_courier: MakeCourier, later: Later
) -> None:
    at, _ = await add(api, receiver.url)
    await ping(api, at)
    hold = threading.Event()
    receiver.replies = [Reply(500, hold=hold)]
    frozen = asyncio.create_task(make_courier().deliver_due())
    await until(lambda: receiver.messages)
    await later()
    await make_courier().deliver_due()
    hold.set()
    await asyncio.wait_for(frozen, 20)
    (one,) = await deliveries(api, at)
    assert (one["state"], [each["status"] for each in one["log"]]) == ("delivered", [200])
    assert len(set(receiver.ids)) == 1


async def test_several_workers_send_each_message_once(
    api: httpx2.AsyncClient, receiver: Receiver, make_courier: MakeCourier
) -> None:
    ways = [(await add(api, receiver.url))[0] for _ in range(3)]
    for at in ways * 4:
        await ping(api, at)
    await asyncio.gather(*(make_courier().deliver_due() for _ in range(3)))
    assert (len(receiver.ids), len(set(receiver.ids))) == (12, 12)


async def test_a_message_that_is_not_taken_is_tried_until_it_is_given_up_and_again_when_asked(
    api: httpx2.AsyncClient, receiver: Receiver, make_courier: MakeCourier, later: Later
) -> None:
    at, _ = await add(api, receiver.url)
    await ping(api, at)
    courier = make_courier(retry_seconds=(100, 1000))
    receiver.replies = [
        Reply(500, body=b"broken\0" + b"x" * 9000),
        Reply(302, {"Location": receiver.url}),
        Reply(404),
    ]
    for pause in (100, 1000):
        await courier.deliver_due()
        (one,) = await deliveries(api, at)
        assert one["state"] == "waiting"
        wait = datetime.fromisoformat(one["next_try_at"]) - datetime.fromisoformat(one["log"][-1]["at"])
        assert timedelta(seconds=0.8 * pause) <= wait <= timedelta(seconds=1.2 * pause + 60)
        await courier.deliver_due()  # it is not its time yet
        await later()
    await courier.deliver_due()
    (one,) = await deliveries(api, at, state="given_up")
    assert [each["status"] for each in one["log"]] == [500, 302, 404]
    assert one["log"][0]["answer"] == "broken\ufffd" + "x" * (4096 - 7)
    assert "redirects are not followed" in one["log"][1]["error"]
    assert (await api.get(at)).json()["failing_since"] is not None
    assert (await api.post(f"{at}/deliveries/{one['id']}/retry")).json()["state"] == "waiting"
    await courier.deliver_due()
    (one,) = await deliveries(api, at)
    assert (one["state"], one["tries"], len(set(receiver.ids))) == ("delivered", 4, 1)
    assert (await api.get(at)).json()["failing_since"] is None


@pytest.mark.parametrize("status", [429, 503])
async def test_a_receiver_that_asks_to_be_left_alone_is(
    api: httpx2.AsyncClient, receiver: Receiver, make_courier: MakeCourier, status: int
) -> None:
    at, _ = await add(api, receiver.url)
    for _ in range(2):
        await ping(api, at)
    receiver.replies = [Reply(status, {"Retry-After": "7200"}), Reply(500, {"Retry-After": "7200"})]
    for _ in range(2):
        await make_courier(retry_seconds=(10,)).deliver_due()
    waits = [
        datetime.fromisoformat(one["next_try_at"]) - datetime.fromisoformat(one["log"][-1]["at"])
        for one in await deliveries(api, at)
    ]
    assert min(waits) < timedelta(seconds=120), "only these two statuses may ask"
    assert timedelta(seconds=7200) <= max(waits) <= timedelta(seconds=7300)


async def test_a_receiver_that_does_not_answer_costs_its_time_and_nothing_else(
    api: httpx2.AsyncClient, receiver: Receiver, make_courier: MakeCourier
) -> None:
    hold = threading.Event()
    receiver.replies = [Reply(hold=hold)]
    at, _ = await add(api, receiver.url)
    nobody, _ = await add(api, "http://127.0.0.1:9/")
    for one in (at, nobody):
        await ping(api, one)
    await make_courier(timeout_seconds=0.4).deliver_due()
    hold.set()
    errors = [(await deliveries(api, one))[0]["log"][0]["error"] for one in (at, nobody)]
    assert errors[0] == "There was no whole answer within 0.4 s."
    assert errors[1].startswith("ConnectError")


async def test_410_disables_the_webhook_and_its_other_messages_wait(
    api: httpx2.AsyncClient, receiver: Receiver, make_courier: MakeCourier, database: Database
) -> None:
    at, _ = await add(api, receiver.url)
    for _ in range(2):
        await ping(api, at)
    receiver.replies = [Reply(410)]
    courier = make_courier()
    for _ in range(2):
        await courier.deliver_due()
    assert [one["state"] for one in await deliveries(api, at)] == ["waiting", "failed"]
    hook = (await api.get(at)).json()
    assert (hook["enabled"], hook["disabled_reason"]) == (False, "gone")
    (entry,) = await audited(database, "webhook_disable")
    assert (entry.object_id, entry.detail, entry.user_id) == (hook["id"], {"reason": "gone", "status": 410}, None)
    assert "webhook_disable" in (await api.get("/api/v1/audit")).text
    refused = await api.post(f"{at}/test")
    assert (refused.status_code, "Enable it first" in refused.text) == (409, True)
    job = await api.post("/api/v1/jobs", json=EXPORT)
    assert (job.status_code, len(await deliveries(api, at))) == (201, 2), "events of that time are not told"
    assert (await api.patch(at, json={"enabled": True})).json()["disabled_reason"] is None
    await courier.deliver_due()
    assert [one["state"] for one in await deliveries(api, at)] == ["delivered", "failed"]


async def test_a_webhook_that_fails_for_days_is_disabled(
    api: httpx2.AsyncClient,
    receiver: Receiver,
    make_courier: MakeCourier,
    database: Database,
    account: KeyedAccount,
    later: Later,
) -> None:
    at, _ = await add(api, receiver.url)
    await ping(api, at)
    receiver.replies = [Reply(500), Reply(500)]
    courier = make_courier(disable_days=5)
    await courier.deliver_due()
    assert (await api.get(at)).json()["enabled"]
    async with database.tenant(account.account.organization_id) as connection:
        await connection.execute(update(Webhook).values(failing_since=datetime.now(UTC) - timedelta(days=5.1)))
    await later()
    await courier.deliver_due()
    assert (await api.get(at)).json()["disabled_reason"] == "failing"
    assert [entry.detail["reason"] for entry in await audited(database, "webhook_disable")] == ["failing"]
    assert (await api.patch(at, json={"enabled": True})).json()["failing_since"] is None


async def test_during_a_rotation_both_secrets_sign_and_afterwards_the_new_one_alone(
    api: httpx2.AsyncClient, receiver: Receiver, make_courier: MakeCourier, database: Database, account: KeyedAccount
) -> None:
    at, old = await add(api, receiver.url)
    answer = await api.post(f"{at}/secret", json={"overlap_hours": 2})
    new = answer.json()["secret"]
    assert answer.json()["view"]["previous_until"] is not None
    courier = make_courier()
    await ping(api, at)
    await courier.deliver_due()
    for secret in (old, new):
        assert Witness(secret).verify(receiver.messages[0].body, receiver.messages[0].headers)
    async with database.tenant(account.account.organization_id) as connection:
        await connection.execute(update(Webhook).values(previous_until=func.clock_timestamp()))
    await ping(api, at)
    await courier.deliver_due()
    assert Witness(new).verify(receiver.messages[1].body, receiver.messages[1].headers)
    with pytest.raises(WebhookVerificationError):
        Witness(old).verify(receiver.messages[1].body, receiver.messages[1].headers)
    async with database.tenant(account.account.organization_id) as connection:
        kept = await get_webhook(connection, UUID(at.rpartition("/")[2]))
    assert kept.previous_secret is None, "an old secret is not kept for longer than it signs"
    assert not any(secret.encode() in bytes(kept.secret) for secret in (old, new))
    now = await api.post(f"{at}/secret", json={"overlap_hours": 0, "secret": old})
    assert (now.json()["secret"], now.json()["view"]["previous_until"]) == (old, None)
    entries = await audited(database, "webhook_secret")
    assert [(entry.user_name, entry.detail) for entry in entries] == [
        ("ada", {"overlap_hours": 2}),
        ("ada", {"overlap_hours": 0}),
    ]
    for path in (LIST, at, "/api/v1/audit"):
        assert "whsec_" not in (await api.get(path)).text


async def test_a_key_that_is_gone_sends_nothing_unsigned(
    api: httpx2.AsyncClient, receiver: Receiver, make_courier: MakeCourier, monkeypatch: pytest.MonkeyPatch
) -> None:
    at, _ = await add(api, receiver.url)
    await ping(api, at)
    monkeypatch.setenv("TITLE1_SECRET_KEY", "A" * 43 + "=")
    await make_courier().deliver_due()
    (one,) = await deliveries(api, at)
    assert (one["state"], receiver.messages) == ("waiting", [])
    assert "encrypted with another key" in one["log"][0]["error"]


async def test_another_organizations_webhooks_hear_nothing(
    api: httpx2.AsyncClient,
    client_of: ClientOf,
    outsider: KeyedAccount,
    receiver: Receiver,
    make_courier: MakeCourier,
) -> None:
    theirs = client_of(outsider)
    mine, _ = await add(api, f"{receiver.url}/mine")
    other, _ = await add(theirs, f"{receiver.url}/theirs")
    await api.post("/api/v1/jobs", json=EXPORT)
    await make_courier().deliver_due()
    assert [message.path for message in receiver.messages] == ["/hook/mine"]
    assert (len(await deliveries(api, mine)), len(await deliveries(theirs, other))) == (1, 0)
    delivery = (await deliveries(api, mine))[0]["id"]
    # Its owner's webhook, and a message of somebody else's.
    assert (await theirs.post(f"{other}/deliveries/{delivery}/retry")).status_code == 404


async def test_webhooks_are_changed_and_listed_in_pages_and_are_limited_in_number(api: httpx2.AsyncClient) -> None:
    ways = [(await add(api, f"https://hooks.example.com/{number}"))[0] for number in range(20)]
    full = await api.post(LIST, json={"url": "https://hooks.example.com/", "events": ["job.failed"]})
    assert (full.status_code, full.json()["code"]) == (409, "CONFLICT")
    first = (await api.get(LIST, params={"limit": 12})).json()
    rest = (await api.get(LIST, params={"limit": 12, "cursor": first["next"]})).json()
    assert [f"{LIST}/{one['id']}" for one in first["items"] + rest["items"]] == ways
    changed = await api.patch(ways[0], json={"events": ["job.failed", "job.failed"], "enabled": False})
    assert (changed.json()["events"], changed.json()["disabled_reason"]) == (["job.failed"], "asked")
    assert (await api.patch(ways[0], json={"url": "https://10.0.0.8/"})).status_code == 422
    assert (await api.delete(ways[0])).status_code == 204
    assert (await api.get(ways[0])).status_code == 404


async def test_messages_are_kept_for_their_days(
    api: httpx2.AsyncClient, database: Database, account: KeyedAccount, receiver: Receiver, make_courier: MakeCourier
) -> None:
    at, _ = await add(api, receiver.url)
    for _ in range(3):
        await ping(api, at)
    await make_courier().deliver_due()
    ids = [one["id"] for one in await deliveries(api, at)]
    async with database.tenant(account.account.organization_id) as connection:
        old = update(WebhookDelivery).where(WebhookDelivery.id.in_(ids[1:]))
        await connection.execute(old.values(ended_at=func.clock_timestamp() - timedelta(days=31)))
    assert await forget_old_deliveries(database, 30) == 2
    assert [one["id"] for one in await deliveries(api, at)] == ids[:1]


async def test_without_a_key_for_secrets_none_is_stored(
    api: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TITLE1_SECRET_KEY")
    answer = await api.post(LIST, json={"url": "https://hooks.example.com/", "events": ["job.failed"]})
    assert (answer.status_code, answer.json()["code"]) == (422, "WEBHOOK_SECRET")
    assert "Set TITLE1_SECRET_KEY" in answer.json()["detail"]
