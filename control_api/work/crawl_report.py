"""The result of a crawl: what an operator wants to know of it, in figures."""

from __future__ import annotations

from typing import Any

from control_api.work.asking import crawl_asking_report
from control_api.work.attempt import Attempt
from storage.crawl_reports import attempt_stats, field_coverage, previous_result, reasons_by_outcome
from storage.jobs import JobKind
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


async def crawl_result(attempt: Attempt) -> dict[str, Any]:
    """What came of a crawl with its shards.

    Schools by state, by outcome and by reason; pages and people; the traffic of the attempts that reported; of a
    harvest the share of its people that has each field, beside that of the last harvest which asked for the same; what
    a model cost, where one was asked.
    """
    lease = attempt.lease
    async with attempt.database.tenant(lease.organization_id) as connection:
        counts = await target_counts(connection, lease.job_id)
        result: dict[str, Any] = {
            "schools": sum(counts.values()),
            "states": counts,
            **await target_outcomes(connection, lease.job_id),
            "reasons": await reasons_by_outcome(connection, lease.job_id),
            "traffic": traffic_of(await attempt_stats(connection, lease.job_id)),
        }
        if lease.kind == JobKind.HARVEST_STAFF:
            result["coverage"] = await field_coverage(connection, lease.job_id)
            before = await previous_result(connection, lease.job_id)
            if before is not None and "coverage" in before["result"]:
                result["previous"] = {"job_id": before["job_id"], "coverage": before["result"]["coverage"]}
    return {**result, **await crawl_asking_report(attempt)}


def traffic_of(stats: list[dict[str, Any]]) -> dict[str, int]:
    """The sums of what the spiders of all attempts sent and got, with and without a browser."""
    return {
        figure: sum(int(one.get(f"{part}{name}", 0)) for one in stats for part in ("", _BROWSER))
        for figure, name in _TRAFFIC.items()
    }
