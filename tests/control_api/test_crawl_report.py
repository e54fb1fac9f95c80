"""The figures of attempts that a crawl's report adds up."""

from __future__ import annotations

from control_api.work.crawl_report import BUSIEST, hosts_of, suppressed_of, traffic_of


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


def test_hosts_are_added_up_over_processes_and_the_busiest_are_told() -> None:
    many = {f"h{number:02}.test": [1, 10, 0.5] for number in range(30)}
    first = {
        "hosts": {"hosts": 31, "requests": 35, "bytes": 800, "seconds": 25.0, "of": {"a.test": [5, 500, 10.0]} | many}
    }
    second = {
        "hosts": {"hosts": 1, "requests": 2, "bytes": 50, "seconds": 3.25, "of": {"a.test": [2, 50, 3.25]}},
        "browser_process/hosts": {
            "hosts": 1,
            "requests": 9,
            "bytes": 90,
            "seconds": 4.0,
            "of": {"b.test": [9, 90, 4.0]},
        },
    }
    told = hosts_of([first, {}, second])
    busiest = told.pop("busiest")
    assert told == {"asked": 32, "requests": 46, "bytes": 940, "seconds": 32.2}
    assert len(busiest) == BUSIEST
    assert busiest[:3] == [
        {"host": "b.test", "requests": 9, "bytes": 90, "seconds": 4.0},
        {"host": "a.test", "requests": 7, "bytes": 550, "seconds": 13.2},
        {"host": "h00.test", "requests": 1, "bytes": 10, "seconds": 0.5},
    ]
    assert hosts_of([]) == {"asked": 0, "requests": 0, "bytes": 0, "seconds": 0, "busiest": []}


def test_whom_the_suppression_list_left_out_is_counted_by_kind() -> None:
    first = {"suppress/email": 2, "suppress/school": 1}
    assert suppressed_of([first, {"browser_process/suppress/email": 1}]) == {"email": 3, "school": 1}
    assert suppressed_of([{}]) == {}
