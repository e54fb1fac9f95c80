"""How large an answer may be before it is an answer: its head, and its body once it is unpacked.

Scrapy bounds what it receives of a body and what unpacking it yields, but not the head: a server that sends header
lines for ever would fill the crawl's memory until the time-out. Whatever is too large ends as `TooLargeError`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.core.downloader.handlers.http11 import _LenientHTTP11ClientFactory, _LenientHTTP11ClientProtocol
from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.exceptions import DownloadFailedError, IgnoreRequest
from twisted.python.failure import Failure
from twisted.web._newclient import HEADER, STATUS
from twisted.web.client import ResponseFailed
from typing_extensions import override

from crawler.refusals import TooLargeError

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response
    from twisted.internet.defer import Deferred
    from twisted.internet.interfaces import IAddress
    from twisted.web._newclient import HTTP11ClientProtocol
    from twisted.web._newclient import Request as SentRequest
    from twisted.web.iweb import IResponse

_LARGEST_HEAD = 256 * 1024
"""Bytes of status lines and headers of one answer; browsers allow as much."""


class BoundedUnpacking(HttpCompressionMiddleware):
    """Scrapy's own, with a word of ours for what grows beyond the limit while it is unpacked."""

    @override
    def process_response(  # pyright: ignore[reportIncompatibleMethodOverride]  its `spider` is deprecated
        self, request: Request, response: Response
    ) -> Request | Response:
        try:
            return super().process_response(request, response)
        except IgnoreRequest as error:
            raise TooLargeError("the page is larger than the limit once it is unpacked") from error


class BoundedHeads(_LenientHTTP11ClientFactory):
    """Makes connections whose answers have heads of bounded size."""

    @override
    def buildProtocol(self, addr: IAddress | None) -> HTTP11ClientProtocol:
        return _BoundedProtocol(self._quiescentCallback)


class _HeadTooLargeError(Exception):
    pass


class _BoundedProtocol(_LenientHTTP11ClientProtocol):
    _head = 0

    @override
    def request(self, request: SentRequest) -> Deferred[IResponse]:
        self._head = 0
        return super().request(request)

    @override
    def dataReceived(self, bytes: bytes) -> None:
        # An answer that only announces another one (1xx) leaves the parser at its status line.
        if self._parser is not None and self._parser.state in {STATUS, HEADER}:
            self._head += len(bytes)
            if self._head > _LARGEST_HEAD:
                self._giveUp(Failure(_HeadTooLargeError()))
                return
        super().dataReceived(bytes)


def is_head_too_large(error: DownloadFailedError) -> bool:
    """Whether a transfer failed because the head of its answer is larger than the limit."""
    cause = error.__cause__
    return isinstance(cause, ResponseFailed) and any(reason.check(_HeadTooLargeError) for reason in cause.reasons)
