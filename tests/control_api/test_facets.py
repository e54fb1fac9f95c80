"""Facets: each counted without its own filter, one by one up to a limit, estimated beyond it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import insert, text

from storage import facets
from storage.database import Database
from storage.filters import StaffFilter, Trust
from storage.models import StaffMember
from tests.conftest import KeyedAccount
from tests.control_api.rows import add_person, add_school, add_website


@pytest.fixture
async def place(database: Database, account: KeyedAccount, outsider: KeyedAccount) -> dict[str, int]:
    """Three schools and five people, and another organization's."""
    owner, ids = account.account, {}
    async with database.tenant(owner.organization_id) as connection:
        texas = {"state": "TX", "title1_status": "schoolwide"}
        ids["oak"] = await add_school(connection, owner, "Oak Elementary", grade_span="PK-02", **texas)
        ids["pine"] = await add_school(connection, owner, "Pine Middle", grade_span="K,06-07", **texas)
        ids["ps12"] = await add_school(connection, owner, "P.S. 12", state="NY")
        await add_website(connection, owner, ids["oak"], "https://oak.test/")
        await add_website(connection, owner, ids["oak"], "https://old.test/", state="review", score=0.6)
        await add_website(connection, owner, ids["pine"], "https://pine.test/", state="review", score=0.6)
        await add_website(connection, owner, ids["ps12"], "https://wrong.test/", state="rejected", score=0.1)
        long_ago = datetime.now(UTC) - timedelta(days=50)
        await add_person(connection, owner, "Ann Abbott", [ids["oak"]], email="a@oak.test", role="principal")
        await add_person(connection, owner, "Bo Brown", [ids["oak"], ids["pine"]], confidence=0.96)
        await add_person(connection, owner, "Cy Cole", [ids["ps12"]], email="c@ps.test", last_seen=long_ago)
        await add_person(connection, owner, "Di Drake", [ids["pine"], ids["ps12"]], role="nurse")
        await add_person(connection, owner, "Ed Early", [ids["oak"]], left_at=datetime.now(UTC))
    async with database.tenant(outsider.account.organization_id) as connection:
        theirs = await add_school(connection, outsider.account, "Oak Academy", state="TX")
        await add_person(connection, outsider.account, "Ann Other", [theirs], role="principal")
    return ids


def counts(answer: httpx2.Response) -> dict[str, dict[str | None, int]]:
    assert answer.status_code == 200, answer.text
    return {
        facet["name"]: {value["value"]: value["count"] for value in facet["values"]}
        for facet in answer.json()["facets"]
    }


async def test_people_are_counted_by_each_facet_without_its_own_filter(
    api: httpx2.AsyncClient, place: dict[str, int]
) -> None:
    everybody = await api.get("/api/v1/people/facets")
    assert (everybody.json()["total"], everybody.json()["exact"], everybody.json()["alike"]) == (4, True, False)
    found = counts(everybody)
    assert found["role"] == {"teacher": 2, "principal": 1, "nurse": 1}
    assert found["state"] == {"TX": 3, "NY": 2}, "who works in two states counts in both"
    assert found["title1_status"] == {"schoolwide": 3, None: 2}
    assert found["email_state"] == {"published": 2, "none": 2}
    assert found["confidence"] == {"0.95-1": 1, "0.7-0.85": 3}
    assert found["freshness"] == {"7 days": 3, "90 days": 1}

    answer = await api.get("/api/v1/people/facets", params={"state": "TX", "role": "teacher"})
    found = counts(answer)
    assert answer.json()["total"] == 1
    assert found["role"] == {"teacher": 1, "principal": 1, "nurse": 1}, "in Texas"
    assert found["state"] == {"TX": 1, "NY": 1}, "of teachers"
    assert found["email_state"] == {"none": 1}
    assert [value["value"] for value in answer.json()["facets"][4]["values"]] == ["0.95-1"]

    found = counts(
        await api.get("/api/v1/people/facets", params={"min_confidence": "0.9", "seen_since": "2020-01-01T00:00:00Z"})
    )
    assert (sum(found["confidence"].values()), sum(found["role"].values())) == (4, 1)


async def test_facets_count_what_the_list_shows(api: httpx2.AsyncClient, place: dict[str, int]) -> None:
    for query in (
        {"q": "abb"},
        {"q": "Abott"},
        {"left": "true"},
        {"has_email": "true", "state": "NY"},
        {"near": "78701"},
        {"school_id": str(place["pine"])},
    ):
        listed = (await api.get("/api/v1/people", params=query)).json()
        counted = (await api.get("/api/v1/people/facets", params=query)).json()
        assert (counted["total"], counted["alike"]) == (len(listed["items"]), listed["alike"]), query
    for query in ({"q": "oak"}, {"q": "Pien"}, {"has_website": "false"}, {"state": "TX"}):
        listed = (await api.get("/api/v1/schools", params=query)).json()
        counted = (await api.get("/api/v1/schools/facets", params=query)).json()
        assert (counted["total"], counted["alike"]) == (len(listed["items"]), listed["alike"]), query


async def test_schools_are_counted_by_state_status_website_and_grade(
    api: httpx2.AsyncClient, place: dict[str, int]
) -> None:
    answer = await api.get("/api/v1/schools/facets", params={"has_website": "true"})
    found = counts(answer)
    assert answer.json()["total"] == 1
    assert found["website_state"] == {"accepted": 1, "review": 1, None: 1}
    assert (found["state"], found["title1_status"]) == ({"TX": 1}, {"schoolwide": 1})
    grades = (await api.get("/api/v1/schools/facets")).json()["facets"][3]
    assert [(value["value"], value["count"]) for value in grades["values"]] == [
        *(("PK", 1), ("K", 2), ("1", 1), ("2", 1), ("6", 1), ("7", 1), (None, 1))
    ]


async def test_a_filter_that_is_none_is_refused_by_name(api: httpx2.AsyncClient) -> None:
    for path, name, value in (
        ("people", "state", "Atlantis"),
        ("people", "min_confidence", "2"),
        ("people", "seen_since", "x"),
    ):
        answer = await api.get(f"/api/v1/{path}/facets", params={name: value})
        assert answer.status_code in {400, 422}, answer.text
        assert name in answer.text, answer.text


async def test_many_are_estimated_and_it_says_so(
    database: Database, account: KeyedAccount, outsider: KeyedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    for owner, many in ((account.account, 4_000), (outsider.account, 500)):
        async with database.tenant(owner.organization_id) as connection:
            rows: list[dict[str, Any]] = [
                {
                    "organization_id": owner.organization_id,
                    "identity": f"p{number}",
                    "name": f"P {number}",
                    "last_name": f"{number}",
                    "role": "teacher",
                    "email_state": "published" if number % 4 else "none",
                    "confidence": 0.99 if number < 10 else 0.9,
                }
                for number in range(many)
            ]
            await connection.execute(insert(StaffMember), rows)
    for name, value in (("MOST_PEOPLE", 1_000), ("SAMPLE_PAGES", 8), ("TELLING", 50), ("SAMPLE_STRIDE", 2)):
        monkeypatch.setattr(facets, name, value)
    async with database.tenant(account.account.organization_id) as connection:
        found = await facets.people_facets(connection, StaffFilter(trust=Trust(least=0.95)))
        assert (found.total, found.exact) == (10, True), "few of many are counted"
        by_name = {facet.name: facet for facet in found.facets}
        estimated = by_name["confidence"]
        assert not estimated.exact
        assert 1_500 < sum(estimated.counts.values()) < 8_000, "its own filter is left out: all 4,000"
        assert by_name["email_state"].exact
        again = await facets.people_facets(connection, StaffFilter(trust=Trust(least=0.95)))
        assert again == found, "the same question has the same answer"
        everybody = await facets.people_facets(connection, StaffFilter())
        assert not everybody.exact
        assert everybody.total == round(everybody.total, -2), "two digits are as many as an estimate has"


async def test_what_takes_too_long_is_broken_off_and_the_transaction_goes_on(
    database: Database, account: KeyedAccount
) -> None:
    async with database.tenant(account.account.organization_id) as connection:
        with pytest.raises(facets.CountingTooLongError, match="more filters"):
            async with facets.within(connection, 0.05):
                await connection.execute(text("SELECT pg_sleep(20)"))
        assert (await connection.execute(text("SHOW statement_timeout"))).scalar_one() == "0"
        assert (await facets.people_facets(connection, StaffFilter())).total == 0
