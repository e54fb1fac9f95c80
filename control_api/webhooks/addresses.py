"""Which addresses a webhook may have: https at public hosts, and networks that a setting opens.

A URL is looked at twice. When it is stored, by its text: what is wrong there never becomes right. And at every try, by
what its name resolves to now: all of it must be public, and the connection is made to just these addresses, so that no
second answer of DNS can come between the look and the connection.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address
from urllib.parse import SplitResult, urlsplit

from extraction.network_addresses import Address, Network, literal, refusal

MOST_LETTERS = 2000
_PRINTABLE = re.compile(r"[!-~]+")
_NAME = re.compile(r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.?")
_ODD_ADDRESS = re.compile(r"(.*\.)?(\d+|0x[0-9a-f]*)\.?")
"""Resolvers read a host that ends in a number as an IPv4 address: `127.1`, `0x7f000001`, `2130706433`."""
_LOOPBACK = IPv4Address("127.0.0.1")


class WebhookAddressError(ValueError):
    """An address that no message is sent to; the message says why and what to give instead."""


def checked_url(text: str, allowed: Sequence[Network] = ()) -> str:
    """The URL, if messages may be sent there as far as its text tells.

    Raises:
        WebhookAddressError: it is no URL, not https, has a user or a fragment, or names a host that is not public.
    """
    parts = _split(text)
    host = parts.hostname or ""
    address = literal(host)
    if address is None and (not _NAME.fullmatch(host) or _ODD_ADDRESS.fullmatch(host)):
        raise WebhookAddressError(f"{host!r} is no name of a host. Write the host as https://hooks.example.com/title1.")
    if address is None and (host.rstrip(".") == "localhost" or host.rstrip(".").endswith(".localhost")):
        address = _LOOPBACK
    if address is not None and (reason := refusal(address, allowed)):
        raise WebhookAddressError(
            f"{reason}. Give one that the internet can reach, such as https://hooks.example.com/."
        )
    is_opened = address is not None and refusal(address) is not None
    if parts.scheme != "https" and not (parts.scheme == "http" and is_opened):
        raise WebhookAddressError("Messages are sent by https only. Write the address with https://.")
    return text


def _split(text: str) -> SplitResult:
    if len(text) > MOST_LETTERS or not _PRINTABLE.fullmatch(text):
        raise WebhookAddressError(
            f"An address has at most {MOST_LETTERS:,} letters of ASCII without spaces; write names of other letters as"
            " xn--…, and other letters of a path as %-codes."
        )
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise WebhookAddressError(f"This is no address: {error}.") from error
    if parts.username is not None or parts.password is not None:
        raise WebhookAddressError("An address holds no user or password; messages are signed instead.")
    if parts.fragment or "#" in text or "\\" in text or port == 0:
        raise WebhookAddressError("An address has no part behind #, no backslash and no port 0. Leave that away.")
    return parts


async def public_addresses(url: str, allowed: Sequence[Network] = ()) -> list[Address]:
    """The addresses of a URL's host, in the order in which to ask them, all of them allowed.

    Raises:
        WebhookAddressError: its text, or any of its addresses, is refused.
        OSError: the name cannot be resolved now.
    """
    parts = urlsplit(checked_url(url, allowed))
    host = parts.hostname or ""
    if (own := literal(host)) is not None:
        return [own]
    found = await asyncio.get_running_loop().getaddrinfo(host, parts.port or 443, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(address for *_, place in found if (address := literal(str(place[0])))))
    if not addresses:
        raise OSError(f"{host} has no address")
    for address in addresses:  # one that is not public makes all of them suspicious
        if reason := refusal(address, allowed):
            raise WebhookAddressError(f"{host}: {reason}.")
    return addresses
