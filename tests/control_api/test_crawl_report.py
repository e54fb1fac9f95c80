"""The traffic that a crawl's report tells."""

from __future__ import annotations

from control_api.work.crawl_report import traffic_of


def test_traffic_is_summed_over_attempts_and_both_processes_of_each() -> None:
    first = {"downloader/request_count": 5, "downloader/response_bytes": 900, "robots/denied": 1, "unchanged/pages": 3}
    second = {"unchanged/pages": 1, "unchanged/bytes": 800, "browser_process/downloader/request_count": 2}
    assert traffic_of([first, second]) == {
        "requests": 7,
        "bytes": 900,
        "refused_by_robots": 1,
        "pauses": 0,
        "parked_hosts": 0,
        "pages_unchanged": 4,
        "bytes_spared": 800,
    }
    assert set(traffic_of([]).values()) == {0}
