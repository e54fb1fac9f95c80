"""A fake org, and clients of it that log in by each way."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from functools import cache
from ipaddress import ip_network

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from control_api.salesforce.client import Login, LoginMethod, SalesforceClient, Secret
from control_api.salesforce.settings import SalesforceSettings
from storage.database import Database
from storage.settings import StorageSettings
from tests.conftest import KeyedAccount
from tests.control_api.salesforce.pushing import KEY, Pushes
from tests.fakes.salesforce.server import (
    CLIENT_ID,
    CLIENT_SECRET,
    PASSWORD,
    SECURITY_TOKEN,
    USERNAME,
    FakeSalesforce,
    serving,
)

ENVIRONMENT = {
    "TITLE1_SECRET_KEY": KEY,
    "TITLE1_SALESFORCE_ALLOW_ADDRESSES": "127.0.0.0/8",
    "TITLE1_SALESFORCE_TIMEOUT_SECONDS": "10",
    "TITLE1_SALESFORCE_RETRIES": "0",
    "TITLE1_SALESFORCE_POLL_SECONDS": "0.02",
    "TITLE1_SALESFORCE_OUTAGE_SECONDS": "0.05",
}
"""Of a worker that pushes to the fake."""

ClientBy = Callable[..., SalesforceClient]


def another_key() -> str:
    """A private key of nobody."""
    return _pair()[0]


@cache
def key_pair() -> tuple[str, str]:
    """The private key of the app and its public half, in PEM."""
    return _pair()


def _pair() -> tuple[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


@pytest.fixture
async def fake() -> AsyncGenerator[FakeSalesforce]:
    async with serving(FakeSalesforce(public_key=key_pair()[1])) as server:
        yield server


@pytest.fixture
def salesforce_settings() -> SalesforceSettings:
    """Loopback stands for Salesforce; a pause between two looks is short."""
    return SalesforceSettings(
        allow_addresses=(ip_network("127.0.0.0/8"),), timeout_seconds=5, poll_seconds=0.05, retries=1
    )


@pytest.fixture
def client_by(fake: FakeSalesforce, salesforce_settings: SalesforceSettings) -> ClientBy:
    """Makes clients that log in by one of the ways; `secret` in the place of the right one."""
    secrets = {
        LoginMethod.CLIENT_CREDENTIALS: Secret(client_secret=CLIENT_SECRET),
        LoginMethod.JWT_BEARER: Secret(private_key=key_pair()[0]),
        LoginMethod.PASSWORD: Secret(password=PASSWORD, security_token=SECURITY_TOKEN),
    }

    def make(method: LoginMethod = LoginMethod.CLIENT_CREDENTIALS, secret: Secret | None = None) -> SalesforceClient:
        login = Login(fake.url, method, CLIENT_ID, USERNAME, secret or secrets[method])
        return SalesforceClient(login, salesforce_settings)

    return make


@pytest.fixture
async def pushes(
    database: Database,
    account: KeyedAccount,
    storage_settings: StorageSettings,
    fake: FakeSalesforce,
    monkeypatch: pytest.MonkeyPatch,
) -> Pushes:
    """A connection to the fake, and how to push over it. Settings come from the environment, as a worker has them."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    pushes = Pushes(database, account.account, storage_settings, fake)
    await pushes.connect()
    return pushes
