"""Hosts are asked by one crawl at a time: who gets them, when they change hands, and what the next one is told."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import ProgrammingError

from storage.accounts import Account
from storage.database import Database
from storage.hosts import TakenHost, ToldHost, forget_hosts, keep_hosts, leave_hosts, take_hosts
from storage.leases import Lease
from storage.models import HostLease

MINUTE = 60.0


def crawl(attempt: int = 1, job_id: UUID | None = None) -> Lease:
    return Lease(job_id or uuid4(), attempt, uuid4(), uuid4(), None, "harvest_staff", {}, {})


async def take(database: Database, lease: Lease, *hosts: str, wish: float = MINUTE) -> dict[str, TakenHost]:
    async with database.system() as connection:
        taken = await take_hosts(connection, lease, hosts, lease_seconds=MINUTE, wish_seconds=wish)
    return {one.host: one for one in taken}


async def tell(database: Database, lease: Lease, *told: ToldHost) -> dict[str, bool]:
    async with database.system() as connection:
        return await keep_hosts(connection, lease, told, lease_seconds=MINUTE)


async def let_lapse(database: Database, *hosts: str) -> None:
    async with database.system() as connection:
        ended = func.clock_timestamp() - timedelta(seconds=1)
        await connection.execute(update(HostLease).where(HostLease.host.in_(hosts)).values(until=ended))


async def test_of_many_crawls_that_want_a_host_at_once_one_gets_it(database: Database) -> None:
    hosts = [f"host{number}.test" for number in range(20)]
    crawls = [crawl() for _ in range(6)]
    orders = [hosts, hosts[::-1]] * 3
    taken = await asyncio.gather(*(take(database, one, *order) for one, order in zip(crawls, orders, strict=True)))
    assert sorted(host for one in taken for host in one) == sorted(hosts)


async def test_who_waits_is_next_and_the_holder_hears_of_it(database: Database) -> None:
    first, second, third = crawl(), crawl(), crawl()
    assert await take(database, first, "pine.test")
    assert await tell(database, first, ToldHost("pine.test", True, 1.0)) == {"pine.test": False}
    assert await take(database, second, "pine.test", "oak.test") == {"oak.test": TakenHost("oak.test", False)}
    assert await tell(database, first, ToldHost("pine.test", True, 1.0)) == {"pine.test": True}
    assert await take(database, third, "pine.test") == {}
    await tell(database, first, ToldHost("pine.test", False, 1.0))
    assert await take(database, first, "pine.test") == {}, "the holder of the turn before comes after who waited"
    assert await take(database, third, "pine.test") == {}
    assert await take(database, second, "pine.test")


async def test_a_wish_that_is_not_repeated_lapses(database: Database) -> None:
    first, second = crawl(), crawl()
    await take(database, first, "pine.test")
    await take(database, second, "pine.test", wish=0.0)
    await tell(database, first, ToldHost("pine.test", False, 0.0))
    assert await take(database, first, "pine.test")


async def test_what_was_learnt_goes_with_the_host(database: Database) -> None:
    first, second = crawl(), crawl()
    await take(database, first, "pine.test", "oak.test")
    await tell(
        database,
        first,
        ToldHost("pine.test", False, 40.0, 7.5),
        ToldHost("oak.test", False, 0.0, None, 500.0, "it answered 503"),
    )
    taken = await take(database, second, "pine.test", "oak.test")
    pine, oak = taken["pine.test"], taken["oak.test"]
    assert (pine.abandoned, pine.crawl_delay, pine.parked_reason) == (False, 7.5, "")
    assert 0 < pine.pause <= 40
    assert 0 < oak.parked <= 500
    assert (oak.parked_reason, oak.crawl_delay) == ("it answered 503", 0.0)


async def test_a_holder_that_was_killed_loses_it_when_its_lease_ends(database: Database) -> None:
    dead, living = crawl(), crawl()
    await take(database, dead, "pine.test")
    assert await take(database, living, "pine.test") == {}
    await let_lapse(database, "pine.test")
    assert (await take(database, living, "pine.test"))["pine.test"].abandoned
    assert await tell(database, dead, ToldHost("pine.test", True, 0.0)) == {}, "a frozen one that wakes up hears it"
    assert await tell(database, living, ToldHost("pine.test", True, 0.0)) == {"pine.test": False}


async def test_the_pause_of_a_host_whose_holder_was_killed_begins_anew_each_time(database: Database) -> None:
    killed = crawl()
    await take(database, killed, "pine.test")
    await tell(database, killed, ToldHost("pine.test", True, 40.0))
    async with database.system() as connection:
        # It was told long ago, and its holder went on asking since.
        earlier = timedelta(minutes=3)
        await connection.execute(
            update(HostLease).values(
                not_before=HostLease.not_before - earlier, touched_at=HostLease.touched_at - earlier
            )
        )
    for attempt in (2, 3):
        taken = (await take(database, crawl(attempt, killed.job_id), "pine.test"))["pine.test"]
        assert taken.abandoned
        assert taken.pause == pytest.approx(40.0, abs=0.1)
    await tell(database, crawl(3, killed.job_id), ToldHost("pine.test", False, 40.0))
    given_back = (await take(database, crawl(), "pine.test"))["pine.test"]
    assert not given_back.abandoned
    assert given_back.pause < 40.0


async def test_what_only_killed_attempts_of_a_crawl_held_is_free_at_its_end_but_for_the_pause(
    database: Database,
) -> None:
    ended, other, next_one = crawl(), crawl(), crawl()
    await take(database, ended, "pine.test")
    await tell(database, ended, ToldHost("pine.test", True, 40.0))
    await take(database, other, "oak.test")
    async with database.system() as connection:
        await leave_hosts(connection, ended.job_id)
    taken = await take(database, next_one, "pine.test", "oak.test")
    assert set(taken) == {"pine.test"}
    assert taken["pine.test"].abandoned
    assert taken["pine.test"].pause == pytest.approx(40.0, abs=0.1)


async def test_the_next_attempt_of_a_job_takes_over_at_once_and_the_one_before_never(database: Database) -> None:
    old = crawl()
    new = crawl(2, old.job_id)
    await take(database, old, "pine.test")
    assert (await take(database, new, "pine.test"))["pine.test"].abandoned
    assert await take(database, old, "pine.test") == {}


async def test_hosts_are_forgotten_once_nothing_stands_against_them(database: Database) -> None:
    lease = crawl()
    await take(database, lease, "pine.test", "oak.test", "elm.test")
    await tell(database, lease, ToldHost("oak.test", False, 0.0, None, 500_000.0, "it asked for a pause"))
    async with database.system() as connection:
        long_ago = func.now() - timedelta(days=3)
        aged = update(HostLease).where(HostLease.host != "elm.test").values(touched_at=long_ago)
        await connection.execute(aged)
        await forget_hosts(connection)
        left = await connection.scalars(select(HostLease.host))
        assert set(left) == {"oak.test", "elm.test"}


async def test_no_tenant_learns_whom_others_crawl(database: Database, tenant: Account) -> None:
    await take(database, crawl(), "pine.test")
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with database.tenant(tenant.organization_id) as connection:
            await connection.execute(text("SELECT * FROM host_lease"))
