"""Whose turn it is at each host: no two crawls ask one at the same time, whatever their jobs, workers and machines.

Only crawls for jobs have a database to agree by; a crawl by hand does without. A host is taken before the first request
to it, and given back, with what was learnt of it, when nothing is left to ask there; when others wait for it, after a
turn. It is prolonged by one statement for all hosts, a few times a minute; what a host has just asked for is told at
once, so that it is known if this crawl is killed. A request may begin only while its answer
must end before the lease does; so a crawl that freezes or loses its database asks nobody who may be another's by now.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from crawler.crawl_settings import crawl_settings
from crawler.job_session import JobSession, open_session
from crawler.refusals import HostBusyError
from storage.errors import StorageError
from storage.hosts import TakenHost, ToldHost, forget_hosts, keep_hosts, take_hosts

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from crawler.host_paces import HostPace
    from crawler.refusals import Refusal

log = logging.getLogger(__name__)

_BEAT_SECONDS = 0.2
_ASK_AGAIN_SECONDS = 5.0
_WISH_SECONDS = 3 * _ASK_AGAIN_SECONDS
_TURN_SECONDS = 60.0
"""How long a crawl keeps a host that another one waits for."""
_IDLE_SECONDS = 10.0
"""After so long without a request a host is given back; the next one of the same school comes sooner."""
_FROZEN_SECONDS = 5.0
"""Whoever missed so many seconds must first ask what is still theirs. Less than a job's lease."""
_LAST_WORD_SECONDS = 3.0


class Places(Protocol):
    """The places at which requests wait for their hosts: what the downloader does for the leases."""

    def pace(self, host: str) -> HostPace:
        """What is known of a host."""
        ...

    def is_waited_for(self, host: str) -> bool:
        """Whether requests wait for the host, or are being answered."""
        ...

    def is_answering(self, host: str) -> bool:
        """Whether a request is under way."""
        ...

    def seconds_to_next(self, host: str) -> float:
        """How long nobody may ask the host yet."""
        ...

    def go_on(self, host: str) -> None:
        """Lets the requests that wait for the host begin, each in its time."""
        ...

    def refuse(self, host: str, refusal: Refusal) -> None:
        """Ends the requests that wait for the host."""
        ...


@dataclass(slots=True)
class _Held:
    """A host that is ours. Times are of the monotonic clock."""

    since: float
    until: float
    """Until then requests may begin."""
    used: float
    told: tuple[float, ...]
    """What the database knows of the host's wishes (`_wishes`)."""
    leaving: bool = False
    """Whether it is given back as soon as its answer is there."""


class HostLeases:
    """The hosts that one crawl holds or waits for.

    Args:
        crawler: a crawl for a job.
        places: the downloader.
    """

    def __init__(self, crawler: Crawler, places: Places) -> None:
        self._crawler = crawler
        self._places = places
        settings = crawl_settings()
        self._sure_seconds = settings.host_lease_seconds
        self._lease_seconds = settings.host_lease_seconds + settings.timeout_seconds
        self._patience = settings.host_wait_seconds
        self._held: dict[str, _Held] = {}
        self._wanted: dict[str, float] = {}
        """Since when."""
        self._asked_at = self._kept_at = 0.0
        self._beat = monotonic()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begins to take and to keep hosts; the end of the job's session gives them back."""
        self._tasks = [asyncio.create_task(self._live()), asyncio.create_task(self._watch())]

    def holds(self, host: str) -> bool:
        """Whether a request to the host may begin now; if not, it is asked for, and `Places.go_on` will be called."""
        now = monotonic()
        held = self._held.get(host)
        if held is not None and not held.leaving and now < held.until and now - self._beat < _FROZEN_SECONDS:
            held.used = now
            return True
        if host not in self._wanted:
            self._wanted[host] = now
            self._asked_at = 0.0
        return False

    async def close(self) -> None:
        """Gives everything back; to be called when nothing is asked for any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if not self._held:
            return
        try:
            async with asyncio.timeout(_LAST_WORD_SECONDS):
                await self._tell(await self._session(), list(self._held), last=True)
        except (StorageError, TimeoutError) as error:
            log.warning("hosts are not given back, and stay taken until their lease ends: %s", error)

    async def _live(self) -> None:
        begun = False
        while True:
            try:
                session = await self._session()
                if not begun:
                    session.endings.append(self.close)
                    begun = True
                    async with session.database.system() as connection:
                        await forget_hosts(connection)
                await self._keep(session)
                await self._take(session)
            except StorageError as error:
                log.warning("hosts can neither be taken nor kept: %s", error.message)
                await asyncio.sleep(1.0)
            except Exception:
                # Without this task every host would be waited for in vain.
                log.exception("hosts can neither be taken nor kept")
                await asyncio.sleep(1.0)
            self._refuse_what_takes_too_long()
            await asyncio.sleep(_BEAT_SECONDS)

    async def _session(self) -> JobSession:
        spider = self._crawler.spider
        return await open_session(getattr(spider, "job", ""), getattr(spider, "attempt", 0))

    async def _watch(self) -> None:
        """Notices that this process was stopped for a while. Beside `_live`, since a slow database is no freezing."""
        while True:
            now = monotonic()
            if now - self._beat >= _FROZEN_SECONDS:
                self._count("frozen")
                self._kept_at = 0.0
                for held in self._held.values():
                    held.until = 0.0
            self._beat = now
            await asyncio.sleep(_BEAT_SECONDS)

    async def _take(self, session: JobSession) -> None:
        now = monotonic()
        for host in [host for host in self._wanted if not self._places.is_waited_for(host)]:
            del self._wanted[host]
        # What is still held is renewed, or given back before it is asked for again.
        wanted = [host for host in self._wanted if host not in self._held]
        if not wanted or now - self._asked_at < _ASK_AGAIN_SECONDS:
            return
        self._asked_at = now
        async with session.database.system() as connection:
            taken = await take_hosts(
                connection, session.lease, wanted, lease_seconds=self._lease_seconds, wish_seconds=_WISH_SECONDS
            )
        for one in taken:
            self._learn(one)
            self._count("taken")
            self._held[one.host] = _Held(
                since=now, until=now + self._sure_seconds, used=now, told=_wishes(self._places.pace(one.host))
            )
            waited = now - self._wanted.pop(one.host, now)
            if waited >= _ASK_AGAIN_SECONDS:
                self._count("waited_for")
            self._places.go_on(one.host)

    def _learn(self, taken: TakenHost) -> None:
        pace = self._places.pace(taken.host)
        if taken.crawl_delay:
            pace.slow_down(taken.crawl_delay)
        if taken.parked > 0:
            pace.park(taken.parked, taken.parked_reason)
        # Of a host that was not given back nobody knows when it was asked last; it cannot be later than now.
        pace.pause(max(taken.pause, pace.floor if taken.abandoned else 0.0))

    async def _keep(self, session: JobSession) -> None:
        now = monotonic()
        if now - self._kept_at < self._sure_seconds / 3:
            await self._tell(session, [host for host, held in self._held.items() if self._has_news(host, held)])
            return
        self._kept_at = now
        for host, held in self._held.items():
            if self._places.is_waited_for(host):
                held.used = now
            held.leaving |= now - held.used >= _IDLE_SECONDS
        try:
            await self._tell(session, list(self._held))
        except StorageError:
            self._kept_at = 0.0
            raise

    def _has_news(self, host: str, held: _Held) -> bool:
        if held.leaving:
            return not self._places.is_answering(host)
        return held.told != _wishes(self._places.pace(host))

    async def _tell(self, session: JobSession, hosts: list[str], *, last: bool = False) -> None:
        """Tells the database of hosts that we hold: which we keep, and what we learnt of all."""
        if not hosts:
            return
        now = monotonic()
        told = [self._told(host, now, last=last) for host in hosts]
        wishes = {host: _wishes(self._places.pace(host)) for host in hosts}
        async with session.database.system() as connection:
            wanted = await keep_hosts(connection, session.lease, told, lease_seconds=self._lease_seconds)
        for one in told:
            held = self._held[one.host]
            if not one.kept or one.host not in wanted:
                del self._held[one.host]
                self._count("given_back" if not one.kept else "lost")
                continue
            held.until = now + self._sure_seconds
            held.told = wishes[one.host]
            if wanted[one.host] and now - held.since >= _TURN_SECONDS:
                held.leaving = True
            elif self._wanted.pop(one.host, None) is not None:
                self._places.go_on(one.host)

    def _told(self, host: str, now: float, *, last: bool) -> ToldHost:
        pace = self._places.pace(host)
        answering = self._places.is_answering(host)
        pause = self._places.seconds_to_next(host)
        parked = pace.parked_until - now
        kept = not last and (answering or not self._held[host].leaving)
        if kept or answering:
            # Who takes it over does not know which of its hosts was asked last, nor when.
            pause = max(pause, pace.floor, pace.longest_delay)
        return ToldHost(
            host,
            kept=kept,
            pause=pause,
            crawl_delay=pace.crawl_delay or None,
            parked=parked if parked > 0 else None,
            parked_reason=pace.parked_reason if parked > 0 else None,
        )

    def _refuse_what_takes_too_long(self) -> None:
        now = monotonic()
        for host, since in list(self._wanted.items()):
            if now - since >= self._patience:
                del self._wanted[host]
                self._count("given_up")
                reason = f"other crawls kept the host for all of the {self._patience:g} s that this one waits"
                self._places.refuse(host, HostBusyError(reason))

    def _count(self, what: str) -> None:
        self._crawler.stats.inc_value(f"host_leases/{what}")


def _wishes(pace: HostPace) -> tuple[float, ...]:
    """What a host has asked for: another crawl must know it, even if this one is killed now."""
    return pace.floor, pace.longest_delay, pace.not_before, pace.parked_until
