"""A crawl parted into shards: every school in exactly one, hosts whole, families of jobs moving together."""

from __future__ import annotations

from collections import Counter, defaultdict
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.accounts import Account
from storage.database import Database
from storage.jobs import JobKind, JobState, NewJob, cancel_job, create_job, get_job, pause_job, resume_job, whole_of
from storage.shards import PlacedSchool, move_targets, parts_of, pending_parts
from storage.targets import SchoolSelection, end_target, pending_schools, plan_discovery, target_counts, target_outcomes
from tests.storage.conftest import MakeJob
from tests.storage.test_records import add_schools, listed

PLACES = st.tuples(st.sampled_from(["", "a.org", "b.org", "c.org", "vendor.net"]), st.sampled_from("xyz"))


@given(st.lists(PLACES, max_size=60), st.integers(1, 20))
def test_every_school_is_in_one_part_and_every_host_too(places: list[tuple[str, str]], most: int) -> None:
    schools = [PlacedSchool(host, "TX", district, number) for number, (host, district) in enumerate(places)]
    parts = parts_of(schools, most)
    assert Counter(number for part in parts for number in part) == Counter(range(len(schools)))
    assert all(parts)
    if len(schools) <= most:
        assert len(parts) <= 1
        return
    together: dict[tuple[str, ...], set[int]] = defaultdict(set)
    for school in schools:
        together[(school.host,) if school.host else ("", school.district)].add(school.school_id)
    for group in together.values():
        assert sum(1 for part in parts if group & set(part)) == 1
    assert all(len(part) <= most or any(set(part) <= group for group in together.values()) for part in parts)


def test_parts_are_even_and_keep_districts_together() -> None:
    schools = [
        PlacedSchool(f"{district}{n}.org", "TX", district, 10 * d + n)
        for d, district in enumerate("abcdef")
        for n in range(10)
    ]
    parts = parts_of(schools, 25)
    assert [len(part) for part in parts] == [20, 20, 20]
    assert parts[0] == list(range(20))


async def test_schools_move_to_shards_and_their_counts_stay_those_of_the_crawl(
    database: Database, tenant: Account, make_job: MakeJob
) -> None:
    job = await make_job(kind=JobKind.DISCOVER_WEBSITES)
    async with database.tenant(tenant.organization_id) as connection:
        document_id, _ = await add_schools(
            connection, tenant, job, *(listed(row, name=f"School {row}", state="TX") for row in range(1, 8))
        )
        selection = SchoolSelection(document_id=document_id)
        await plan_discovery(
            connection, organization_id=tenant.organization_id, job_id=job, selection=selection, again=False
        )
        parts = await pending_parts(connection, job, 3)
        assert sorted(map(len, parts)) == [1, 3, 3]
        assert await pending_parts(connection, job, 7) == [sorted(school for part in parts for school in part)]
        shards = await make_shards(connection, tenant, job, len(parts))
        for shard, part in zip(shards, parts, strict=True):
            await move_targets(connection, job, shard, part)
        assert await pending_schools(connection, job) == []
        assert [row.id for row in await pending_schools(connection, shards[0])] == sorted(parts[0])
        await end_target(connection, shards[0], parts[0][0], state="done", outcome="accepted", reason="phone")
        assert await target_counts(connection, job) == {"pending": 6, "done": 1}
        assert await target_counts(connection, shards[0]) == {"pending": len(parts[0]) - 1, "done": 1}
        assert (await target_outcomes(connection, job))["outcomes"] == {"pending": 6, "accepted": 1}
        # A model's budget is that of the whole crawl, whichever shard asks.
        everybody = {job, *shards}
        assert {*await connection.scalars(whole_of(shards[1]))} == everybody
        assert {*await connection.scalars(whole_of(job))} == everybody


async def test_three_levels_of_jobs_move_together(database: Database, tenant: Account, make_job: MakeJob) -> None:
    pipeline = await make_job(kind=JobKind.PIPELINE)
    async with database.tenant(tenant.organization_id) as connection:
        crawl, _ = await create_job(
            connection,
            NewJob(tenant.organization_id, tenant.user_id, JobKind.HARVEST_STAFF, {}, parent_id=pipeline, step=3),
        )
        shards = await make_shards(connection, tenant, crawl, 2, kind=JobKind.HARVEST_STAFF)
        # A step of a pipeline is no shard of it.
        assert {*await connection.scalars(whole_of(crawl))} == {crawl, *shards}

        async def states() -> list[str]:
            return [(await get_job(connection, job)).state for job in (pipeline, crawl, *shards)]

        await pause_job(connection, pipeline, by="ada")
        assert await states() == [JobState.PAUSED] * 4
        await resume_job(connection, pipeline, by="ada")
        assert await states() == [JobState.WAITING, JobState.WAITING, JobState.QUEUED, JobState.QUEUED]
        await cancel_job(connection, pipeline, by="ada")
        assert await states() == [JobState.CANCELLED] * 4


async def make_shards(
    connection: AsyncConnection, tenant: Account, parent: UUID, count: int, *, kind: JobKind = JobKind.DISCOVER_WEBSITES
) -> list[UUID]:
    return [
        (
            await create_job(
                connection,
                NewJob(tenant.organization_id, tenant.user_id, kind, {}, parent_id=parent, step=number),
            )
        )[0]
        for number in range(1, count + 1)
    ]
