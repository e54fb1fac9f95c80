"""Schemathesis against the running API, as everybody who may ask: what it describes is what it does.

It makes requests out of the description, good ones and bad ones, and looks that each answer is one that is described,
that bad requests are refused, that nothing but a credential opens what asks for one, and that nothing is our fault.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
import schemathesis
from litestar import Litestar
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema

from control_api.settings import ApiSettings
from storage.database import Database
from storage.roles import Role
from tests.conftest import KeyedAccount
from tests.control_api.access import add_person_with_password, bearer
from tests.control_api.rows import add_document, add_listing, add_person, add_school, add_website
from tests.control_api.streams import serving

FOR_THEIR_FORM = {"INVALID_REQUEST", "INVALID_PARAMETER", "MALFORMED_BODY", "UNSUPPORTED_MEDIA_TYPE", "BAD_REQUEST"}
# What no schema can describe: that `attempt` goes with JSON only, and which lines of cron, zones and days there are.
# And what JSON Schema has no word for: 1.0 is an integer to it.
BEYOND_ANY_SCHEMA = ("`attempt` chooses among", "A cron line", "time zone", "is no day or time", "got `float`")
ENDS_THE_SESSION = "/api/v1/auth/logout"
# The same handler and the same parameters as `.csv`, in another format.
TWINS = r"\.(json|jsonl|xlsx|parquet)$"
LOOKING, CHANGING = ("GET",), ("POST", "PUT", "PATCH", "DELETE")
RUNS = [
    ("admin", LOOKING),  # in two halves, because an admin's requests all do something
    ("admin", CHANGING),
    *((who, (*LOOKING, *CHANGING)) for who in ("operator", "viewer", "key", "nobody")),
]
SETTINGS = {
    # Streams end by themselves, and no limit is in the way.
    "stream_longest_seconds": 0.05,
    "streams_per_user": 1_000,
    "unfinished_jobs_per_user": 10_000,
    "reads_per_minute": 0,
    "writes_per_minute": 0,
    "sign_in_wait_seconds": 0.0,
}


@schemathesis.check
def good_requests_are_refused_for_their_meaning_only(ctx: Any, response: Any, case: Any) -> None:
    """A request of the described form may name what is not there, but is never refused for its form.

    In the place of Schemathesis's own check, which knows nothing of cursors, states, ZIPs and names of people.
    """
    good = case.meta is not None and case.meta.generation.mode.is_positive
    if good and response.status_code in {400, 415, 422}:
        problem = response.json()
        if problem["code"] in FOR_THEIR_FORM and not any(words in problem["detail"] for words in BEYOND_ANY_SCHEMA):
            raise AssertionError(f"a good request was refused: {problem['detail']}")


@dataclass
class Attack:
    """What came of a run."""

    cases: int = 0
    operations: set[str] = field(default_factory=set[str])
    found: list[str] = field(default_factory=list[str])

    def take(self, event: events.EngineEvent) -> None:
        if isinstance(event, events.NonFatalError | events.FatalError):
            self.found.append(str(getattr(event, "info", event)))
        elif isinstance(event, events.ScenarioFinished):
            self.cases += len(event.recorder.cases)
            self.operations |= {node.value.operation.label for node in event.recorder.cases.values()}
            for case_id, checks in event.recorder.checks.items():
                case = event.recorder.cases[case_id].value
                for check in checks:
                    if check.status == Status.FAILURE and check.failure_info is not None:
                        failure = check.failure_info.failure
                        self.found.append(f"{case.as_curl_command()}\n{failure.title}: {failure.message}")


def attack(url: str, headers: dict[str, str], methods: tuple[str, ...]) -> Attack:
    config = SchemathesisConfig.from_dict(
        {
            "seed": 7,
            "base-url": url,
            "headers": headers,
            "continue-on-failure": True,
            "request-timeout": 30,
            "generation": {"deterministic": True, "no-shrink": True, "database": "none"},
            "checks": {"positive_data_acceptance": {"enabled": False}},
            "phases": {
                "stateful": {"enabled": False},
                "coverage": {"enabled": False},  # ten thousand cases, five minutes
                "fuzzing": {"generation": {"max-examples": 1}},
            },
        }
    )
    schema = schemathesis.openapi.from_url(f"{url}/schema/openapi.json", config=config)
    came_of = Attack()
    chosen = schema.include(method_regex="|".join(methods)).exclude(path=ENDS_THE_SESSION).exclude(path_regex=TWINS)
    for event in from_schema(chosen).execute():
        came_of.take(event)
    return came_of


@pytest.fixture
def settings(settings: ApiSettings) -> ApiSettings:
    return settings.model_copy(update=SETTINGS)


@pytest.fixture
async def rows(database: Database, account: KeyedAccount) -> None:
    """Something to find in the lists, whose ids later requests then name."""
    who = account.account
    async with database.tenant(who.organization_id) as connection:
        document_id = await add_document(connection, who)
        school_id = await add_school(connection, who, "Harbor Elementary")
        await add_listing(connection, who, document_id, school_id)
        await add_website(connection, who, school_id, "https://school.test/")
        await add_person(connection, who, "Odile Brannock", [school_id])


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("who", "methods"), RUNS)
@pytest.mark.usefixtures("rows")
async def test_the_api_withstands_whoever_asks(
    app: Litestar,
    database: Database,
    account: KeyedAccount,
    stranger: httpx2.AsyncClient,
    who: str,
    methods: tuple[str, ...],
) -> None:
    headers = account.headers if who == "key" else {}
    if who in list(Role):
        person = await add_person_with_password(database, account.account, "mara", Role(who))
        headers = await bearer(stranger, person.email)
    async with serving(app) as served:
        came_of = await asyncio.to_thread(attack, served.url, headers, methods)
    assert came_of.found == []
    assert len(came_of.operations) > (80 if methods == (*LOOKING, *CHANGING) else 30)
    assert (await stranger.get("/api/v1/me", headers=headers)).status_code == (200 if headers else 401)
