"""The result of a crawl: what an operator wants to know of it, in figures."""

from __future__ import annotations

from typing import Any

from control_api.work.asking import crawl_asking_report
from control_api.work.attempt import Attempt
from storage.crawl_reports import attempt_stats, field_coverage, previous_result, reasons_by_outcome
from storage.jobs import JobKind
from storage.suppression import SuppressionKind
from storage.targets import target_counts, target_outcomes

_TRAFFIC = {
    "requests": "downloader/request_count",
    "bytes": "downloader/response_bytes",
    "refused_by_robots": "robots/denied",
    "pauses": "politeness/paused",
    "parked_hosts": "politeness/parked",
    "pages_unchanged": "unchanged/pages",
    "bytes_spared": "unchanged/bytes",
}
"""Figures of the report, and what Scrapy or our middlewares call them."""
_BROWSER = "browser_process/"
BUSIEST = 20
"""Hosts told one by one."""


async def crawl_result(attempt: Attempt) -> dict[str, Any]:
    """What came of a crawl with its shards.

    Schools by state, by outcome and by reason; pages and people; the traffic of the attempts that reported, and how
    long they asked which hosts; of a harvest the share of its people that has each field, beside that of the last
    harvest which asked for the same; whom the suppression list left out; what a model cost, where one was asked.
    """
    lease = attempt.lease
    async with attempt.database.tenant(lease.organization_id) as connection:
        stats = await attempt_stats(connection, lease.job_id)
        counts = await target_counts(connection, lease.job_id)
        result: dict[str, Any] = {
            "schools": sum(counts.values()),
            "states": counts,
            **await target_outcomes(connection, lease.job_id),
            "reasons": await reasons_by_outcome(connection, lease.job_id),
            "traffic": traffic_of(stats),
            "hosts": hosts_of(stats),
        }
        if suppressed := suppressed_of(stats):
            result["suppressed"] = suppressed
        if lease.kind == JobKind.HARVEST_STAFF:
            result["coverage"] = await field_coverage(connection, lease.job_id)
            before = await previous_result(connection, lease.job_id)
            if before is not None and "coverage" in before["result"]:
                result["previous"] = {"job_id": before["job_id"], "coverage": before["result"]["coverage"]}
    return {**result, **await crawl_asking_report(attempt)}


def traffic_of(stats: list[dict[str, Any]]) -> dict[str, int]:
    """The sums of what the spiders of all attempts sent and got, with and without a browser."""
    return {figure: _sum(stats, name) for figure, name in _TRAFFIC.items()}


def suppressed_of(stats: list[dict[str, Any]]) -> dict[str, int]:
    """How many people on pages the suppression list left out, by the kind of its entry."""
    figures = {kind: f"suppress/{kind}" for kind in SuppressionKind}
    return {str(kind): people for kind, name in figures.items() if (people := _sum(stats, name))}


def _sum(stats: list[dict[str, Any]], name: str) -> int:
    return sum(int(one.get(f"{part}{name}", 0)) for one in stats for part in ("", _BROWSER))


def hosts_of(stats: list[dict[str, Any]]) -> dict[str, Any]:
    """How long hosts were asked, from the first to the last request of each process, with requests and bytes.

    Totals over all hosts (seconds add up, although hosts are asked at the same time), and the busiest ones by requests.
    A process tells a thousand hosts by name; what it asked of more is in the totals, but not in `asked`.
    """
    reports = [report for one in stats for part in ("", _BROWSER) if (report := one.get(f"{part}hosts"))]
    hosts: dict[str, tuple[int, int, float]] = {}
    for report in reports:
        for host, (requests, size, seconds) in report["of"].items():
            before = hosts.get(host, (0, 0, 0.0))
            hosts[host] = (before[0] + requests, before[1] + size, before[2] + seconds)
    busiest = sorted(hosts.items(), key=lambda host: (-host[1][0], -host[1][2], host[0]))
    return {
        "asked": len(hosts),
        "requests": sum(report["requests"] for report in reports),
        "bytes": sum(report["bytes"] for report in reports),
        "seconds": round(sum(report["seconds"] for report in reports), 1),
        "busiest": [
            {"host": host, "requests": requests, "bytes": size, "seconds": round(seconds, 1)}
            for host, (requests, size, seconds) in busiest[:BUSIEST]
        ],
    }
