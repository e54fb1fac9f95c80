"""How long a crawl asked each host, how often, and how much it sent: what the report of a crawl tells of hosts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

MOST_TOLD = 1_000
"""Hosts that one process tells one by one, those with the most requests: some 60 KB in its attempt's row."""


@dataclass(slots=True)
class _HostTime:
    first: float
    last: float
    requests: int = 0
    size: int = 0

    @property
    def seconds(self) -> float:
        return self.last - self.first


class HostTimes:
    """The requests of one process, by host."""

    def __init__(self) -> None:
        self._hosts: dict[str, _HostTime] = {}

    def note(self, host: str, begun: float, ended: float, size: int) -> None:
        """Notes a request.

        Args:
            host: whom it went to.
            begun: when it was sent, by the monotonic clock.
            ended: when its answer was there, or it had failed.
            size: bytes of the answer's body, as they were read; 0 of a failure.
        """
        times = self._hosts.setdefault(host, _HostTime(begun, ended))
        times.first, times.last = min(times.first, begun), max(times.last, ended)
        times.requests += 1
        times.size += size

    def told(self) -> dict[str, Any]:
        """Totals over all hosts, and `of` each of the busiest ones: requests, bytes, seconds from first to last."""
        busiest = sorted(self._hosts.items(), key=lambda host: (-host[1].requests, -host[1].seconds, host[0]))
        return {
            "hosts": len(self._hosts),
            "requests": sum(times.requests for times in self._hosts.values()),
            "bytes": sum(times.size for times in self._hosts.values()),
            "seconds": round(sum(times.seconds for times in self._hosts.values()), 1),
            "of": {host: [times.requests, times.size, round(times.seconds, 1)] for host, times in busiest[:MOST_TOLD]},
        }
