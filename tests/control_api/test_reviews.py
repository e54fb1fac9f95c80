"""Reviews over HTTP and on the command line: what waits, why, and who may decide."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import insert

from control_api.work.linking import link_document
from storage.database import Database
from storage.directory import COLUMNS, import_directory
from storage.jobs import JobKind, NewJob, create_job
from storage.models import Target
from storage.roles import Role
from tests.conftest import KeyedAccount
from tests.control_api.cli.shell import Shell
from tests.control_api.conftest import ClientOf, MakeUser
from tests.control_api.rows import add_document, add_listing, add_school, add_website

REVIEW = "/api/v1/websites/review"
ROW = {
    "nces_id": "480000100001", "name": "Alder Elementary School", "district": "Riverbend ISD", "lea_id": "4800001",
    "state": "TX", "city": "Katy",
}  # fmt: skip


@pytest.fixture
async def place(database: Database, account: KeyedAccount, outsider: KeyedAccount) -> dict[str, Any]:
    """Three schools that wait, one that is decided, one without candidates, and another organization's."""
    owner = account.account
    ids: dict[str, Any] = {}
    async with database.tenant(owner.organization_id) as connection:
        ids["document"] = await add_document(connection, owner)
        for name, state in (("Alder", "TX"), ("Birch", "TX"), ("Cedar", "NY"), ("Dale", "TX"), ("Elm", "TX")):
            district = "Riverbend ISD" if state == "TX" else "Harbor"
            ids[name] = await add_school(
                connection, owner, f"{name} Elementary", state=state, district=district, identity=f"name:{name}"
            )
            await add_listing(connection, owner, ids["document"], ids[name], row=ids[name])
        for name in ("Alder", "Birch", "Cedar", "Dale"):
            url = f"https://{name.lower()}.test/"
            await add_website(connection, owner, ids[name], url, state="review", score=0.7)
            await add_website(connection, owner, ids[name], f"https://news.test/{name}", state="candidate", score=0.2)
        await add_website(connection, owner, ids["Dale"], "https://dale-school.test/")
        crawl = NewJob(owner.organization_id, owner.user_id, JobKind.DISCOVER_WEBSITES, {})
        ids["job"], _ = await create_job(connection, crawl)
        await connection.execute(
            insert(Target).values(
                organization_id=owner.organization_id, job_id=ids["job"], school_id=ids["Birch"], state="done",
                outcome="review", reason="the site is likely; a person should look at it",
            )
        )  # fmt: skip
    async with database.tenant(outsider.account.organization_id) as connection:
        ids["theirs"] = await add_school(connection, outsider.account, "Acorn", state="TX")
        await add_website(connection, outsider.account, ids["theirs"], "https://acorn.test/", state="review")
    return ids


async def waiting(api: httpx2.AsyncClient, **query: str) -> list[str]:
    answer = await api.get(REVIEW, params=query)
    assert answer.status_code == 200, answer.text
    return [item["school"]["name"].partition(" ")[0] for item in answer.json()["items"]]


async def test_schools_that_wait_are_listed_with_their_candidates(
    api: httpx2.AsyncClient, place: dict[str, Any]
) -> None:
    assert await waiting(api) == ["Alder", "Birch", "Cedar"]
    assert await waiting(api, state="texas") == ["Alder", "Birch"]
    assert await waiting(api, district="harbor") == ["Cedar"]
    assert await waiting(api, job_id=str(place["job"])) == ["Birch"]
    assert await waiting(api, job_id=str(uuid4())) == []
    first = (await api.get(REVIEW, params={"limit": 2})).json()
    assert [site["url"] for site in first["items"][0]["candidates"]] == [
        "https://alder.test/",
        "https://news.test/Alder",
    ]
    assert first["items"][0]["candidates"][0]["signals"][0]["name"] == "phone"
    assert await waiting(api, limit="2", cursor=first["next"]) == ["Cedar"]


async def test_accepting_answers_why_and_takes_the_school_off_the_list(
    api: httpx2.AsyncClient, place: dict[str, Any]
) -> None:
    path = f"/api/v1/schools/{place['Alder']}/website"
    once, again = [await api.post(f"{path}/accept", json={"url": "http://www.alder.test"}) for _ in range(2)]
    assert (once.status_code, again.status_code) == (200, 200), once.text
    assert once.json() == again.json()
    why = again.json()
    assert (why["website"]["url"], why["website"]["decided_by"]) == ("https://alder.test/", "ada")
    assert [(decision["decision"], decision["by"]) for decision in why["decisions"]] == [("accepted", "ada")]
    assert await waiting(api) == ["Birch", "Cedar"]
    school = (await api.get(f"/api/v1/schools/{place['Alder']}")).json()
    assert (school["website"], school["websites"][0]["decided_by"]) == ("https://alder.test/", "ada")
    refused = await api.post(f"{path}/accept", json={"url": "https://elsewhere.test/"})
    assert (refused.status_code, refused.json()["code"]) == (404, "NOT_FOUND")


async def test_rejecting_one_or_all(api: httpx2.AsyncClient, place: dict[str, Any]) -> None:
    path = f"/api/v1/schools/{place['Birch']}/website"
    why = (await api.post(f"{path}/reject", json={"url": "https://birch.test/"})).json()
    assert {site["url"]: site["state"] for site in why["candidates"]} == {
        "https://birch.test/": "rejected", "https://news.test/Birch": "candidate",
    }  # fmt: skip
    for _ in range(2):
        why = (await api.post(f"{path}/reject", json={"url": None})).json()
    assert {site["state"] for site in why["candidates"]} == {"rejected"}
    assert len(why["decisions"]) == 2
    assert why["website"] is None
    assert why["last_look"]["outcome"] == "review"
    assert (await api.post(f"{path}/reject", json={})).status_code == 422
    assert await waiting(api) == ["Alder", "Cedar"]


async def test_a_site_is_set_by_hand_in_any_spelling_that_is_an_address(
    api: httpx2.AsyncClient, place: dict[str, Any]
) -> None:
    path = f"/api/v1/schools/{place['Elm']}/website"
    for typed in ("Elm.Example/school#top", "https://elm.example/school", "HTTPS://ELM.example/school"):
        answer = await api.put(path, json={"url": typed})
        assert answer.json()["website"]["url"] == "https://elm.example/school", answer.text
    assert len(answer.json()["candidates"]) == len(answer.json()["decisions"]) == 1
    for wrong in (
        "javascript:alert(1)",
        "ftp://elm.example/",
        "just words",
        "https://",
        "https://u:p@elm.example/",
        "http://[x",
    ):
        refused = await api.put(path, json={"url": wrong})
        assert (refused.status_code, refused.json()["code"]) == (400, "INVALID_ADDRESS"), wrong


async def test_viewers_look_and_operators_decide(
    client_of: ClientOf, colleague: MakeUser, place: dict[str, Any]
) -> None:
    looks, decides = client_of(await colleague("vera", Role.VIEWER)), client_of(await colleague("otto", Role.OPERATOR))
    path, url = f"/api/v1/schools/{place['Cedar']}", {"url": "https://cedar.test/"}
    assert await waiting(looks) == ["Alder", "Birch", "Cedar"]
    assert (await looks.get(f"{path}/website")).status_code == 200
    for refused in (
        await looks.put(f"{path}/website", json=url),
        await looks.post(f"{path}/website/accept", json=url),
        await looks.post(f"{path}/website/reject", json=url),
        await looks.put(f"{path}/link", json={"nces_id": None}),
    ):
        assert refused.status_code == 403
    why = (await decides.post(f"{path}/website/accept", json=url)).json()
    assert why["website"]["decided_by"] == "otto"


async def test_another_organizations_schools_are_not_there(api: httpx2.AsyncClient, place: dict[str, Any]) -> None:
    path = f"/api/v1/schools/{place['theirs']}"
    answers = [
        await api.get(f"{path}/website"),
        await api.put(f"{path}/website", json={"url": "https://x.test/"}),
        await api.post(f"{path}/website/reject", json={"url": None}),
        await api.get(f"{path}/link"),
        await api.put(f"{path}/link", json={"nces_id": None}),
    ]
    assert {answer.status_code for answer in answers} == {404}


async def add_directory(database: Database, *rows: dict[str, str]) -> None:
    async with database.system() as connection:
        await import_directory(connection, [[row.get(column) for column in COLUMNS] for row in rows])


async def test_links_are_listed_and_decided(
    api: httpx2.AsyncClient, database: Database, account: KeyedAccount, place: dict[str, Any]
) -> None:
    organization_id, document_id = account.account.organization_id, place["document"]
    assert await link_document(database, organization_id, document_id) is None  # there is no directory
    other = ROW | {"nces_id": "480000200002", "name": "Birch Primary School"}
    await add_directory(database, ROW, other)
    assert await link_document(database, organization_id, document_id) == {"automatic": 1, "review": 1, "none": 3}
    (waits,) = (await api.get("/api/v1/links", params={"linked": "review"})).json()["items"]
    assert (waits["name"], waits["nces_id"], waits["official_name"]) == (
        "Birch Elementary", "480000200002", "Birch Primary School",
    )  # fmt: skip
    assert {reason["name"] for reason in waits["reasons"]} >= {"name", "level_near", "district"}
    (sure,) = (await api.get("/api/v1/links", params={"linked": "automatic", "state": "TX"})).json()["items"]
    assert sure["school_id"] == place["Alder"]
    school = (await api.get(f"/api/v1/schools/{place['Alder']}")).json()
    assert school["nces_id"] == "480000100001"
    assert [(seen["field"], seen["method"]) for seen in school["evidence"]] == [("nces_id", "linkage")]
    path = f"/api/v1/schools/{place['Birch']}/link"
    for _ in range(2):
        answer = await api.put(path, json={"nces_id": "480000200002"})
        assert (answer.json()["state"], answer.json()["decided_by"]) == ("accepted", "ada"), answer.text
    assert (await api.put(path, json={"nces_id": "48"})).status_code == 422
    assert (await api.put(path, json={"nces_id": "000000000000"})).status_code == 404
    assert await link_document(database, organization_id, document_id) == {"automatic": 1, "review": 1, "none": 3}
    assert (await api.get(path)).json()["state"] == "accepted"
    names = [line["name"] for line in (await api.get("/api/v1/links", params={"limit": 2})).json()["items"]]
    assert names == ["Alder Elementary", "Birch Elementary"]


async def test_websites_on_the_command_line(shell: Shell, place: dict[str, Any]) -> None:
    birch = str(place["Birch"])
    assert len(await shell.lines("sites", "review", "--state", "TX")) == 2
    assert "https://birch.test/" in await shell.said("sites", "review", "--job", str(place["job"]))
    assert "is the website of Birch" in await shell.said("sites", "accept", birch, "https://birch.test/")
    assert "https://own.test/ is" in await shell.said("sites", "accept", birch, "https://own.test/", "--by-hand")
    assert "has 2 other candidates" in await shell.said("sites", "reject", birch, "https://own.test/")
    told = await shell.said("sites", "why", birch)
    assert "ada rejected https://own.test/" in told
    assert "+2 phone: the same telephone number" in told
    assert "has 0 other candidates" in await shell.said("sites", "reject", birch, "--all")
    assert (await shell.run("sites", "reject", birch)).returncode == 2
    (why,) = await shell.lines("sites", "why", birch)
    assert (why["website"], len(why["decisions"])) == (None, 5)


async def test_links_on_the_command_line(shell: Shell, database: Database, place: dict[str, Any]) -> None:
    birch = str(place["Birch"])
    refused = await shell.run("schools", "link")
    assert (refused.returncode, "no official directory yet" in refused.stderr) == (1, True)
    await add_directory(database, ROW)
    assert await shell.lines("schools", "link") == [
        {"document_id": str(place["document"]), "filename": "list.pdf", "automatic": 1, "review": 0, "none": 4}
    ]
    (sure,) = await shell.lines("schools", "links", "--link", "automatic")
    assert (sure["name"], sure["nces_id"]) == ("Alder Elementary", "480000100001")
    assert "Birch Elementary is Alder" in await shell.said("schools", "identify", birch, "480000100001")
    assert "is no school of the directory" in await shell.said("schools", "identify", birch, "none")
