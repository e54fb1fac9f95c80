"""Who is killed, when, and how life goes on: only what an operator's supervisor would do is done for the product."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import psutil

from storage.embedded import EmbeddedPostgres
from tests.end_to_end.product import Product, postmaster
from tests.end_to_end.test_kills import crawl_processes, kill_server, spiders_of

VICTIMS = ("spider", "worker", "database stopped", "spider", "fork server", "worker", "database killed", "spider")
"""Each with its share. "Stopped" is PostgreSQL's immediate shutdown, "killed" a SIGKILL of its first process."""
PATIENCE_SECONDS = 120.0
"""How long a victim may take to be there, or its children to follow it."""


class Kill(msgspec.Struct, frozen=True):
    """One kill that was planned: when, in seconds since the crawl began, and whom."""

    seconds: float
    victim: str


class Killed(msgspec.Struct, frozen=True):
    """One kill that happened."""

    seconds: float
    victim: str
    during: str
    """What went on: the kind of job."""


def plan(rng: random.Random, kills: int, seconds: float) -> list[Kill]:
    """So many kills at random moments of a crawl's first so many seconds, every victim among them from seven on."""
    victims = [VICTIMS[number % len(VICTIMS)] for number in range(kills)]
    rng.shuffle(victims)
    moments = sorted(rng.uniform(0.0, seconds) for _ in range(kills))
    return [Kill(round(moment, 3), victim) for moment, victim in zip(moments, victims, strict=True)]


class Killer:
    """Kills what a plan names, and starts anew what does not come back by itself.

    Args:
        product: the running product; its worker is supervised here.
        server: the database's server.
        data_dir: its folder.
        rng: chooses among several spiders.
    """

    def __init__(self, product: Product, server: EmbeddedPostgres, data_dir: Path, rng: random.Random) -> None:
        self._product = product
        self._server = server
        self._data_dir = data_dir
        self._rng = rng

    def kill(self, victim: str, goes_on: Callable[[], bool]) -> bool:
        """Kills as soon as the victim is there; False if the crawl ended (`goes_on`) or the time was up before."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while goes_on() and time.monotonic() < deadline:
            if not self._near_giving_up() and self._try(victim):
                return True
            time.sleep(0.02)
        return False

    def _near_giving_up(self) -> bool:
        """Whether kills came so fast that nothing went forward between them: a job fails after five such attempts.

        The attempt that the last kill ended may not be counted yet, and the next kill ends another one.
        """
        return self._product.rows("SELECT max(failures) >= max_failures - 2 FROM job GROUP BY max_failures") == [
            (True,)
        ]

    def _try(self, victim: str) -> bool:
        match victim:
            case "spider":
                return self._kill_spider()
            case "fork server":
                return kill_server(self._product.folder)
            case "worker":
                self._product.kill_worker()
                left = psutil.wait_procs(crawl_processes(self._product.folder), timeout=PATIENCE_SECONDS)[1]
                assert left == [], f"outlived their worker: {left}"
                self._product.start_worker()
            case _:
                self._kill_database(signal.SIGQUIT if victim == "database stopped" else signal.SIGKILL)
        return True

    def _kill_spider(self) -> bool:
        spiders = spiders_of(self._product.folder)
        if not spiders:
            return False
        chosen = self._rng.choice(spiders)
        chosen.kill()
        return not psutil.wait_procs([chosen], timeout=PATIENCE_SECONDS)[1]

    def _kill_database(self, signum: int) -> None:
        first = postmaster(self._data_dir)
        first.send_signal(signum)
        psutil.wait_procs([first], timeout=PATIENCE_SECONDS)
        self._server.acquire()
