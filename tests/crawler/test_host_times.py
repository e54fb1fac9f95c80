"""How long each host was asked: from the first request to the last answer, with what was asked and sent."""

from __future__ import annotations

from crawler.host_times import MOST_TOLD, HostTimes


def test_a_host_is_asked_from_its_first_request_to_its_last_answer() -> None:
    times = HostTimes()
    times.note("a.test", 10.0, 11.0, 100)
    times.note("b.test", 10.5, 10.75, 0)
    times.note("a.test", 15.0, 17.5, 50)
    assert times.told() == {
        "hosts": 2,
        "requests": 3,
        "bytes": 150,
        "seconds": 7.8,
        "of": {"a.test": [2, 150, 7.5], "b.test": [1, 0, 0.2]},
    }
    assert list(times.told()["of"]) == ["a.test", "b.test"], "the busiest first"


def test_of_very_many_hosts_the_busiest_are_named_and_all_are_counted() -> None:
    times = HostTimes()
    for number in range(MOST_TOLD + 5):
        for _ in range(2 if number == MOST_TOLD + 4 else 1):
            times.note(f"h{number}.test", 0.0, 1.0, 1)
    told = times.told()
    assert (told["hosts"], told["requests"], len(told["of"])) == (MOST_TOLD + 5, MOST_TOLD + 6, MOST_TOLD)
    assert next(iter(told["of"])) == f"h{MOST_TOLD + 4}.test"
