"""One message over HTTP: to addresses that were looked at, without redirects, within a time, with little of its answer.

Whatever the receiver does comes back as an `Answer`; nothing is raised.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from ssl import SSLContext, create_default_context
from typing import Self

import httpx2

from control_api.webhooks.addresses import WebhookAddressError, public_addresses
from control_api.webhooks.settings import WebhookSettings

KEPT_BYTES = 4096
"""Of an answer; the rest is not read."""
ADDRESSES_TRIED = 3
_ASKS_TO_WAIT = frozenset({429, 503})
GONE = 410


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one try."""

    milliseconds: int
    status: int | None = None
    error: str | None = None
    """Why the message was not taken; None if it was."""
    text: str | None = None
    """The beginning of the answer's body."""
    wait_seconds: float = 0.0
    """How long the receiver asks to be left alone."""
    refused: bool = False
    """The address may not be asked; nothing was sent."""


class Poster:
    """Sends messages; close it in the end."""

    def __init__(self, settings: WebhookSettings) -> None:
        self._settings = settings
        tls: SSLContext = create_default_context()
        # No connection is kept: it would be known by its address only, and so be taken for another host's there.
        self._http = httpx2.AsyncClient(
            verify=tls,
            trust_env=False,
            follow_redirects=False,
            timeout=None,
            limits=httpx2.Limits(max_keepalive_connections=0),
        )

    async def __aenter__(self) -> Self:
        """The poster itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Closes it."""
        await self.close()

    async def close(self) -> None:
        """Ends its connections."""
        await self._http.aclose()

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Sends a message, and says what came of it."""
        began = time.monotonic()
        seconds = self._settings.timeout_seconds
        status, kept, asked, error, refused = None, None, None, None, False
        try:
            async with asyncio.timeout(seconds):
                status, asked, kept = await self._sent(url, headers, body)
            error = _error_of(status)
        except WebhookAddressError as refusal:
            error, refused = str(refusal), True
        except TimeoutError:
            error = f"There was no whole answer within {seconds:g} s."
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as failure:
            error = f"{type(failure).__name__}: {failure}"[:500]
        return Answer(
            milliseconds=round(1000 * (time.monotonic() - began)),
            status=status,
            error=error,
            text=kept,
            wait_seconds=seconds_to_wait(asked) if status in _ASKS_TO_WAIT else 0.0,
            refused=refused,
        )

    async def _sent(self, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, str | None, str]:
        """Status, Retry-After and beginning of the answer of the first address that can be connected to."""
        addresses = (await public_addresses(url, self._settings.allow_addresses))[:ADDRESSES_TRIED]
        for address in addresses[:-1]:
            try:
                return await self._asked(url, str(address), headers, body)
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                continue
        return await self._asked(url, str(addresses[-1]), headers, body)

    async def _asked(
        self, url: str, address: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, str | None, str]:
        named = httpx2.URL(url)
        request = self._http.build_request(
            "POST",
            named.copy_with(host=address),
            content=body,
            headers={
                "Host": named.netloc.decode("ascii"),
                "Content-Type": "application/json",
                "Accept-Encoding": "identity",
                "User-Agent": f"title1/{version('title1')}",
                **headers,
            },
            # The certificate must be the named host's, whatever address it has.
            extensions={"sni_hostname": named.host},
        )
        response = await self._http.send(request, stream=True)
        try:
            kept = bytearray()
            async for chunk in response.aiter_raw():
                kept += chunk[: KEPT_BYTES - len(kept)]
                if len(kept) >= KEPT_BYTES:
                    break
        finally:
            await response.aclose()
        # PostgreSQL keeps no NUL in a text.
        text = bytes(kept).decode("utf-8", "replace").replace("\0", "\ufffd")
        return response.status_code, response.headers.get("Retry-After"), text


def _error_of(status: int) -> str | None:
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return f"The receiver answered {status}; redirects are not followed. Give the webhook its final address."
    if status == GONE:
        return "The receiver answered 410: it wants no more messages."
    return f"The receiver answered {status}."


def seconds_to_wait(retry_after: str | None) -> float:
    """The seconds that a Retry-After asks for, as a number or as a date; 0 where it asks for nothing that is known."""
    words = (retry_after or "").strip()
    if words.isascii() and words.isdigit():
        return float(words[:9])
    try:
        until = parsedate_to_datetime(words)
    except ValueError:
        return 0.0
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
