"""What many schools' visits ask for, a district's list of schools or a vendor's script: one request serves them all.

The visits of a district's schools do not know of each other. Without this, its server would be asked for the same pages
once for each school, at its slow pace, by everyone in turn.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response

SHARED = "shared"
"""Meta key of a request that is content with an answer that another request was given."""

_KEPT_SECONDS = 3600.0
_ROOM = 32 * 2**20
_LARGEST_SHARE = 16
"""One page takes no more than this part of the room."""


@dataclass(frozen=True, slots=True)
class _Kept:
    response: Response
    until: float


class SharedPages:
    """The answers of the last hour, redirects and "no such page" among them.

    Args:
        room: Bytes of page bodies kept in memory; the oldest answers go first.
    """

    def __init__(self, room: int = _ROOM) -> None:
        self._room = room
        self._bytes = 0
        self._kept: dict[str, _Kept] = {}

    def keep(self, request: Request, response: Response) -> None:
        """Keeps an answer for others, unless it may be another one the next time."""
        too_large = len(response.body) > self._room // _LARGEST_SHARE
        lasting = response.status < 400 or response.status in {404, 410}
        lasting = lasting and b"no-store" not in (response.headers.get(b"Cache-Control") or b"").lower()
        if request.method != "GET" or not request.meta.get(SHARED) or too_large or not lasting:
            return
        self._drop(request.url)
        self._kept[request.url] = _Kept(response, monotonic() + _KEPT_SECONDS)
        self._bytes += len(response.body)
        while self._bytes > self._room:
            self._drop(next(iter(self._kept)))

    def answer(self, request: Request) -> Response | None:
        """Returns a copy of the answer that another request was given, if there is one and this one is content."""
        kept = self._kept.get(request.url)
        if kept is None or request.method != "GET" or not request.meta.get(SHARED):
            return None
        if kept.until < monotonic():
            self._drop(request.url)
            return None
        # The engine writes whose answer it is into the response that was kept, and a copy would say the same.
        return kept.response.replace(request=request)

    def _drop(self, url: str) -> None:
        kept = self._kept.pop(url, None)
        if kept is not None:
            self._bytes -= len(kept.response.body)
