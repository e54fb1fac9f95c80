"""The transport: connects to nothing but open addresses, and to exactly the address that was checked.

Stands below every middleware, as Scrapy's download handler, so pages, robots.txt files, redirects and searches all pass
it. A name is resolved once per connection (hosts file first, then the system), every address it has is judged, and the
connection goes to one of those very addresses; a name that has one closed address is refused as a whole. Literal
addresses take the same way. Proxies are not supported: neither a request nor the environment can route around this.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler, _BindAddressAgent, _ScrapyAgent
from scrapy.exceptions import DownloadCancelledError, DownloadFailedError, ResponseDataLossError
from scrapy.utils._download_handlers import get_dataloss_msg, wrap_twisted_exceptions
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP6ClientEndpoint, wrapClientTLS
from twisted.internet.error import ConnectError, DNSLookupError
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.python.failure import Failure
from twisted.web.client import URI, Agent
from typing_extensions import override
from zope.interface import classImplements

from crawler.addresses import host_key
from crawler.crawl_settings import CrawlSettings, crawl_settings
from crawler.middlewares.answer_limits import BoundedHeads, is_head_too_large
from crawler.refusals import AddressRefusedError, TooLargeError
from extraction.network_addresses import Address, literal, refusal, unwrapped

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response

_logger = logging.getLogger(__name__)
_ORDINARY_PORTS = (80, 443)
_KEPT_OPEN_SECONDS = 15
"""A connection that nothing is asked on is closed after so long: a crawl asks thousands of hosts, each for a while."""
_CONNECT_SECONDS = 10.0
_ADDRESSES_TRIED = 4
_LOOKUPS_TRIED = 3
_LOOKUP_PAUSE_SECONDS = 1.0


class NameServerError(DNSLookupError):
    """The name servers did not answer, which is not the answer "there is no such name"."""


class AddressGuard:
    """Decides which URLs and addresses are open under the settings of this crawl."""

    def __init__(self, settings: CrawlSettings) -> None:
        self._allowed = settings.allow_addresses
        self._ports = frozenset((*_ORDINARY_PORTS, *settings.allow_ports))
        self._known = settings.known_hosts()
        self._hosts_only = settings.hosts_only
        self._has_contact = settings.contact is not None

    def check_url(self, url: str) -> None:
        """Refuses a URL whose scheme, port or form is closed.

        Raises:
            AddressRefusedError: It is.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise AddressRefusedError(f"the address cannot be read: {error}") from error
        if parts.scheme not in {"http", "https"}:
            raise AddressRefusedError(f"the scheme {parts.scheme!r} is not open")
        if not parts.hostname:
            raise AddressRefusedError("the address names no host")
        if parts.username is not None or parts.password is not None:
            # Two parsers may read different hosts out of such an address.
            raise AddressRefusedError("an address with a user name is not open")
        self.check_port(port or (443 if parts.scheme == "https" else 80))

    def check_port(self, port: int) -> None:
        """Refuses a port that is neither ordinary nor allowed."""
        if port not in self._ports:
            raise AddressRefusedError(f"port {port} is not open (TITLE1_CRAWL_ALLOW_PORTS names more)")

    def check_addresses(self, host: str, addresses: Sequence[Address]) -> list[Address]:
        """Returns the addresses of a host in the order to try them, or refuses the host if one of them is closed."""
        for address in addresses:
            reason = refusal(address, self._allowed)
            if reason is not None:
                raise AddressRefusedError(f"{host}: {reason}")
            if not self._has_contact and refusal(address) is None:
                raise AddressRefusedError("TITLE1_CRAWL_CONTACT is not set; public hosts are asked only with a contact")
        return list(dict.fromkeys(unwrapped(address) for address in addresses))

    async def resolve(self, host: str) -> list[Address]:
        """Returns the checked addresses of a host.

        Raises:
            AddressRefusedError: One of them is closed.
            DNSLookupError: There is no such name; `NameServerError` where nobody could say.
        """
        known = self._known.get(host_key(host))
        if known:
            return self.check_addresses(host, known)
        single = literal(host)
        if single is None and self._hosts_only:
            raise DNSLookupError(f"{host} is not in the hosts file")
        return self.check_addresses(host, [single] if single is not None else await _looked_up(host))


class PinnedEndpoint:
    """A TCP endpoint that connects to a checked address of its host."""

    def __init__(self, guard: AddressGuard, reactor: Any, host: str, port: int, timeout: float) -> None:
        self._guard = guard
        self._reactor = reactor
        self._host = host
        self._port = port
        self._timeout = min(timeout, _CONNECT_SECONDS)

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:  # noqa: N803  Twisted's interface
        """Resolves, checks, and connects to the first address that answers."""
        return Deferred.fromCoroutine(self._connect(protocolFactory))

    async def _connect(self, factory: IProtocolFactory) -> IProtocol:
        self._guard.check_port(self._port)
        last: ConnectError | None = None
        for address in (await self._guard.resolve(self._host))[:_ADDRESSES_TRIED]:
            kind: Any = TCP4ClientEndpoint if address.version == 4 else TCP6ClientEndpoint
            try:
                return await kind(self._reactor, str(address), self._port, self._timeout).connect(factory)
            except ConnectError as error:
                last = error
        raise last or DNSLookupError(f"{self._host} has no address")


classImplements(PinnedEndpoint, IStreamClientEndpoint)


class GuardedDownloadHandler(HTTP11DownloadHandler):
    """Scrapy's HTTP/1.1 handler over pinned endpoints."""

    lazy = False

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self.guard = AddressGuard(crawl_settings())
        self._pool.cachedConnectionTimeout = _KEPT_OPEN_SECONDS
        self._pool._factory = BoundedHeads

    @override
    async def download_request(self, request: Request) -> Response:
        self.guard.check_url(request.url)
        transfer = _GuardedTransfer(
            self.guard,
            contextFactory=self._contextFactory,
            pool=self._pool,
            maxsize=self._default_maxsize,
            warnsize=self._default_warnsize,
            fail_on_dataloss=self._fail_on_dataloss,
            crawler=self._crawler,
            tls_verbose_logging=self._tls_verbose_logging,
        )
        try:
            with wrap_twisted_exceptions():
                return await maybe_deferred_to_future(transfer.download_request(request))
        except DownloadCancelledError as error:
            # Nobody cancels a transfer but Scrapy, of a body that is larger than the limit.
            raise TooLargeError("the page is larger than the limit") from error
        except DownloadFailedError as error:
            if is_head_too_large(error):
                raise TooLargeError("the head of the answer is larger than the limit") from error
            raise
        except ResponseDataLossError:
            if not self._fail_on_dataloss_warned:
                _logger.warning(get_dataloss_msg(request.url))
                self._fail_on_dataloss_warned = True
            raise


class _GuardedTransfer(_ScrapyAgent):
    def __init__(self, guard: AddressGuard, **options: Any) -> None:
        super().__init__(**options)
        self._guard = guard

    @override
    def _get_agent(self, request: Request, timeout: float) -> Agent:
        # A proxy in the request's meta is ignored on purpose: it would resolve names out of our sight.
        from twisted.internet import reactor  # noqa: PLC0415  Scrapy installs the reactor after our import

        return _PinnedAgent(self._guard, reactor, self._contextFactory, connectTimeout=timeout, pool=self._pool)


class _PinnedAgent(_BindAddressAgent):
    def __init__(self, guard: AddressGuard, reactor: Any, policy: Any, **options: Any) -> None:
        super().__init__(reactor, policy, **options)
        self._guard = guard
        self._policy = policy

    @override
    def _getEndpoint(self, uri: URI) -> IStreamClientEndpoint:
        host = uri.host.decode("ascii")
        timeout = cast("float", self._endpointFactory._connectTimeout or _CONNECT_SECONDS)
        plain = cast("IStreamClientEndpoint", PinnedEndpoint(self._guard, self._reactor, host, uri.port, timeout))
        if uri.scheme == b"https":
            return wrapClientTLS(self._policy.creatorForNetloc(uri.host, uri.port), plain)
        if uri.scheme != b"http":
            raise AddressRefusedError(f"the scheme {uri.scheme!r} is not open")
        return plain


async def _looked_up(host: str) -> list[Address]:
    # A daemon thread a lookup, not the reactor's pool: a pool is joined when the process ends, and a dead name server
    # would hold up a stop for as long as its time-out.
    from twisted.internet import reactor  # noqa: PLC0415  Scrapy installs the reactor after our import

    answer: Deferred[list[Address]] = Deferred()

    def ask() -> None:
        try:
            result: list[Address] | Failure = _system_addresses(host)
        except (OSError, UnicodeError) as error:
            silent = isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN
            kind = NameServerError if silent else DNSLookupError
            result = Failure(kind(f"{host} cannot be resolved: {error}"))
        cast("Any", reactor).callFromThread(answer.callback, result)

    threading.Thread(target=ask, name="lookup", daemon=True).start()
    return await answer


def _system_addresses(host: str) -> list[Address]:
    for tried in range(1, _LOOKUPS_TRIED + 1):
        try:
            rows = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            if error.errno != socket.EAI_AGAIN or tried == _LOOKUPS_TRIED:
                raise
            time.sleep(_LOOKUP_PAUSE_SECONDS)
        else:
            found = [literal(str(row[4][0])) for row in rows]
            return [address for address in found if address is not None]
    return []
