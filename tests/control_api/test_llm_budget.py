"""An organization's budget for language models: seen by all its users, set by its admins, by API and shell."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from storage.database import Database
from storage.llm import Budget, LlmBudgets, NewCall, reserve_call, settle_call
from storage.roles import Role
from tests.conftest import KeyedAccount
from tests.control_api.cli.shell import Shell
from tests.control_api.conftest import ClientOf, MakeUser

BUDGET = "/api/v1/llm/budget"
UNLIMITED = LlmBudgets(Budget(None, None), Budget(None, None), 30)


async def spend(database: Database, account: KeyedAccount, dollars: str, *, settled: bool) -> None:
    organization_id = account.account.organization_id
    asked = NewCall(organization_id, None, None, "rows", "gpt-4o-mini", 600, 400, Decimal(dollars), 60.0)
    async with database.tenant(organization_id) as connection:
        number = await reserve_call(connection, asked, UNLIMITED)
        if settled:
            cost = Decimal(dollars)
            await settle_call(connection, number, input_tokens=60, output_tokens=40, dollars=cost, answered=True)


async def test_without_one_of_its_own_the_settings_hold(
    api: httpx2.AsyncClient, database: Database, account: KeyedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TITLE1_LLM_ORGANIZATION_DOLLARS", "2.5")
    await spend(database, account, "0.25", settled=True)
    await spend(database, account, "0.5", settled=False)
    state = (await api.get(BUDGET)).json()
    assert state.pop("since") < "9999"
    assert state == {
        "dollars": 2.5,
        "tokens": 40_000_000,
        "set_at": None,
        "days": 30,
        "calls": 2,
        "spent": {"dollars": 0.25, "tokens": 100},
        "reserved": {"dollars": 0.5, "tokens": 1_000},
        "left": {"dollars": 1.75, "tokens": 39_998_900},
    }


async def test_what_is_set_is_shown_and_null_is_no_limit(
    api: httpx2.AsyncClient, database: Database, account: KeyedAccount
) -> None:
    await spend(database, account, "0.25", settled=True)
    answer = await api.put(BUDGET, json={"dollars": 0.125, "tokens": None})
    assert answer.status_code == 200
    state = answer.json()
    assert state["set_at"] is not None
    assert (state["dollars"], state["tokens"]) == (0.125, None)
    assert state["left"] == {"dollars": 0, "tokens": None}
    again = (await api.get(BUDGET)).json()
    assert again == state | {"since": again["since"]}
    state = (await api.put(BUDGET, json={"dollars": None, "tokens": 0})).json()
    assert (state["dollars"], state["tokens"]) == (None, 0)


async def test_without_limits_of_its_own_an_organization_has_those_of_the_settings(
    api: httpx2.AsyncClient, client_of: ClientOf, colleague: MakeUser
) -> None:
    settings = (await api.get(BUDGET)).json()
    await api.put(BUDGET, json={"dollars": 0.125, "tokens": 0})
    refused = await client_of(await colleague("op", Role.OPERATOR)).delete(BUDGET)
    assert refused.status_code == 403
    assert (await api.get(BUDGET)).json()["tokens"] == 0
    for _ in range(2):
        answer = await api.delete(BUDGET)
        assert answer.status_code == 200
        state = answer.json()
        assert state == settings | {"since": state["since"]}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"dollars": -0.01, "tokens": 5}, "/dollars"),
        ({"dollars": 1, "tokens": -1}, "/tokens"),
        ({"dollars": 1e9, "tokens": 5}, "/dollars"),
        ({"dollars": 1, "tokens": 1.5}, "/tokens"),
        ({"dollars": "many", "tokens": 5}, "/dollars"),
        ({"dollars": 1}, "/tokens"),
        ({"dollars": 1, "tokens": 5, "days": 1}, "/days"),
    ],
)
async def test_what_is_no_budget_is_refused_by_name_and_changes_nothing(
    api: httpx2.AsyncClient, body: dict[str, Any], pointer: str
) -> None:
    await api.put(BUDGET, json={"dollars": 3, "tokens": 7})
    answer = await api.put(BUDGET, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "INVALID_REQUEST"), answer.text
    assert pointer.removeprefix("/") in answer.json()["detail"]
    state = (await api.get(BUDGET)).json()
    assert (state["dollars"], state["tokens"]) == (3, 7)


async def test_users_see_the_budget_admins_set_it_others_have_their_own(
    api: httpx2.AsyncClient, client_of: ClientOf, colleague: MakeUser, outsider: KeyedAccount
) -> None:
    await api.put(BUDGET, json={"dollars": 3, "tokens": 7})
    for role in (Role.VIEWER, Role.OPERATOR):
        client = client_of(await colleague(role, role))
        assert (await client.get(BUDGET)).json()["dollars"] == 3
        refused = await client.put(BUDGET, json={"dollars": 9, "tokens": 9})
        assert (refused.status_code, refused.json()["code"]) == (403, "FORBIDDEN")
    other = client_of(outsider)
    assert (await other.get(BUDGET)).json()["set_at"] is None
    await other.put(BUDGET, json={"dollars": 1, "tokens": 1})
    assert (await api.get(BUDGET)).json()["dollars"] == 3


async def test_the_command_line_shows_and_sets_one_limit_at_a_time(shell: Shell) -> None:
    async def budget(*arguments: str) -> tuple[int, str, str]:
        done = await shell.run("llm", "budget", *arguments)
        return done.returncode, done.stdout, done.stderr

    code, out, _ = await budget()
    assert (code, out.splitlines()[0]) == (0, "Within 30 days (of the settings); 0 questions so far.")
    assert "dollars: $0.0000 spent, $0.0000 reserved, limit $20.0000, $20.0000 left" in out
    _, out, _ = await budget("--dollars", "50", "--json")
    assert json.loads(out).items() >= {"dollars": 50, "tokens": 40_000_000}.items()
    _, out, _ = await budget("--tokens", "none")
    assert "tokens: 0 spent, 0 reserved, no limit" in out
    assert "limit $50.0000" in out
    code, _, err = await budget("--dollars", "-1")
    assert code == 1
    assert "dollars" in err
    assert "[INVALID_REQUEST]" in err
    for words in ("much", "nan", "inf"):
        code, _, err = await budget("--dollars", words)
        assert (code, err) == (2, f"title1: --dollars takes a number or none, not {words!r}.\n")
    code, _, err = await budget("--reset", "--tokens", "5")
    assert (code, err) == (2, "title1: --reset goes with neither --dollars nor --tokens.\n")
    _, out, _ = await budget("--reset")
    assert out.splitlines()[0] == "Within 30 days (of the settings); 0 questions so far."
    assert "limit $20.0000" in out
