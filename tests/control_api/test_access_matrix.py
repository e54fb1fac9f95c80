"""Every route with every role, and every route of an object with another organization's object.

Both are made from the application's own routes: one that is new fails until it stands here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from litestar import Litestar
from sqlalchemy import insert

from control_api.settings import ApiSettings
from storage.corrections import Corrector, NewCorrection, correct
from storage.database import Database
from storage.jobs import JobKind, NewJob, create_job
from storage.models import ApiKey, SalesforceConnection, SavedSearch, Schedule, Suppression, Webhook
from storage.roles import Role
from storage.webhooks import add_ping, get_webhook
from tests.conftest import KeyedAccount
from tests.control_api.conftest import ClientOf, MakeUser
from tests.control_api.rows import add_document, add_listing, add_person, add_school, add_website

SITE = {"url": "https://school.test/"}
WEEKLY = {"name": "weekly", "cron": "0 5 * * 1", "job": {"kind": "export_leads", "params": {}}}
CONNECTION = {
    "name": "sandbox",
    "login_url": "https://riverbend.my.salesforce.com",
    "method": "client_credentials",
    "client_id": "x",
    "secret": {"client_secret": "y"},
}
LOOK, RUN, RULE = Role.VIEWER, Role.OPERATOR, Role.ADMIN

# Of each route the least role (None: nobody is asked), and a body that is good where it needs one.
ROUTES: dict[tuple[str, str], tuple[Role | None, Any]] = {
    ("GET", "/"): (None, None),
    ("GET", "/static/{name:path}"): (None, None),
    ("GET", "/docs"): (None, None),
    ("GET", "/docs/{name:path}"): (None, None),
    ("GET", "/schema/openapi.json"): (None, None),
    ("GET", "/schema"): (None, None),
    ("GET", "/schema/openapi.yaml"): (None, None),
    ("GET", "/schema/openapi.yml"): (None, None),
    ("GET", "/schema/{path:str}"): (None, None),
    ("GET", "/health/live"): (None, None),
    ("GET", "/health/ready"): (None, None),
    ("POST", "/api/v1/auth/login"): (None, {"email": "nobody@example.test", "password": "x"}),
    ("POST", "/api/v1/auth/refresh"): (None, {"refresh_token": "x"}),
    ("POST", "/api/v1/auth/password"): (None, {"token": "x", "password": "three quiet herons"}),
    ("POST", "/api/v1/auth/logout"): (LOOK, None),
    ("GET", "/api/v1/me"): (LOOK, None),
    ("POST", "/api/v1/me/password"): (LOOK, {"current": "x", "password": "three quiet herons"}),
    ("GET", "/api/v1/users"): (RULE, None),
    ("POST", "/api/v1/users"): (RULE, {"name": "new", "role": "viewer"}),
    ("GET", "/api/v1/users/{user_id:uuid}"): (RULE, None),
    ("PATCH", "/api/v1/users/{user_id:uuid}"): (RULE, {"name": "other"}),
    ("DELETE", "/api/v1/users/{user_id:uuid}"): (RULE, None),
    ("POST", "/api/v1/users/{user_id:uuid}/password-link"): (RULE, None),
    ("GET", "/api/v1/keys"): (LOOK, None),
    ("POST", "/api/v1/keys"): (LOOK, {"name": "new", "scope": "read"}),
    ("POST", "/api/v1/keys/{key_id:uuid}/rotate"): (LOOK, {}),
    ("DELETE", "/api/v1/keys/{key_id:uuid}"): (LOOK, None),
    ("GET", "/api/v1/audit"): (RULE, None),
    ("POST", "/api/v1/documents"): (RUN, None),
    ("GET", "/api/v1/documents"): (LOOK, None),
    ("GET", "/api/v1/documents/{document_id:uuid}"): (LOOK, None),
    ("GET", "/api/v1/documents/{document_id:uuid}/pages"): (LOOK, None),
    ("GET", "/api/v1/documents/{document_id:uuid}/pages/{image:str}"): (LOOK, None),
    ("POST", "/api/v1/jobs"): (RUN, {"kind": "export_leads", "params": {}}),
    ("GET", "/api/v1/jobs"): (LOOK, None),
    ("GET", "/api/v1/jobs/{job_id:uuid}"): (LOOK, None),
    ("POST", "/api/v1/jobs/{job_id:uuid}/cancel"): (RUN, None),
    ("POST", "/api/v1/jobs/{job_id:uuid}/pause"): (RUN, None),
    ("POST", "/api/v1/jobs/{job_id:uuid}/resume"): (RUN, None),
    ("PATCH", "/api/v1/jobs/{job_id:uuid}"): (RUN, {"priority": "high"}),
    ("POST", "/api/v1/jobs/{job_id:uuid}/retry"): (RUN, None),
    ("GET", "/api/v1/jobs/{job_id:uuid}/attempts"): (LOOK, None),
    ("GET", "/api/v1/jobs/{job_id:uuid}/events"): (LOOK, None),
    ("GET", "/api/v1/jobs/{job_id:uuid}/result"): (LOOK, None),
    ("GET", "/api/v1/events"): (LOOK, None),
    ("GET", "/api/v1/schedules"): (LOOK, None),
    ("POST", "/api/v1/schedules"): (RUN, WEEKLY),
    ("GET", "/api/v1/schedules/{schedule_id:uuid}"): (LOOK, None),
    ("PATCH", "/api/v1/schedules/{schedule_id:uuid}"): (RUN, {"enabled": False}),
    ("DELETE", "/api/v1/schedules/{schedule_id:uuid}"): (RUN, None),
    ("POST", "/api/v1/schedules/{schedule_id:uuid}/run"): (RUN, None),
    ("GET", "/api/v1/schedules/{schedule_id:uuid}/firings"): (LOOK, None),
    ("GET", "/api/v1/schools"): (LOOK, None),
    ("GET", "/api/v1/schools/{school_id:int}"): (LOOK, None),
    ("GET", "/api/v1/schools/{school_id:int}/website"): (LOOK, None),
    ("PUT", "/api/v1/schools/{school_id:int}/website"): (RUN, SITE),
    ("POST", "/api/v1/schools/{school_id:int}/website/accept"): (RUN, SITE),
    ("POST", "/api/v1/schools/{school_id:int}/website/reject"): (RUN, SITE),
    ("GET", "/api/v1/schools/{school_id:int}/link"): (LOOK, None),
    ("PUT", "/api/v1/schools/{school_id:int}/link"): (RUN, {"nces_id": None}),
    ("GET", "/api/v1/websites/review"): (LOOK, None),
    ("GET", "/api/v1/links"): (LOOK, None),
    ("GET", "/api/v1/staff"): (LOOK, None),
    ("GET", "/api/v1/staff/{staff_id:int}"): (LOOK, None),
    ("GET", "/api/v1/people/{staff_id:int}"): (LOOK, None),
    ("PATCH", "/api/v1/people/{staff_id:int}"): (RUN, {"title": "Principal", "reason": "the school says so"}),
    ("DELETE", "/api/v1/people/{staff_id:int}/corrections/{field:str}"): (RUN, None),
    ("GET", "/api/v1/people/{staff_id:int}/changes"): (LOOK, None),
    ("GET", "/api/v1/people/changes"): (LOOK, None),
    ("GET", "/api/v1/people/tombstones"): (LOOK, None),
    ("GET", "/api/v1/people/duplicates"): (LOOK, None),
    ("POST", "/api/v1/people/{staff_id:int}/merge"): (RUN, {"into": 987654320}),
    ("DELETE", "/api/v1/people/{staff_id:int}"): (RUN, None),
    ("GET", "/api/v1/people"): (LOOK, None),
    ("GET", "/api/v1/people/facets"): (LOOK, None),
    ("GET", "/api/v1/schools/facets"): (LOOK, None),
    ("GET", "/api/v1/searches"): (LOOK, None),
    ("POST", "/api/v1/searches"): (RUN, {"name": "new", "kind": "people", "params": {}}),
    ("GET", "/api/v1/searches/{search_id:uuid}"): (LOOK, None),
    ("PATCH", "/api/v1/searches/{search_id:uuid}"): (RUN, {"shared": True}),
    ("DELETE", "/api/v1/searches/{search_id:uuid}"): (RUN, None),
    ("GET", "/api/v1/llm/budget"): (LOOK, None),
    ("PUT", "/api/v1/llm/budget"): (RULE, {"dollars": 1.0, "tokens": None}),
    ("DELETE", "/api/v1/llm/budget"): (RULE, None),
    ("GET", "/api/v1/suppressions"): (LOOK, None),
    ("POST", "/api/v1/suppressions"): (RUN, {"entries": [{"kind": "email", "email": "a@b.test"}]}),
    ("DELETE", "/api/v1/suppressions/{entry_id:int}"): (RULE, None),
    **{
        ("GET", f"/api/v1/{subject}.{ending}"): (LOOK, None)
        for subject in ("staff", "schools")
        for ending in ("csv", "json", "jsonl", "xlsx", "parquet")
    },
    **{
        ("GET", f"/api/v1/{subject}.{ending}"): (
            RULE if subject in {"exports/ledger", "audit", "users"} else LOOK,
            None,
        )
        for subject in (
            *("jobs", "documents", "links", "suppressions", "exports/ledger", "audit", "keys", "users", "schedules"),
            *("searches", "people/tombstones", "people/changes", "people/duplicates"),
        )
        for ending in ("csv", "json")
    },
    ("GET", "/api/v1/exports/ledger"): (RULE, None),
    ("GET", "/api/v1/notices"): (LOOK, None),
    ("GET", "/api/v1/jobs/{job_id:uuid}/leads"): (LOOK, None),
    ("GET", "/api/v1/jobs/{job_id:uuid}/leads.csv"): (LOOK, None),
    ("POST", "/api/v1/jobs/{job_id:uuid}/leads/retry"): (RUN, None),
    ("GET", "/api/v1/webhooks"): (RUN, None),
    ("POST", "/api/v1/webhooks"): (RULE, {"url": "https://hooks.example.com/", "events": ["job.failed"]}),
    ("GET", "/api/v1/webhooks/{webhook_id:uuid}"): (RUN, None),
    ("PATCH", "/api/v1/webhooks/{webhook_id:uuid}"): (RULE, {"enabled": False}),
    ("DELETE", "/api/v1/webhooks/{webhook_id:uuid}"): (RULE, None),
    ("POST", "/api/v1/webhooks/{webhook_id:uuid}/secret"): (RULE, {}),
    ("POST", "/api/v1/webhooks/{webhook_id:uuid}/test"): (RULE, None),
    ("GET", "/api/v1/webhooks/{webhook_id:uuid}/deliveries"): (RUN, None),
    ("POST", "/api/v1/webhooks/{webhook_id:uuid}/deliveries/{delivery_id:int}/retry"): (RULE, None),
    ("GET", "/api/v1/salesforce/connections"): (LOOK, None),
    ("POST", "/api/v1/salesforce/connections"): (RULE, CONNECTION),
    ("GET", "/api/v1/salesforce/connections/{connection_id:uuid}"): (LOOK, None),
    ("PATCH", "/api/v1/salesforce/connections/{connection_id:uuid}"): (RULE, {"name": "other"}),
    ("DELETE", "/api/v1/salesforce/connections/{connection_id:uuid}"): (RULE, None),
    ("POST", "/api/v1/salesforce/connections/{connection_id:uuid}/check"): (RUN, None),
    ("GET", "/api/v1/salesforce/connections/{connection_id:uuid}/fields"): (RUN, None),
}
ABSENT = {"uuid": str(uuid4()), "int": "987654321", "str": "1.png", "path": "app.css"}


@pytest.fixture
def settings(settings: ApiSettings) -> ApiSettings:
    """Streams that end by themselves, and no limit but the one under test."""
    return settings.model_copy(update={"stream_longest_seconds": 0.1, "reads_per_minute": 0, "writes_per_minute": 0})


def routes_of(app: Litestar) -> set[tuple[str, str]]:
    return {
        (str(method), route.path)
        for route in app.routes
        for handler in getattr(route, "route_handlers", ())
        for method in handler.http_methods
        if method not in {"OPTIONS", "HEAD"}
    }


def filled(path: str, **ids: object) -> str:
    """A path with its parameters: those that are named, and ids that nothing has."""
    parts: list[str] = []
    for part in path.split("/"):
        name, _, kind = part.strip("{}").partition(":")
        parts.append(str(ids.get(name, ABSENT[kind])) if part.startswith("{") else part)
    return "/".join(parts)


async def ask(client: httpx2.AsyncClient, method: str, path: str, body: Any) -> httpx2.Response:
    return await client.request(method, path, **({} if body is None else {"json": body}))


def test_every_route_stands_in_the_matrix(app: Litestar) -> None:
    assert routes_of(app) == set(ROUTES)


@pytest.mark.parametrize("role", [None, *Role])
async def test_every_route_with_every_role(
    client_of: ClientOf, stranger: httpx2.AsyncClient, colleague: MakeUser, role: Role | None
) -> None:
    client = stranger if role is None else client_of(await colleague("somebody", role))
    wrong: dict[tuple[str, str], int] = {}
    for (method, path), (needed, body) in ROUTES.items():
        answer = await ask(client, method, filled(path), body)
        refused_role = answer.status_code == 403 and "This needs the role" in answer.text
        if needed is None:
            right = answer.status_code != 403 and (answer.status_code != 401 or path.startswith("/api/v1/auth/"))
        elif role is None:
            right = answer.status_code == 401
        elif role.includes(needed):
            right = answer.status_code not in {401, 429} and not refused_role
        else:
            right = refused_role
        if not right or answer.status_code >= 500:
            wrong[method, path] = answer.status_code
    assert wrong == {}


@dataclass(frozen=True, slots=True)
class Things:
    """An object of each kind, of one organization."""

    ids: dict[str, object]


@pytest.fixture
async def theirs(database: Database, outsider: KeyedAccount) -> Things:
    who = outsider.account
    async with database.tenant(who.organization_id) as connection:
        document_id = await add_document(connection, who)
        school_id = await add_school(connection, who, "Harbor Elementary")
        await add_listing(connection, who, document_id, school_id)
        await add_website(connection, who, school_id, SITE["url"])
        staff_id = await add_person(connection, who, "Odile Brannock", [school_id])
        corrector = Corrector(who.organization_id, who.user_id, who.user_name)
        office = NewCorrection("department", {"department": "Front office"})
        await correct(connection, corrector, staff_id, [office], "the school says so")
        new = NewJob(who.organization_id, who.user_id, kind=JobKind.EXPORT_LEADS, params={})
        job_id, _ = await create_job(connection, new, limit=9)
        row = {"organization_id": who.organization_id, "kind": "email", "hash": b"x" * 32, "reason": "request"}
        entry_id = await connection.scalar(insert(Suppression).values(row).returning(Suppression.id))
        org = {name: CONNECTION[name] for name in ("name", "login_url", "method", "client_id")}
        org |= {"organization_id": who.organization_id, "secret": b"sealed", "key_field": "Title1_Id__c"}
        connection_id = await connection.scalar(
            insert(SalesforceConnection).values(org).returning(SalesforceConnection.id)
        )
        weekly = {"organization_id": who.organization_id, "user_id": who.user_id, "time_zone": "UTC", "enabled": False}
        weekly |= {"name": WEEKLY["name"], "cron": WEEKLY["cron"], "kind": "export_leads", "request": WEEKLY["job"]}
        schedule_id = await connection.scalar(
            insert(Schedule).values(misfire_grace_seconds=60, **weekly).returning(Schedule.id)
        )
        hook = {"organization_id": who.organization_id, "url": "https://hooks.example.com/", "secret": b"sealed"}
        added = await connection.execute(insert(Webhook).values(events=["job.failed"], **hook).returning(Webhook.id))
        webhook_id = added.scalar_one()
        delivery_id = (await add_ping(connection, await get_webhook(connection, webhook_id))).id
        search = {"organization_id": who.organization_id, "user_id": who.user_id, "kind": "people", "params": {}}
        search_id = await connection.scalar(
            insert(SavedSearch).values(name="everybody", shared=True, **search).returning(SavedSearch.id)
        )
        key_id = await connection.scalar(ApiKey.__table__.select().with_only_columns(ApiKey.id))
    return Things(
        {
            "document_id": document_id,
            "school_id": school_id,
            "staff_id": staff_id,
            "field": "department",
            "job_id": job_id,
            "entry_id": entry_id,
            "connection_id": connection_id,
            "schedule_id": schedule_id,
            "webhook_id": webhook_id,
            "delivery_id": delivery_id,
            "search_id": search_id,
            "key_id": key_id,
            "user_id": who.user_id,
            "image": "1.png",
        }
    )


def told(answer: httpx2.Response, path: str, **ids: object) -> tuple[int, str, set[str]]:
    """An answer without the ids that were asked for."""
    text = answer.text
    for part in path.split("/"):
        name, _, kind = part.strip("{}").partition(":")
        if part.startswith("{"):
            text = re.sub(rf"\b{re.escape(str(ids.get(name, ABSENT[kind])))}\b", "ID", text)
    return answer.status_code, text, set(answer.headers)


async def test_what_another_organization_has_is_answered_like_what_nobody_has(
    api: httpx2.AsyncClient, client_of: ClientOf, outsider: KeyedAccount, theirs: Things, account: KeyedAccount
) -> None:
    assert account.account.organization_id != outsider.account.organization_id
    owner = client_of(outsider)
    of_objects = [(method, path) for method, path in ROUTES if path.startswith("/api/") and "{" in path]
    assert len(of_objects) > 20
    for method, path in of_objects:
        names = {part.strip("{}").partition(":")[0] for part in path.split("/") if part.startswith("{")}
        assert names <= set(theirs.ids), f"{path} needs an object in `theirs`"
        body = ROUTES[method, path][1]
        absent = await ask(api, method, filled(path), body)
        foreign = await ask(api, method, filled(path, **theirs.ids), body)
        assert absent.status_code == 404, (method, path, absent.text)
        assert told(foreign, path, **theirs.ids) == told(absent, path), (method, path)
    # All of it is there, and as it was: its owner can still do everything with it.
    not_made_here = {
        "/api/v1/schools/{school_id:int}/link",
        "/api/v1/documents/{document_id:uuid}/pages/{image:str}",
        "/api/v1/jobs/{job_id:uuid}/leads",
        "/api/v1/jobs/{job_id:uuid}/leads.csv",
        "/api/v1/salesforce/connections/{connection_id:uuid}/fields",
    }
    for method, path in of_objects:
        if method == "GET" and path not in not_made_here:
            answer = await ask(owner, method, filled(path, **theirs.ids), None)
            assert answer.status_code in {200, 409}, (path, answer.text)
    for method, path in of_objects:
        if method == "DELETE" and "/keys/" not in path:
            answer = await ask(owner, method, filled(path, **theirs.ids), None)
            assert answer.status_code in {204, 409}, (path, answer.text)


async def test_another_organizations_ids_are_worth_nothing_in_bodies_and_filters(
    api: httpx2.AsyncClient, theirs: Things
) -> None:
    ids = {name: value if isinstance(value, int) else str(value) for name, value in theirs.ids.items()}
    absent = str(uuid4())
    bodies: list[tuple[Any, ...]] = [
        ("/api/v1/jobs", *({"kind": "pipeline", "params": {"document_id": i}} for i in (ids["document_id"], absent))),
        ("/api/v1/jobs", *({"kind": "reextract_staff", "params": {"job_id": i}} for i in (ids["job_id"], absent))),
        (
            "/api/v1/suppressions",
            *({"entries": [{"kind": "school", "school_id": i}]} for i in (ids["school_id"], 987654321)),
        ),
        (
            "/api/v1/jobs",
            *({"kind": "export_leads", "params": {"saved": i}} for i in (ids["search_id"], absent)),
        ),
        ("/api/v1/keys", *({"name": "x", "scope": "read", "user_id": i} for i in (ids["user_id"], absent))),
    ]
    for path, *pair in bodies:
        answers = [await api.post(path, json=body) for body in pair]
        assert [answer.status_code for answer in answers] == [404, 404], (path, answers[0].text)
    for path in ("/api/v1/schools", "/api/v1/staff", "/api/v1/websites/review", "/api/v1/links"):
        found = await api.get(path, params={"document_id": str(ids["document_id"])})
        assert (found.status_code, found.json()["items"]) == (200, []), path
    for path in ("/api/v1/staff", "/api/v1/staff.csv", "/api/v1/people/facets"):
        assert (await api.get(path, params={"saved": str(ids["search_id"])})).status_code == 404, path
    for path in ("/api/v1/users", "/api/v1/keys", "/api/v1/audit", "/api/v1/suppressions"):
        assert "Harborlight" not in (text := (await api.get(path)).text), path
        assert not any(str(value) in text for value in ids.values() if isinstance(value, str) and len(value) > 30), path
