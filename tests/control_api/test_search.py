"""Schools and people: found by filters, in pages that neither repeat nor miss any, and as CSV."""

from __future__ import annotations

import csv
from io import StringIO
from typing import Any
from uuid import UUID

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from control_api.exports.layout import Preset
from control_api.exports.people import people_layout
from control_api.exports.schools import schools_layout
from storage.database import Database
from storage.filters import SchoolFilter, StaffFilter
from storage.finding import find_schools
from storage.leads import LeadFilter, LeadRow, count_leads, lead_batch
from tests.conftest import KeyedAccount
from tests.control_api.rows import add_document, add_evidence, add_listing, add_person, add_school, add_website


@pytest.fixture
async def place(database: Database, account: KeyedAccount, outsider: KeyedAccount) -> dict[str, Any]:
    """Three schools, four people, and another organization's."""
    owner = account.account
    ids: dict[str, Any] = {}
    async with database.tenant(owner.organization_id) as connection:
        ids["document"] = await add_document(connection, owner)
        texas = {"state": "TX", "county": "Harris", "district": "Riverbend ISD", "title1_status": "schoolwide"}
        ids["oak"] = await add_school(
            connection,
            owner,
            "Oak Elementary",
            city="Katy",
            zip="77449",
            low_income_pct=61.5,
            enrollment=412,
            county_fips="48201",
            **texas,
        )
        brooklyn = {"state": "NY", "county": "Kings", "latitude": 40.66, "longitude": -73.96}
        ids["ps12"] = await add_school(connection, owner, "P.S. 12 O'Hara School", **brooklyn)
        west = {"county": "Waller", "latitude": 29.83, "longitude": -96.2}
        ids["pine"] = await add_school(connection, owner, "Pine Middle", **texas | west)
        await add_listing(connection, owner, ids["document"], ids["oak"])
        ids["site"] = await add_website(connection, owner, ids["oak"], "https://oak.test/")
        await add_website(connection, owner, ids["oak"], "https://rank-schools.test/", state="rejected", score=0.1)
        await add_website(connection, owner, ids["pine"], "https://pine.test/", state="review", score=0.6)
        ids["ann"] = await add_person(
            connection,
            owner,
            "Ann Abbott",
            [ids["oak"]],
            email="abbott@oak.test",
            title="Principal",
            role="principal",
            middle_name="Lee",
            credentials=["Ed.D."],
            subjects=["math"],
            grades=["7"],
        )
        ids["bo"] = await add_person(connection, owner, "Bo O'Brien-Díaz", [ids["oak"], ids["pine"]])
        ids["cy"] = await add_person(connection, owner, "Cy Cole", [ids["ps12"]], email="cole@ps12.test")
        ids["di"] = await add_person(connection, owner, "Di Drake", [])
        await add_evidence(connection, owner, "school", ids["oak"])
        await add_evidence(connection, owner, "website", ids["site"], field="phone")
        await add_evidence(connection, owner, "staff", ids["ann"], field="email", snippet="abbott@oak.test")
    async with database.tenant(outsider.account.organization_id) as connection:
        ids["theirs"] = await add_school(connection, outsider.account, "Oak Academy", state="TX")
        ids["their person"] = await add_person(connection, outsider.account, "Ann Other", [ids["theirs"]])
    return ids


SCHOOLS_BY_FILTER: list[tuple[dict[str, str], list[str]]] = [
    ({}, ["oak", "ps12", "pine"]),
    ({"q": "oAk"}, ["oak"]),
    ({"q": "ELEM oa"}, ["oak"]),
    ({"q": "river pine"}, ["pine"]),
    ({"q": "P.S. 12"}, ["ps12"]),
    ({"q": "o'hara"}, ["ps12"]),
    ({"q": "  "}, ["oak", "ps12", "pine"]),
    ({"q": "\\ ' & | ! <-> :* ("}, []),
    ({"q": "ak"}, []),
    ({"state": "tx"}, ["oak", "pine"]),
    ({"state": "Texas", "county": "harris"}, ["oak"]),
    ({"district": "riverbend isd"}, ["oak", "pine"]),
    ({"title1_status": "schoolwide"}, ["oak", "pine"]),
    ({"has_website": "true"}, ["oak"]),
    ({"has_website": "false"}, ["ps12", "pine"]),
    ({"document_id": "document"}, ["oak"]),
]


async def test_schools_are_found_by_filters(api: httpx2.AsyncClient, place: dict[str, Any]) -> None:
    for printed, found in SCHOOLS_BY_FILTER:
        query = {name: str(place.get(value, value)) for name, value in printed.items()}
        answer = await api.get("/api/v1/schools", params=query)
        assert answer.status_code == 200, answer.text
        assert {school["id"] for school in answer.json()["items"]} == {place[name] for name in found}, printed
        table = await api.get("/api/v1/schools.csv", params=query)
        assert len(list(csv.DictReader(StringIO(table.text)))) == len(found), printed


async def test_only_an_accepted_website_is_the_schools_website(api: httpx2.AsyncClient, place: dict[str, Any]) -> None:
    schools = {school["id"]: school for school in (await api.get("/api/v1/schools")).json()["items"]}
    shown = {
        name: tuple(schools[place[name]][field] for field in ("website", "website_state", "website_score"))
        for name in ("oak", "pine", "ps12")
    }
    assert shown == {
        "oak": ("https://oak.test/", "accepted", 0.95),
        "pine": (None, "review", 0.6),
        "ps12": (None, None, None),
    }


async def test_a_school_shows_why_its_website_was_chosen_and_where_its_values_were_seen(
    api: httpx2.AsyncClient, place: dict[str, Any]
) -> None:
    school = (await api.get(f"/api/v1/schools/{place['oak']}")).json()
    assert school["low_income_pct"] == 61.5
    assert school["county_fips"] == "48201"
    assert [(site["url"], site["state"]) for site in school["websites"]] == [
        ("https://oak.test/", "accepted"),
        ("https://rank-schools.test/", "rejected"),
    ]
    assert school["websites"][0]["signals"][0]["name"] == "phone"
    assert school["websites"][0]["evidence"][0]["field"] == "phone"
    assert school["evidence"][0]["printed"] == "Oak Elem."
    assert school["listed_in"] == [{"document_id": str(place["document"]), "filename": "list.pdf", "page": 1, "row": 1}]


PEOPLE_BY_FILTER: list[tuple[dict[str, str], list[str]]] = [
    ({}, ["ann", "cy", "di", "bo"]),
    ({"q": "abb princ"}, ["ann"]),
    ({"q": "o'brien"}, ["bo"]),
    ({"role": "teacher"}, ["cy", "bo"]),
    ({"has_email": "true"}, ["ann", "cy"]),
    ({"has_email": "false"}, ["di", "bo"]),
    ({"school_id": "pine"}, ["bo"]),
    ({"state": "TX"}, ["ann", "bo"]),
    ({"document_id": "document", "role": "principal"}, ["ann"]),
    ({"county": "kings", "has_email": "false"}, []),
    ({"q": "o'brien", "role": "teacher", "state": "TX"}, ["bo"]),
    ({"q": "teacher", "state": "NY"}, ["cy"]),
    ({"email_state": "published", "subject": "math"}, ["ann"]),
    ({"subject": "science"}, []),
    ({"grade": "7"}, ["ann"]),
    ({"grade": "8"}, []),
    ({"min_confidence": "0.8"}, ["ann", "cy", "di", "bo"]),
    ({"min_confidence": "0.81"}, []),
    ({"seen_since": "2020-01-31T00:00:00"}, ["ann", "cy", "di", "bo"]),
    ({"seen_since": "2999-01-31T00:00:00Z"}, []),
    ({"near": "77449", "radius": "5"}, ["ann", "bo"]),
    ({"near": "40.65,-73.95"}, ["cy"]),
]


@pytest.mark.parametrize(("few", "walk"), [(0, 1), (1, 10_000), (15_000, 1)])
async def test_people_are_found_by_filters(
    api: httpx2.AsyncClient, place: dict[str, Any], monkeypatch: pytest.MonkeyPatch, few: int, walk: int
) -> None:
    """Whether they are few enough to be put in order, or walked to, or the walk is given up."""
    monkeypatch.setattr("storage.finding.FEW", few)
    monkeypatch.setattr("storage.finding.WALK", walk)
    monkeypatch.setattr("storage.finding.STEPS", min(walk, 500))
    for printed, found in PEOPLE_BY_FILTER:
        query = {name: str(place.get(value, value)) for name, value in printed.items()}
        answer = await api.get("/api/v1/staff", params=query)
        assert answer.status_code == 200, answer.text
        assert [person["id"] for person in answer.json()["items"]] == [place[name] for name in found], printed


async def test_names_that_look_like_the_words_are_shown_where_nothing_has_them(
    api: httpx2.AsyncClient, place: dict[str, Any]
) -> None:
    for path, q, found, alike in (
        ("staff", "abbot", ["ann"], False),
        ("staff", "abbotts", ["ann"], True),
        ("staff", "o brian", ["bo"], True),
        ("staff", "zzyzx", [], False),
        ("schools", "elementry oak", ["oak"], True),
        ("schools", "oak elem", ["oak"], False),
    ):
        answer = (await api.get(f"/api/v1/{path}", params={"q": q})).json()
        assert [item["id"] for item in answer["items"]] == [place[name] for name in found], q
        assert answer["alike"] is alike, q


async def test_what_lies_around_a_place_is_found_by_coordinates_or_zip(
    api: httpx2.AsyncClient, place: dict[str, Any]
) -> None:
    for near, radius, found in (
        ("77449", "50", ["oak", "pine"]),  # Oak by its ZIP, Pine by its coordinates
        ("77449", "0.2", ["oak"]),
        ("29.83,-96.19", "1", ["pine"]),
        ("40.65, -73.95", "25", ["ps12"]),
        ("51.88,179.99", "50", []),
    ):
        answer = await api.get("/api/v1/schools", params={"near": near, "radius": radius})
        assert [item["id"] for item in answer.json()["items"]] == [place[name] for name in found], (near, radius)


@pytest.mark.parametrize("near", ["00000", "Austin", "91,0", "0,181", "1e1,2", "30.27"])
async def test_a_place_that_is_none_is_refused(api: httpx2.AsyncClient, near: str) -> None:
    answer = await api.get("/api/v1/staff", params={"near": near})
    assert answer.status_code == 422
    assert "five digits" in answer.json()["detail"]


async def test_a_person_shows_all_posts_and_evidence(api: httpx2.AsyncClient, place: dict[str, Any]) -> None:
    bo = (await api.get(f"/api/v1/staff/{place['bo']}")).json()
    assert [(post["school"], post["website"]) for post in bo["posts"]] == [
        ("Oak Elementary", "https://oak.test/"),
        ("Pine Middle", None),
    ]
    assert (bo["school"], bo["school_id"]) == ("Oak Elementary", place["oak"])
    ann = (await api.get(f"/api/v1/staff/{place['ann']}")).json()
    assert (ann["email"], ann["email_state"]) == ("abbott@oak.test", "published")
    assert ann["evidence"][0]["snippet"] == "abbott@oak.test"
    assert (ann["middle_name"], ann["credentials"], ann["subjects"], ann["grades"]) == (
        "Lee",
        ["Ed.D."],
        ["math"],
        ["7"],
    )
    di = (await api.get(f"/api/v1/staff/{place['di']}")).json()
    assert (di["school"], di["posts"]) == (None, [])


async def test_what_is_not_ours_is_not_there(api: httpx2.AsyncClient, place: dict[str, Any]) -> None:
    for path in ("schools/{theirs}", "staff/{their person}", "schools/999999", "staff/999999"):
        answer = await api.get("/api/v1/" + path.format(**place))
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("path", ["schools", "staff"])
async def test_pages_neither_repeat_nor_miss_equal_names(
    api: httpx2.AsyncClient, database: Database, account: KeyedAccount, path: str
) -> None:
    owner = account.account
    async with database.tenant(owner.organization_id) as connection:
        school = await add_school(connection, owner, "Aspen Elementary")
        for _ in range(4):
            await add_school(connection, owner, "Lincoln Elementary")
            await add_person(connection, owner, "Sam Smith", [school])
    seen: list[int] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = (await api.get(f"/api/v1/{path}", params=query)).json()
        assert len(page["items"]) <= 2
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert len(seen) == len(set(seen)) == (5 if path == "schools" else 4)


async def test_a_cursor_that_no_page_gave_out_is_named(api: httpx2.AsyncClient) -> None:
    for path in ("schools", "staff", "jobs", "documents"):
        for cursor in ("x", "!!!!", "é", "bnVsbA", "WyJhIl0", "WyJhIiwgImIiXQ", "A" * 500):
            answer = await api.get(f"/api/v1/{path}", params={"cursor": cursor})
            assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_CURSOR"), (path, cursor)
            assert repr(cursor[:60]) in answer.json()["detail"]


WRONG_FILTERS: list[tuple[dict[str, str], str, int]] = [
    ({"limit": "201"}, "INVALID_PARAMETER", 400),
    ({"limit": "0"}, "INVALID_PARAMETER", 400),
    ({"has_website": "maybe"}, "INVALID_PARAMETER", 400),
    ({"document_id": "seven"}, "INVALID_PARAMETER", 400),
    ({"q": "x" * 201}, "INVALID_PARAMETER", 400),
    ({"state": "x" * 61}, "INVALID_PARAMETER", 400),
    ({"q": "nul\x00"}, "INVALID_VALUE", 400),
    ({"state": "Ohoi"}, "UNKNOWN_PLACE", 422),
]


async def test_a_wrong_filter_is_named(api: httpx2.AsyncClient) -> None:
    for query, code, status in WRONG_FILTERS:
        answer = await api.get("/api/v1/schools", params=query)
        assert (answer.status_code, answer.json()["code"]) == (status, code), query
        if code == "INVALID_PARAMETER":
            assert answer.json()["errors"][0]["parameter"] == next(iter(query))


async def test_csv_has_the_promised_columns_and_defuses_formulas(
    api: httpx2.AsyncClient, database: Database, account: KeyedAccount, place: dict[str, Any]
) -> None:
    owner = account.account
    async with database.tenant(owner.organization_id) as connection:
        school = await add_school(connection, owner, '=HYPERLINK("http://evil.test")', low_income_pct=7)
        await add_person(
            connection,
            owner,
            "@SUM(1) \u202fZoë, Jr.",
            [school],
            phone="+1 555 0100",
            extension="12",
            suffix="Jr.",
            credentials=["=M.Ed.", "NBCT"],
            grades=["K", "1"],
        )
    schools = await api.get("/api/v1/schools.csv")
    assert schools.headers["content-type"] == "text/csv; charset=utf-8"
    assert schools.headers["content-disposition"] == 'attachment; filename="schools.csv"'
    table = list(csv.DictReader(StringIO(schools.text)))
    assert tuple(table[0]) == schools_layout().headers
    assert [row["name"] for row in table if "HYPERLINK" in row["name"]] == ['\'=HYPERLINK("http://evil.test")']
    oak = next(row for row in table if row["name"] == "Oak Elementary")
    assert oak["county_fips"] == "48201"
    assert (oak["low_income_pct"], oak["enrollment"], oak["website_score"]) == ("61.5", "412", "0.95")
    people = await api.get("/api/v1/staff.csv")
    rows = list(csv.DictReader(StringIO(people.text)))
    assert tuple(rows[0]) == people_layout(Preset.PLAIN, nested=False).headers
    assert [row["name"] for row in rows] == [
        "'@SUM(1) \u202fZoë, Jr.",
        "Ann Abbott",
        "Bo O'Brien-Díaz",
        "Cy Cole",
        "Bo O'Brien-Díaz",
    ]
    assert rows[0]["phone"] == "'+1 555 0100"
    assert [rows[0][name] for name in ("suffix", "credentials", "subjects", "grades", "extension")] == [
        "Jr.",
        "'=M.Ed.; NBCT",
        "",
        "K; 1",
        "12",
    ]
    ann = rows[1]
    assert (ann["school"], ann["website"], ann["email"]) == ("Oak Elementary", "https://oak.test/", "abbott@oak.test")
    assert ann["source_url"] == f"https://school{place['oak']}.test/staff"


async def leads(connection: AsyncConnection, wanted: LeadFilter) -> list[LeadRow]:
    """All leads, batch by batch; their number is what was counted before."""
    found, after = await lead_batch(connection, wanted)
    while after is not None:
        rows, after = await lead_batch(connection, wanted, after=after)
        found += rows
    assert len(found) == await count_leads(connection, wanted)
    return found


async def test_leads_are_the_same_in_batches_of_any_size(
    database: Database, account: KeyedAccount, place: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with database.tenant(account.account.organization_id) as connection:
        whole = await leads(connection, LeadFilter(StaffFilter()))
        assert len(whole) == 4
        for schools, rows in ((1, 100), (2, 1), (100, 3)):
            monkeypatch.setattr("storage.leads.LEAD_SCHOOLS", schools)
            monkeypatch.setattr("storage.leads.LEAD_ROWS", rows)
            assert await leads(connection, LeadFilter(StaffFilter())) == whole
        texan = StaffFilter(has_email=True, schools=SchoolFilter(document_id=UUID(str(place["document"]))))
        assert [row.name for row in await leads(connection, LeadFilter(texan))] == ["Ann Abbott"]


async def test_a_csv_download_of_many_schools_comes_in_batches(
    api: httpx2.AsyncClient, database: Database, account: KeyedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("control_api.schools.service.SCHOOLS_A_BATCH", 2)
    monkeypatch.setattr("storage.leads.LEAD_SCHOOLS", 2)
    owner = account.account
    async with database.tenant(owner.organization_id) as connection:
        for number in range(6):
            school = await add_school(connection, owner, f"School {number}")
            await add_person(connection, owner, f"Sam Smith{number}", [school])
    schools = list(csv.DictReader(StringIO((await api.get("/api/v1/schools.csv")).text)))
    assert [row["name"] for row in schools] == [f"School {number}" for number in range(6)]
    people = list(csv.DictReader(StringIO((await api.get("/api/v1/staff.csv")).text)))
    assert [row["last_name"] for row in people] == [f"Smith{number}" for number in range(6)]


async def test_forgetting_the_tenant_shows_nothing(database: Database, place: dict[str, Any]) -> None:
    async with database.engine.begin() as connection:
        assert (await find_schools(connection, SchoolFilter(), most=10)).rows == []
        assert await leads(connection, LeadFilter(StaffFilter())) == []
        role = await connection.exec_driver_sql(
            "SELECT current_user, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
        )
        assert tuple(role.one()) == ("title1_app", False, False)
        owners = await connection.exec_driver_sql("SELECT tableowner FROM pg_tables WHERE schemaname = 'public'")
        assert "title1_app" not in owners.scalars().all()
