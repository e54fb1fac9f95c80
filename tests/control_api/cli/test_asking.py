"""`title1 extract … --llm`: only when told to, only within its budget."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.control_api.cli import shell
from tests.extraction.schools.unheard_of import draw, knows_columns
from tests.extraction.staff.asking.pages import BARELY, SURE, UNREAD, answer, person
from tests.fakes.openai_server import KEY, FakeOpenAI, serving


@pytest.fixture
async def model() -> AsyncGenerator[FakeOpenAI]:
    async with serving(knows_columns) as server:
        yield server


async def title1(*arguments: str, **environment: str) -> tuple[int, str, str]:
    """Runs the command beside the model, which lives in this test's own event loop."""
    done = await asyncio.to_thread(shell.title1, *arguments, **environment)
    return done.returncode, done.stdout, done.stderr


async def test_a_file_is_read_with_a_model_only_when_told_to(model: FakeOpenAI, tmp_path: Path) -> None:
    schools = draw(tmp_path / "list.pdf", 2)
    keys = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": model.url}
    code, out, _ = await title1("extract", "schools", str(tmp_path / "list.pdf"), "--json", **keys)
    assert (code, json.loads(out)["schools"], model.requests) == (0, [], [])
    code, out, err = await title1("extract", "schools", str(tmp_path / "list.pdf"), "--json", "--llm", **keys)
    assert code == 0, err
    line = json.loads(out)
    assert [school["name"] for school in line["schools"]] == [row[0] for row in schools]
    assert (line["llm"]["calls"], line["llm"]["tokens"]) == (1, model.used_tokens)


async def test_a_spent_budget_stops_asking_and_not_reading(model: FakeOpenAI, tmp_path: Path) -> None:
    draw(tmp_path / "list.pdf", 2)
    keys = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": model.url}
    arguments = ("extract", "schools", str(tmp_path / "list.pdf"), "--llm", "--llm-budget", "0.000001")
    code, _, err = await title1(*arguments, **keys)
    assert code == 0
    assert model.requests == []
    assert "this run's budget has only $0.0000" in err
    assert "0 questions, 0 tokens, $0.0000" in err


async def test_without_a_model_llm_says_what_is_missing(tmp_path: Path) -> None:
    draw(tmp_path / "list.pdf", 1)
    code, _, err = await title1("extract", "schools", str(tmp_path / "list.pdf"), "--llm")
    assert code == 2
    assert "OPENAI_API_KEY" in err
    code, _, err = await title1("extract", "schools", str(tmp_path / "list.pdf"), "--llm-budget", "1")
    assert (code, "goes with --llm" in err) == (2, True)


async def test_a_staff_page_is_asked_about_only_when_told_to(tmp_path: Path) -> None:
    page, sure = tmp_path / "page.html", tmp_path / "sure.html"
    page.write_text(UNREAD, "utf-8")
    sure.write_text(SURE, "utf-8")
    people = {1: [person("Odalys Brightwater", email="obrightwater@quillfern.test")], 2: [person("Max Power")]}
    async with serving(lambda _: answer(people)) as model:
        keys = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": model.url}
        code, out, _ = await title1("extract", "staff", str(page), "--json", **keys)
        assert (code, json.loads(out)["people"], model.requests) == (0, [], [])
        code, out, err = await title1("extract", "staff", str(page), str(sure), "--json", "--explain", "--llm", **keys)
        assert code == 0, err
        line, clear = (json.loads(text) for text in out.splitlines())
        assert [one["name"] for one in line["people"]] == ["Odalys Brightwater"]
        assert (line["outcome"], line["method"], line["people"][0]["method"]) == ("staff", "llm", "llm")
        told = line["llm"]
        assert (told["calls"], told["tokens"], told["dropped_people"]) == (1, model.used_tokens, 1)
        assert [(one["result"], one["people"]) for one in line["asked"]] == [
            ("added", ["Odalys Brightwater"]),
            ("as_it_was", []),
        ]
        assert (clear["llm"]["calls"], clear["asked"], len(clear["people"])) == (0, [], 3)
        code, out, err = await title1("extract", "staff", str(page), "--explain", "--llm", **keys)
        assert "asked the model about 2 doubtful blocks" in out
        assert "nobody was read → added" in out
        assert "answered: staff: Max Power" in out
        assert "asked the model: 1 questions" in err


async def test_a_spent_budget_leaves_the_staff_page_as_it_was(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(BARELY, "utf-8")
    async with serving(lambda _: answer({})) as model:
        keys = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": model.url}
        arguments = ("extract", "staff", str(page), "--llm", "--llm-budget", "0.000001")
        code, out, err = await title1(*arguments, **keys)
    assert (code, model.requests) == (0, [])
    assert "9 people" in out
    assert "this run's budget has only $0.0000" in err


async def test_staff_and_llm_without_a_model(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(SURE, "utf-8")
    code, _, err = await title1("extract", "staff", str(page), "--llm")
    assert (code, "OPENAI_API_KEY" in err) == (2, True)
    code, _, err = await title1("extract", "staff", str(page), "--llm-budget", "1")
    assert (code, "goes with --llm" in err) == (2, True)
