"""A harvest with a model behind it: real spiders, a real client, a server on loopback that plays the model."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

import pytest
from scrapy.utils.test import get_crawler
from typing_extensions import override

from crawler.items import PageItem, TargetItem
from crawler.pipelines.ask import AskPipeline
from extraction.staff.asking.asker import Asked
from extraction.staff.asking.doubt import doubtful_blocks
from extraction.staff.asking.grounding import Revision
from extraction.staff.records import Person
from tests.crawler.conftest import Crawler, Web, home_page, staff_table, wait_until
from tests.crawler.threaded import ThreadedServer
from tests.extraction.staff.asking.pages import ALONE, BARELY, UNREAD, answer, person, read
from tests.fakes.openai_server import KEY, SERVER_ERROR, Behaviour, FakeOpenAI, Oracle, serving
from tests.fakes.openai_server import Asked as Question

NOW = datetime(2026, 11, 1, tzinfo=UTC)


class ModelThread(ThreadedServer):
    """The model beside tests that have no event loop."""

    def __init__(self, oracle: Oracle) -> None:
        super().__init__()
        self._oracle = oracle
        self.server = FakeOpenAI(oracle)

    @override
    async def open(self, stack: AsyncExitStack) -> None:
        self.server = await stack.enter_async_context(serving(self._oracle))


def knows_quillfern(asked: Question) -> object:
    """A model that knows who is who, and invents an address on top."""
    people: dict[int, list[dict[str, Any]]] = {}
    for number, pieces in asked.rows.items():
        text = " | ".join(pieces)
        people[number] = []
        if "Odalys Brightwater" in text:
            people[number] = [person("Odalys Brightwater", email="obrightwater@quillfern.test")]
        if "Brook Rivers" in text:
            people[number] = [person("Brook Rivers", title="Art II and pottery", email="brook.rivers@quillfern.test")]
    return answer(people)


@pytest.fixture
def model() -> Iterator[FakeOpenAI]:
    beside = ModelThread(knows_quillfern)
    beside.start()
    yield beside.server
    beside.stop()


def school(crawler: Crawler, loopback: Web, staff: str = UNREAD) -> dict[str, str]:
    crawler.hosts("quillfern.test")
    loopback.page("quillfern.test", "/", home_page("Quillfern Elementary", {"Staff Directory": "/staff"}))
    loopback.page("quillfern.test", "/staff", staff)
    return {"url": loopback.url("quillfern.test"), "name": "Quillfern Elementary"}


def bare_school(crawler: Crawler, loopback: Web) -> dict[str, str]:
    """A school whose home page has names with nothing to spare."""
    crawler.hosts("quillfern.test")
    loopback.page("quillfern.test", "/", BARELY)
    return {"url": loopback.url("quillfern.test"), "name": "Quillfern Elementary"}


def with_model(crawler: Crawler, model: FakeOpenAI, **settings: str) -> None:
    crawler.environment |= {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": model.url, **settings}


def test_a_crawl_by_hand_asks_about_doubtful_blocks(crawler: Crawler, loopback: Web, model: FakeOpenAI) -> None:
    arguments = school(crawler, loopback)
    with_model(crawler, model)
    rows, log = crawler.run("staff_directory", arguments)
    assert [(row["name"], row["title"], row["email"], row["school"]) for row in rows] == [
        ("Odalys Brightwater", None, "obrightwater@quillfern.test", "Quillfern Elementary"),
        ("Brook Rivers", "Art II and pottery", None, "Quillfern Elementary"),
    ]
    assert "Wren" not in model.asked[0].text
    for told in ("'asking/people_added': 2", "'asking/dropped_values': 1", "'asking/pages_asked': 1"):
        assert told in log
    assert KEY not in log


@pytest.mark.parametrize("settings", [{}, {"TITLE1_LLM_ASK_ABOUT_STAFF": "false"}], ids=["no key", "switched off"])
def test_without_a_key_or_a_wish_nothing_is_asked(
    crawler: Crawler, loopback: Web, model: FakeOpenAI, settings: dict[str, str]
) -> None:
    arguments = school(crawler, loopback)
    if settings:
        with_model(crawler, model, **settings)
    rows, log = crawler.run("staff_directory", arguments)
    assert (rows, model.requests) == ([], [])
    assert "AskPipeline" not in log
    assert "asking/" not in log


def test_a_page_that_is_sure_asks_nothing(crawler: Crawler, loopback: Web, model: FakeOpenAI) -> None:
    people = (("Maria Alvarez", "Principal", "ma@quillfern.test"), ("John Okafor", "Nurse", "jo@quillfern.test"))
    arguments = school(crawler, loopback, staff_table(*people))
    with_model(crawler, model)
    rows, log = crawler.run("staff_directory", arguments)
    assert (len(rows), model.requests) == (2, [])
    assert "AskPipeline" in log


def test_a_failing_model_costs_nothing_but_a_count(crawler: Crawler, loopback: Web, model: FakeOpenAI) -> None:
    arguments = bare_school(crawler, loopback)
    with_model(crawler, model, TITLE1_LLM_RETRIES="0")
    model.misbehave(*[SERVER_ERROR] * 8)
    rows, log = crawler.run("staff_directory", arguments)
    assert len(rows) == 9
    assert "'asking/pages_unanswered': 1" in log
    assert "'asking/people_dropped': 0" in log
    assert "answered 500" in log


def test_a_spent_budget_costs_nothing(crawler: Crawler, loopback: Web, model: FakeOpenAI) -> None:
    arguments = bare_school(crawler, loopback)
    with_model(crawler, model, TITLE1_LLM_JOB_DOLLARS="0.000001")
    rows, log = crawler.run("staff_directory", arguments)
    assert (len(rows), model.requests) == (9, [])
    assert "budget has only" in log


def test_the_crawl_goes_on_while_the_model_thinks(crawler: Crawler, loopback: Web, model: FakeOpenAI) -> None:
    """The first school's answer is held back until the other school's pages were asked for."""
    arguments = school(crawler, loopback)
    crawler.hosts("slow.test")
    loopback.page("slow.test", "/", home_page("Slow", {"Staff Directory": "/staff"}), seconds=0.5)
    loopback.page("slow.test", "/staff", staff_table(("Maria Alvarez", "Principal", "ma@slow.test")))
    schools = crawler.folder / "schools.csv"
    schools.write_text(f"name,website\nQuillfern,{arguments['url']}\nSlow,{loopback.url('slow.test')}\n", "utf-8")

    def waits(asked: Question) -> object:
        wait_until(lambda: "/staff" in loopback.paths("slow.test"), 30)
        return knows_quillfern(asked)

    model.oracle = waits
    with_model(crawler, model)
    rows, _ = crawler.run("staff_directory", {"schools": str(schools)})
    assert {row["name"] for row in rows} == {"Odalys Brightwater", "Brook Rivers", "Maria Alvarez"}


def test_a_stop_does_not_wait_for_a_model_that_never_answers(
    crawler: Crawler, loopback: Web, model: FakeOpenAI
) -> None:
    arguments = bare_school(crawler, loopback)
    model.misbehave(*[Behaviour(seconds=60)] * 4)
    with_model(crawler, model)
    process = crawler.begin("staff_directory", arguments)
    wait_until(lambda: model.taken > 0)
    process.terminate()
    process.wait(30)
    assert len(crawler.rows()) == 9, "the page goes on as it was read"
    assert "'asking/interrupted': 1" in crawler.log()


class PlayedAsker:
    """Answers when a test lets it."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.result = Asked(())


@pytest.fixture
def pipeline() -> AskPipeline:
    made = get_crawler()
    made._apply_settings()
    return AskPipeline.from_crawler(made)


def page_item(page: str, *, path: str = "/staff", people: list[Person] | None = None) -> PageItem:
    reading = read(page)
    found = list(reading.page.people) if people is None else people
    item = PageItem("7", f"http://q.test{path}", 200, reading.page.outcome, "read", NOW, found)
    item.doubts = doubtful_blocks(reading)
    return item


async def test_an_end_waits_for_its_pages_and_tells_their_people(
    pipeline: AskPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    played = PlayedAsker()
    item = page_item(ALONE)
    (block,) = item.doubts
    assert block.person is not None
    played.result = Asked((Revision(block, "added", (block.person,)),))

    async def asked(_: object) -> Asked:
        await played.may_answer.wait()
        return played.result

    monkeypatch.setattr(pipeline, "_asked", asked)
    reading = asyncio.create_task(pipeline.process_item(item))
    other = TargetItem("8", "done", "staff", "2 people on 1 pages", people=2)
    end = TargetItem("7", "done", "no_staff", "nobody is listed")
    ending = asyncio.create_task(pipeline.process_item(end))
    await asyncio.sleep(0.05)
    assert not reading.done()
    assert not ending.done()
    assert await pipeline.process_item(other) is other
    played.may_answer.set()
    assert (await reading).outcome == "staff"
    await asyncio.sleep(0.05)
    assert not ending.done(), "the page has not left the pipelines behind this one"
    pipeline._left(item)
    told = await asyncio.wait_for(ending, 5)
    assert (told.outcome, told.people, told.state) == ("staff", 1, "done")
    assert "+1 by a model's answers" in told.reason


async def test_who_was_added_on_one_page_is_not_told_again_on_the_next(
    pipeline: AskPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = page_item(ALONE, path="/welcome"), page_item("", path="/staff")
    (block,) = first.doubts
    assert block.person is not None
    second.people = [block.person]
    result = Asked((Revision(block, "added", (block.person,)),))

    async def asked(_: object) -> Asked:
        return result

    monkeypatch.setattr(pipeline, "_asked", asked)
    assert len((await pipeline.process_item(first)).people) == 1
    assert (await pipeline.process_item(second)).people == []
    for item in (first, second):
        pipeline._left(item)
    end = await pipeline.process_item(TargetItem("7", "done", "staff", "1 people on 2 pages", people=1))
    assert (end.people, end.reason) == (1, "1 people on 2 pages")


async def test_an_error_of_ours_costs_the_page_nothing(pipeline: AskPipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_: object) -> Asked:
        raise RuntimeError("the ledger cannot be reached")

    monkeypatch.setattr(pipeline, "_asked", broken)
    item = page_item(BARELY)
    assert len((await pipeline.process_item(item)).people) == 9
    assert pipeline._crawler.stats.get_value("asking/errors") == 1
