"""Which addresses are closed to the crawler, in every form in which they can be written."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.error import DNSLookupError

from crawler.addresses import read_hosts
from crawler.crawl_settings import CrawlSettings
from crawler.middlewares import address_guard
from crawler.middlewares.address_guard import AddressGuard, _system_addresses
from crawler.refusals import AddressRefusedError
from extraction.network_addresses import Address, carried, literal, refusal, unwrapped

CLOSED = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.100.100.200",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2002:a00:1::",
    "2001:0:7f00:1::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "2001:db8::1",
]
OPEN = ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450:4001:81b::200e", "::ffff:8.8.8.8"]


@pytest.mark.parametrize("text", CLOSED)
def test_an_address_that_is_not_public_is_refused(text: str) -> None:
    assert refusal(ip_address(text)) is not None


@pytest.mark.parametrize("text", OPEN)
def test_a_public_address_is_open(text: str) -> None:
    assert refusal(ip_address(text)) is None


PRIVATE = st.one_of(
    *(st.ip_addresses(network=network) for network in ("127.0.0.0/8", "10.0.0.0/8", "192.168.0.0/16", "169.254.0.0/16"))
)


@given(PRIVATE)
def test_no_wrapping_opens_a_private_address(address: IPv4Address | IPv6Address) -> None:
    number = int(address)
    wrapped = [
        IPv6Address((0xFFFF << 32) | number),
        IPv6Address(number),
        IPv6Address((0x2002 << 112) | (number << 80) | 1),
        IPv6Address((0x64FF9B << 96) | number),
        IPv6Address((0x20010000 << 96) | (number << 64)),
        IPv6Address((0x20010000 << 96) | (0x08080808 << 64) | (number ^ 0xFFFFFFFF)),
    ]
    assert all(refusal(form) is not None for form in wrapped)


def test_the_operators_networks_win() -> None:
    allowed = (ip_network("127.0.0.0/8"), ip_network("fd00::/8"))
    assert refusal(ip_address("127.0.0.1"), allowed) is None
    assert refusal(ip_address("::ffff:127.0.0.1"), allowed) is None
    assert refusal(ip_address("fd00::1"), allowed) is None
    assert refusal(ip_address("10.0.0.1"), allowed) is not None


def test_wrappings_are_read() -> None:
    assert unwrapped(ip_address("::ffff:10.0.0.1")) == ip_address("10.0.0.1")
    assert ip_address("127.0.0.1") in carried(ip_address("2002:7f00:1::"))
    assert carried(ip_address("8.8.8.8")) == []
    assert literal("[::1]") == ip_address("::1")
    assert literal("127.1") is None


@pytest.mark.parametrize("host", ["127.1", "0x7f000001", "2130706433", "0177.0.0.1", "0", "localhost"])
def test_what_the_system_makes_of_odd_forms_is_refused(host: str) -> None:
    guard = AddressGuard(CrawlSettings(contact="https://operator.example/"))
    with pytest.raises(AddressRefusedError):
        guard.check_addresses(host, _system_addresses(host))


def test_a_host_with_one_closed_address_is_refused_as_a_whole() -> None:
    guard = AddressGuard(CrawlSettings(contact="https://operator.example/"))
    public, private = ip_address("8.8.8.8"), ip_address("127.0.0.1")
    assert guard.check_addresses("x.test", [public, public]) == [public]
    with pytest.raises(AddressRefusedError, match=r"x\.test"):
        guard.check_addresses("x.test", [public, private])


def test_public_hosts_need_a_contact() -> None:
    guard = AddressGuard(CrawlSettings(allow_addresses=(ip_network("127.0.0.0/8"),)))
    assert guard.check_addresses("x.test", [ip_address("127.0.0.1")])
    with pytest.raises(AddressRefusedError, match="TITLE1_CRAWL_CONTACT"):
        guard.check_addresses("x.test", [ip_address("8.8.8.8")])


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "ftp://x.test/", "gopher://x.test/", "data:text/html,x", "javascript:alert(1)",
        "http://x.test:22/", "http://x.test:6379/", "http://user@x.test/", "http://good.test@127.0.0.1/",
        "http:///path", "http://x.test:99999/", "http://[::1/", "http:127.0.0.1/",
    ],
)  # fmt: skip
def test_schemes_ports_and_forms_that_are_closed(url: str) -> None:
    with pytest.raises(AddressRefusedError):
        AddressGuard(CrawlSettings()).check_url(url)


def test_ordinary_and_allowed_ports_are_open() -> None:
    guard = AddressGuard(CrawlSettings(allow_ports=(8080,)))
    for url in ("http://x.test/", "https://x.test/", "http://x.test:443/", "http://x.test:8080/"):
        guard.check_url(url)


async def test_nobody_else_is_asked_for_names_where_only_the_hosts_file_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def ask(host: str) -> list[Address]:
        pytest.fail(f"{host} was looked up")

    monkeypatch.setattr(address_guard, "_looked_up", ask)
    guard = AddressGuard(CrawlSettings(hosts_only=True, allow_addresses=(ip_network("127.0.0.0/8"),)))
    guard._known = read_hosts(["127.0.0.7 inside.test"])
    assert await guard.resolve("inside.test") == [ip_address("127.0.0.7")]
    assert await guard.resolve("127.0.0.9") == [ip_address("127.0.0.9")]
    with pytest.raises(DNSLookupError, match="hosts file"):
        await guard.resolve("outside.test")


async def test_a_name_of_the_hosts_file_is_not_looked_up(tmp_path: object) -> None:
    guard = AddressGuard(CrawlSettings(allow_addresses=(ip_network("127.0.0.0/8"),)))
    guard._known = read_hosts(["127.0.0.7 inside.test Other.Test. # both", "not-an-address x", "10.0.0.1"])
    assert await guard.resolve("INSIDE.test.") == [ip_address("127.0.0.7")]
    assert await guard.resolve("other.test") == [ip_address("127.0.0.7")]
    assert await guard.resolve("127.0.0.9") == [ip_address("127.0.0.9")]
    with pytest.raises(AddressRefusedError):
        await guard.resolve("[::1]")
