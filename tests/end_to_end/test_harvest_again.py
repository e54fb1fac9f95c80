"""Schools harvested again: their hosts send next to nothing, and what is stored is as if they had sent it all."""

from __future__ import annotations

import asyncio
import urllib.request
import zlib
from dataclasses import dataclass
from urllib.parse import urlsplit

import psutil
import pytest

from control_api.cli.client import Event
from storage.accounts import Account, find_user
from storage.database import Database
from tests.control_api.rows import add_school, add_website
from tests.end_to_end.product import Product
from tests.end_to_end.test_kills import spiders_of
from tests.school_web.audit import Request, read_log
from tests.school_web.files import LOG, TRUTH
from tests.school_web.truth import TrueSchool, read_truth
from tests.school_web.validators import manner

pytestmark = [pytest.mark.timeout(300), pytest.mark.untraced]

PEOPLE = """
    SELECT p.school_id, m.name, m.title, m.email, m.phone, p.first_seen
    FROM staff_post p JOIN staff_member m ON m.id = staff_member_id ORDER BY 1, 2, 3
"""
LISTS = """
    SELECT DISTINCT k.url, m.name, b.packed FROM staff_post p
    JOIN staff_member m ON m.id = p.staff_member_id JOIN kept_page k USING (school_id)
    JOIN page_body b ON b.school_id = k.school_id AND b.sha256 = k.sha256
    WHERE k.url = p.source_url ORDER BY 1, 2
"""
NEWCOMER = "Ottoline Vantreight"


@dataclass(frozen=True, slots=True)
class Change:
    """A page that was saved anew: somebody's name is another's now."""

    host: str
    path: str
    left: str


def add_schools(product: Product) -> int:
    """One school a host, with its website, but for hosts that ask for longer pauses; returns how many."""
    truth = read_truth(product.web.folder / TRUTH)
    by_host: dict[str, TrueSchool] = {}
    for school in truth.schools:
        host = urlsplit(school.website).hostname or ""
        if not truth.hosts[host].crawl_delay:
            by_host[host] = school

    async def add() -> None:
        database = Database(product.database_url)
        try:
            async with database.system() as connection:
                who: Account = await find_user(connection)
            async with database.tenant(who.organization_id) as connection:
                for school in by_host.values():
                    school_id = await add_school(connection, who, school.name, state=school.state)
                    await add_website(connection, who, school_id, school.website)
        finally:
            await database.close()

    asyncio.run(add())
    assert {"both", "etag", "weak", "date"} <= {manner(host) for host in by_host}
    return len(by_host)


def save_anew(product: Product) -> Change:
    """Somebody leaves a school, and the page that lists its staff says so."""
    url, left, page = next(
        (url, name, page)
        for url, name, packed in product.rows(LISTS)
        if (page := zlib.decompress(packed).decode(errors="replace")).count(name) == 1
    )
    parts = urlsplit(url)
    saved = urllib.request.Request(
        f"http://127.0.0.1:{parts.port}{parts.path}",
        data=page.replace(left, NEWCOMER).encode(),
        headers={"Host": parts.netloc},
        method="PUT",
    )
    with urllib.request.urlopen(saved, timeout=30) as answer:
        assert answer.status == 204
    return Change(parts.hostname or "", parts.path, left)


def harvest(product: Product, *, kill_after: int | None = None) -> dict[str, int]:
    """Harvests all schools to the end; kills its spider once when so many have ended. Returns the traffic told."""
    body = {"kind": "harvest_staff", "params": {"again": True}}
    job_id, killed = product.client.post("/api/v1/jobs", body)["id"], False
    event: Event
    for event in product.client.events(job_id):
        if kill_after is not None and not killed and event.kind == "target" and event.payload["done"] >= kill_after:
            spiders = spiders_of(product.folder)
            for spider in spiders:
                spider.kill()
            assert psutil.wait_procs(spiders, timeout=30)[1] == []
            killed = bool(spiders)
    job = product.client.get(f"/api/v1/jobs/{job_id}")
    assert job["state"] == "succeeded", product.story(job_id)
    assert killed is (kill_after is not None), product.story(job_id)
    return job["result"]["traffic"]


def pages_asked(product: Product, since: int = 0) -> list[Request]:
    """Requests for pages, without those for robots.txt."""
    return [asked for asked in read_log(product.web.folder / LOG)[since:] if asked.path != "/robots.txt"]


def test_a_second_harvest_is_sent_what_has_changed_although_its_spider_is_killed(product: Product) -> None:
    schools = add_schools(product)
    assert harvest(product)["pages_unchanged"] == 0
    first, people = pages_asked(product), product.rows(PEOPLE)
    count, ended = len(read_log(product.web.folder / LOG)), product.rows("SELECT max(last_seen) FROM staff_post")[0][0]
    assert len({school for school, *_ in people}) == schools
    bodies = product.rows("SELECT count(*) FROM page_body")[0][0]
    change = save_anew(product)

    traffic = harvest(product, kill_after=1)

    second = pages_asked(product, count)
    sent = [(asked.host, asked.path) for asked in second if asked.status == 200]
    held = {(asked.host, asked.path) for asked in first if asked.status == 200}
    # With any query that it does not know, the page is the page.
    assert {(host, path.partition("?")[0]) for host, path in held.intersection(sent)} == {(change.host, change.path)}
    unchanged = sum(asked.status == 304 for asked in second)
    assert unchanged > 0.9 * (unchanged + len(sent))
    assert traffic["pages_unchanged"] > 0
    assert traffic["bytes_spared"] > traffic["pages_unchanged"]

    after = product.rows(PEOPLE)
    assert set(people) <= set(after), "first seen, title, address or telephone of somebody has changed"
    assert {name for _, name, *_ in set(after) - set(people)} == {NEWCOMER}
    not_seen = "SELECT name FROM staff_post p JOIN staff_member m ON m.id = staff_member_id WHERE p.last_seen <= '{}'"
    assert product.rows(not_seen.format(ended)) == [(change.left,)]
    # No page is kept twice for being read twice, but the one that is another now.
    assert product.rows("SELECT count(*) FROM page_body")[0][0] == bodies + 1
