"""The kill test itself: what it would say of runs that broke a promise."""

from __future__ import annotations

import io
import json
import random
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import psycopg
import pytest
from rich.console import Console

from tests.chaos.endstate import PROMISES, TABLES, EndState, read_state
from tests.chaos.kills import VICTIMS, Killed, plan
from tests.chaos.requests import Asked, asked_again
from tests.chaos.verdict import Outcome, judge, left_over, show
from tests.end_to_end.product import Product

SCORE = SimpleNamespace(details=SimpleNamespace(robots=(), rate=()))


def post(name: str, email: str | None = None, title: str = "Teacher") -> str:
    return json.dumps({"school": "pine", "name": name, "email": email, "title": title})


def outcome(*posts: str, pages: dict[str, int] | None = None, killed: int = 0) -> Outcome:
    parts = {part: Counter[str]() for part in TABLES} | {"posts": Counter(posts)}
    state = EndState(parts, {words: [] for words in PROMISES})
    asked = Asked(pages=pages or {f"pine.test/{number}": 1 for number in range(100)}, robots={}, searches={})
    kills = [Killed(float(number), "spider", "harvest_staff") for number in range(killed)]
    return Outcome(state, asked, cast("Any", SCORE), kills, [], [], 1.0)


def broken(before: Outcome, after: Outcome) -> set[str]:
    return {promise.words for promise in judge(before, after, kills=len(after.killed)).promises if not promise.kept}


def test_runs_that_are_alike_keep_every_promise() -> None:
    whole = outcome(post("Ada Lee", "a@pine.test"), post("Bo Kim"), killed=3)
    assert broken(whole, whole) == set()
    assert judge(whole, whole, kills=3).kept


@pytest.mark.parametrize(
    ("posts", "promises"),
    [
        ([post("Ada Lee", "a@pine.test")], {"nobody is lost", "posts as undisturbed"}),
        ([post("Ada Lee", "a@pine.test"), post("Bo Kim", title="Nurse")], {"posts as undisturbed"}),
        (
            [post("Ada Lee", "a@pine.test"), post("Bo Kim"), post("bo kim")],
            {"nobody is there twice", "posts as undisturbed"},
        ),
    ],
)
def test_a_person_lost_changed_or_twice_is_told(posts: list[str], promises: set[str]) -> None:
    assert broken(outcome(post("Ada Lee", "a@pine.test"), post("Bo Kim")), outcome(*posts)) == promises


def test_every_other_promise_can_be_broken() -> None:
    whole = outcome()
    gap = EndState(whole.state.parts, whole.state.broken | {"events of each job are numbered 1..n": ["harvest | 7"]})
    assert broken(whole, replace(whole, state=gap)) == {"events of each job are numbered 1..n"}
    assert broken(replace(whole, state=gap), whole) == {"undisturbed: events of each job are numbered 1..n"}
    assert broken(whole, replace(whole, misheard=["harvest_staff: [1, 3]"])) == {
        "a client hears each event once, in order"
    }
    assert broken(whole, replace(whole, left=["4711 chromium"])) == {"no process is left"}
    rude = SimpleNamespace(details=SimpleNamespace(robots=("pine.test/private",), rate=("pine.test/: 0.01 s",)))
    assert broken(whole, replace(whole, score=cast("Any", rude))) == {
        "robots.txt is heeded",
        "hosts are not asked too fast",
    }
    assert not judge(whole, whole, kills=1).kept, "nobody was killed"


def test_pages_count_as_asked_for_again_beyond_the_undisturbed_run() -> None:
    once = outcome()
    twice = {address: 1 + (number < 5) for number, address in enumerate(once.requests.pages)}
    assert broken(once, outcome(pages=twice)) == set()
    assert broken(once, outcome(pages=twice | {"pine.test/new": 1})) == {"pages asked for again: at most 5%"}
    again = asked_again(Asked({"a": 2, "b": 1}, {}, {"q": 1}), Asked({"a": 2, "b": 3}, {"a/robots.txt": 1}, {}))
    assert (again.pages, again.robots, again.searches, again.most) == (2, 1, 0, (("b", 2),))


def test_a_seed_plans_the_same_kills_of_every_victim_within_the_time() -> None:
    kills = plan(random.Random(7), 24, 300.0)
    assert kills == plan(random.Random(7), 24, 300.0) != plan(random.Random(8), 24, 300.0)
    assert {kill.victim for kill in kills} == set(VICTIMS)
    assert [kill.seconds for kill in kills] == sorted(kill.seconds for kill in kills)
    assert 0 <= kills[0].seconds <= kills[-1].seconds <= 300


def test_a_process_that_was_left_is_found_by_what_it_was_given(tmp_path: Path) -> None:
    code = "import sys; print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code], env={"TMPDIR": str(tmp_path)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stdin
        process.stdout.readline()
        assert [line.split()[0] for line in left_over(tmp_path)] == [str(process.pid)]
        process.stdin.close()
    assert left_over(tmp_path) == []


def test_the_queries_of_the_end_state_can_be_asked(database_url: str) -> None:
    def rows(query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(database_url) as connection:
            return connection.execute(query.encode()).fetchall()

    product = SimpleNamespace(rows=rows, leads=list[Any], web=SimpleNamespace(port=80))
    state = read_state(cast("Product", product))
    assert set(state.parts) == {*TABLES, "leads.csv"}
    assert {words: rows for words, rows in state.broken.items() if rows} == {}


def test_a_broken_promise_is_shown_with_what_broke_it() -> None:
    told = io.StringIO()
    show(judge(outcome(post("Ada Lee")), outcome(), kills=0), Console(file=told, width=140))
    assert "BROKEN" in told.getvalue()
    assert "nobody is lost: pine | ada lee | None" in told.getvalue()
