"""Watches a crawling process: its processor time, its memory and how far it is, several times a second."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from statistics import median

import msgspec
import psutil

from benchmarks.crawls.web import Web

_LOOK_SECONDS = 0.1
_MEMORY_SECONDS = 0.5
"""Memory is counted page by page by the kernel, which takes it some milliseconds."""


class Look(msgspec.Struct, frozen=True):
    """A process at one moment."""

    at: float
    """By the clock that all processes of this machine share."""
    pages: int
    """That it has asked for so far."""
    processor: float
    """Seconds that it has had."""


class Memory(msgspec.Struct, frozen=True):
    """The memory of a process at one moment, in MB."""

    at: float
    rss: float
    """All that it sees, what it shares with others included."""
    pss: float
    """Its own and its part of what it shares."""


class Watched(msgspec.Struct, frozen=True):
    """A crawl from its first page to its end."""

    looks: list[Look]
    memory: list[Memory]

    @property
    def pages(self) -> int:
        """Pages between the first look and the last."""
        return self.looks[-1].pages - self.looks[0].pages

    @property
    def per_processor_second(self) -> float:
        """Pages for each second of the processor; starting is not counted, ending is."""
        return self.pages / max(self.looks[-1].processor - self.looks[0].processor, 1e-9)

    @property
    def peak_pss(self) -> float:
        """The most memory it had, in MB."""
        return max((one.pss for one in self.memory), default=0.0)

    @property
    def peak_rss(self) -> float:
        """The most memory it saw, in MB."""
        return max((one.rss for one in self.memory), default=0.0)


def watch(pids: Callable[[], Sequence[int]], web: Web, goes_on: Callable[[], bool], *, seconds: float) -> Watched:
    """Watches processes until the work is done.

    Args:
        pids: the processes to watch now; they count as one.
        web: what they ask.
        goes_on: whether the work goes on.
        seconds: the longest time to wait.

    Raises:
        TimeoutError: it took longer.
    """
    looks: list[Look] = []
    memory: list[Memory] = []
    spent: dict[int, float] = {}
    deadline = time.monotonic() + seconds
    while goes_on():
        if time.monotonic() > deadline:
            raise TimeoutError(f"the crawl has not ended within {seconds:g} s")
        pages, now = web.count(), time.monotonic()
        processes = [psutil.Process(pid) for pid in pids() if psutil.pid_exists(pid)]
        if pages and processes:
            spent |= {pid: used for process in processes if (pid := process.pid) and (used := _processor(process))}
            looks.append(Look(now, pages, sum(spent.values())))
            if not memory or now - memory[-1].at >= _MEMORY_SECONDS:
                memory.extend(_memory(process, now) for process in processes)
        time.sleep(_LOOK_SECONDS)
    return Watched(looks, [one for one in memory if one.pss])


def thirds(memory: Sequence[Memory]) -> tuple[float, float]:
    """The median PSS of the first third of a crawl and of its last, in MB."""
    share = max(len(memory) // 3, 1)
    return median(one.pss for one in memory[:share]), median(one.pss for one in memory[-share:])


def _processor(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return times.user + times.system


def _memory(process: psutil.Process, now: float) -> Memory:
    try:
        full = process.memory_full_info()
    except psutil.Error:
        return Memory(now, 0.0, 0.0)
    return Memory(now, full.rss / 2**20, full.pss / 2**20)
