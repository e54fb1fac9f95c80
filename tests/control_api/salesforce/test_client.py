"""Logging in, asking, and what is told when Salesforce does not answer as it should."""

from __future__ import annotations

import asyncio
from ipaddress import ip_network

import pytest

from control_api.salesforce.addresses import Addresses
from control_api.salesforce.client import Login, LoginMethod, SalesforceClient, Secret
from control_api.salesforce.errors import (
    SalesforceAddressError,
    SalesforceLoginError,
    SalesforceRefusedError,
    SalesforceUnavailableError,
)
from control_api.salesforce.settings import SalesforceSettings
from tests.control_api.salesforce.conftest import ClientBy, another_key
from tests.fakes.salesforce.server import FakeSalesforce


@pytest.mark.parametrize("method", list(LoginMethod))
async def test_each_way_of_logging_in_leads_to_the_org(
    fake: FakeSalesforce, client_by: ClientBy, method: LoginMethod
) -> None:
    client = client_by(method)
    assert fake.url.endswith(await asyncio.to_thread(client.connect))
    fields = (await asyncio.to_thread(client.describe, "Lead"))["fields"]
    assert {"LastName", "Company", "Title1_Id__c"} <= {field["name"] for field in fields}
    assert await asyncio.to_thread(client.query, "SELECT Name FROM Organization LIMIT 1")
    assert fake.logins.total() == 1


@pytest.mark.parametrize(
    ("method", "secret", "words"),
    [
        (LoginMethod.CLIENT_CREDENTIALS, Secret(client_secret="wrong"), "Check the client secret"),
        (LoginMethod.JWT_BEARER, Secret(private_key=another_key()), "the certificate of this private key"),
        (LoginMethod.PASSWORD, Secret(password="wrong"), "Check user name, password"),
    ],
)
async def test_a_refused_login_says_what_to_check_and_never_the_secret(
    client_by: ClientBy, method: LoginMethod, secret: Secret, words: str
) -> None:
    with pytest.raises(SalesforceLoginError, match=words) as caught:
        await asyncio.to_thread(client_by(method, secret).connect)
    assert "wrong" not in str(caught.value)
    assert "wrong" not in repr(secret)


@pytest.mark.parametrize("fault", ["503", "lost", "limit"])
async def test_an_outage_is_told_as_one_also_at_the_login(
    fake: FakeSalesforce, client_by: ClientBy, fault: str
) -> None:
    fake.share = {fault: 1.0}  # pyright: ignore[reportAttributeAccessIssue]  the parameters are words of FaultKind
    with pytest.raises(SalesforceUnavailableError) as caught:
        await asyncio.to_thread(client_by().connect)
    assert (caught.value.wait_seconds == 900) is (fault == "limit")


async def test_questions_are_repeated_and_expired_sessions_renewed(fake: FakeSalesforce, client_by: ClientBy) -> None:
    client = client_by()
    await asyncio.to_thread(client.connect)
    fake.misbehave("503", "expired")
    assert await asyncio.to_thread(client.describe, "Lead")
    fake.misbehave("expired")
    assert await asyncio.to_thread(client.user_id) == "0055g000001AbCd"
    assert fake.logins.total() == 3


async def test_sessions_that_all_end_at_once_are_told_as_a_refused_login(
    fake: FakeSalesforce, client_by: ClientBy
) -> None:
    client = client_by()
    await asyncio.to_thread(client.connect)
    fake.share = {"expired": 1.0}
    for ask in (client.user_id, lambda: client.describe("Lead")):
        with pytest.raises(SalesforceLoginError, match="ends each session"):
            await asyncio.to_thread(ask)


async def test_a_hung_server_ends_in_time(fake: FakeSalesforce, client_by: ClientBy) -> None:
    client = client_by()
    client.settings.timeout_seconds = 0.2
    client.settings.retries = 0
    fake.slow_seconds = 2.0
    fake.misbehave("slow")
    with pytest.raises(SalesforceUnavailableError, match="did not answer within"):
        await asyncio.to_thread(client.connect)


async def test_what_the_org_does_not_know_is_refused_with_its_own_code(client_by: ClientBy) -> None:
    client = client_by()
    with pytest.raises(SalesforceRefusedError) as caught:
        await asyncio.to_thread(client.describe, "Nonsense__c")
    assert caught.value.reason == "NOT_FOUND"
    assert not await asyncio.to_thread(client.has_record, "Campaign", "701' OR Name != '")


@pytest.mark.parametrize(
    "url",
    [
        "http://acme.my.salesforce.com",
        "https://acme.my.salesforce.com.evil.example",
        "https://evil.example/acme.my.salesforce.com",
        "https://user@acme.my.salesforce.com",
        "https://acme.my.salesforce.com:8443",
        "https://salesforce.com.",
        "https://acme.my.salesforce.com/services",
        "http://127.0.0.1:8080",
        "http://169.254.169.254",
        "https://[::1",
        "javascript:alert(1)",
        "",
    ],
)
def test_only_salesforce_is_asked(url: str) -> None:
    with pytest.raises(SalesforceAddressError):
        Addresses().login_url(url)


async def test_a_session_is_not_carried_to_an_address_that_is_not_salesforces(
    fake: FakeSalesforce, client_by: ClientBy
) -> None:
    fake.instance_url = "https://evil.example"
    client = client_by()
    for ask in (lambda: client.describe("Lead"), client.user_id):
        with pytest.raises(SalesforceAddressError, match=r"evil\.example"):
            await asyncio.to_thread(ask)


def test_addresses_are_kept_plain_and_opened_by_a_setting_only() -> None:
    assert Addresses().login_url(" https://Acme.my.salesforce.com/ ") == "https://acme.my.salesforce.com"
    opened = Addresses((ip_network("127.0.0.0/8"),))
    assert opened.login_url("http://127.0.0.1:8080") == "http://127.0.0.1:8080"
    with pytest.raises(SalesforceAddressError):
        opened.asked("https://10.0.0.1/services/data/", "http://127.0.0.1:8080")
    sandbox = "https://acme--uat.sandbox.my.salesforce.com"
    assert (opened.audience(sandbox), opened.audience("https://acme.my.salesforce.com")) == ("test", "login")


async def test_client_credentials_need_the_own_address() -> None:
    login = Login("https://login.salesforce.com", LoginMethod.CLIENT_CREDENTIALS, "id", None, Secret(client_secret="s"))
    with pytest.raises(SalesforceLoginError, match="My Domain"):
        SalesforceClient(login, SalesforceSettings()).connect()
