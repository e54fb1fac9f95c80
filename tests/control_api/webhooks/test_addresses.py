"""Where messages may go: by the text of an address, by what its name resolves to, and by whose certificate is shown."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from control_api.webhooks.addresses import WebhookAddressError, checked_url, public_addresses
from control_api.webhooks.posting import Poster
from control_api.webhooks.settings import WebhookSettings
from tests.control_api.webhooks.conftest import LIST, LOOPBACK
from tests.fakes.receiver import Receiver

REFUSED = [
    "http://hooks.example.com/",
    "ftp://hooks.example.com/",
    "hooks.example.com",
    "https://",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0177.0.0.1/",
    "https://127.0.0.1./",
    "https://localhost/",
    "https://a.localhost./",
    "https://10.0.0.8/",
    "https://169.254.169.254/latest/meta-data/",
    "https://100.64.0.1/",
    "https://0.0.0.0/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[fe80::1%25eth0]/",
    "https://user:word@hooks.example.com/",
    "https://hooks.example.com@10.0.0.8/",
    "https://hooks.example.com\\@10.0.0.8/",
    "https://hooks.example.com/#part",
    "https://hooks.example.com:99999/",
    "https://hooks.example.com:0/",
    "https://hooks.exa mple.com/",
    "https://hooks.example.com/\r\nHost:x",
    "https://höoks.example.com/",
    f"https://hooks.example.com/{'x' * 2000}",
]


@pytest.mark.parametrize("url", REFUSED)
def test_what_is_no_public_address_is_refused_by_its_text(url: str) -> None:
    with pytest.raises(WebhookAddressError):
        checked_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com",
        "https://hooks.example.com:8443/a?b=c",
        "https://8.8.8.8/",
        "https://xn--hks-5qa.de/",
    ],
)
def test_public_addresses_are_taken_as_they_are(url: str) -> None:
    assert checked_url(url) == url


def test_an_opened_network_may_do_without_tls_where_the_address_names_it_and_nowhere_else() -> None:
    assert checked_url("http://127.0.0.1:9/", LOOPBACK)
    assert checked_url("http://localhost:9/", LOOPBACK)
    for url in ("http://10.0.0.8/", "https://10.0.0.8/", "http://hooks.example.com/", "http://8.8.8.8/"):
        with pytest.raises(WebhookAddressError):
            checked_url(url, LOOPBACK)


async def test_the_api_refuses_them_and_names_the_field(api: httpx2.AsyncClient) -> None:
    for values, pointer in (
        ({"url": "https://169.254.169.254/"}, "/url"),
        ({"events": ["job.eaten"]}, "/events/0"),
        ({"events": []}, "/events"),
        ({"secret": "whsec_c2hvcnQ="}, "/secret"),
        ({"urls": "https://hooks.example.com/"}, "/urls"),
    ):
        good = {"url": "https://hooks.example.com/", "events": ["job.failed"]}
        answer = await api.post(LIST, json=good | values)
        assert answer.status_code == 422, answer.text
        assert pointer in [error["pointer"] for error in answer.json()["errors"]], answer.text
    assert (await api.get(LIST)).json()["items"] == []


Resolve = Callable[..., None]


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Resolve:
    """Has all names resolve to these addresses, one answer after the other; the last one stays."""

    def set_answers(*answers: list[str]) -> None:
        left = list(answers)

        async def getaddrinfo(_loop: Any, _host: str, port: int, **_: Any) -> list[Any]:
            found = left.pop(0) if len(left) > 1 else left[0]
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

        monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "getaddrinfo", getaddrinfo)

    return set_answers


async def test_a_name_is_refused_when_any_of_its_addresses_is_not_public(resolve: Resolve) -> None:
    resolve(["93.184.215.14"])
    assert [str(one) for one in await public_addresses("https://hooks.example.com/")] == ["93.184.215.14"]
    for found in (["127.0.0.1"], ["93.184.215.14", "10.0.0.8"], ["::ffff:10.0.0.8"], ["fe80::1%2"]):
        resolve(found)
        with pytest.raises(WebhookAddressError, match="not a public address"):
            await public_addresses("https://hooks.example.com/")


def certificate(folder: Path, name: str) -> Path:
    """A certificate that vouches for itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / f"{name}.pem"
    path.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    return path


async def test_the_connection_goes_to_the_address_that_was_looked_at_and_the_certificate_must_be_the_names(
    resolve: Resolve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = certificate(tmp_path, "hooks.test")
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem)
    # Were the name asked for twice, the connection would go to a port that nobody hears.
    resolve(["127.0.0.1"], ["127.0.0.2"])
    settings = WebhookSettings(allow_addresses=(ip_network("127.0.0.0/8"),))
    with Receiver(tls) as receiver:
        async with Poster(settings) as poster:
            taken = await poster.post(f"https://hooks.test:{receiver.port}/a?b=c", {"webhook-id": "msg_1"}, b"{}")
            assert (taken.status, taken.error, taken.text) == (200, None, "thanks")
            assert receiver.messages[0].headers["host"] == f"hooks.test:{receiver.port}"
            assert receiver.messages[0].path == "/a?b=c"
            resolve(["127.0.0.1"])
            other = await poster.post(f"https://other.test:{receiver.port}/", {"webhook-id": "msg_2"}, b"{}")
    assert "certificate" in (other.error or "").lower(), other
    assert receiver.ids == ["msg_1"]


async def test_a_name_that_has_become_private_ends_the_message_and_nothing_is_sent(resolve: Resolve) -> None:
    resolve(["10.0.0.8"])
    async with Poster(WebhookSettings(allow_addresses=())) as poster:
        answer = await poster.post("https://hooks.example.com/", {}, b"{}")
    assert (answer.refused, answer.status) == (True, None)
    assert answer.error == "hooks.example.com: 10.0.0.8 is not a public address."
