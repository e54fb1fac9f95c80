"""A second harvest of the same sites: each page is asked for only if it has changed, and nothing else differs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from aiohttp import web
from sqlalchemy import func, select

from control_api.work.launcher import Launcher
from storage.conninfo import conninfo
from storage.database import Database
from storage.jobs import JobKind, JobState
from storage.kept_pages import pack_body
from storage.models import KeptPage, PageBody, PageVisit, StaffMember, StaffPost
from storage.settings import StorageSettings
from tests.conftest import KeyedAccount
from tests.control_api.harvests import open_web, working
from tests.control_api.rows import add_school, add_website
from tests.crawler.conftest import Web, home_page, staff_table
from tests.crawler.shells import shell

TAG, WEAK, DATE = '"5f-gzip"', 'W/"5f"', "Tue, 03 Mar 2026 07:08:09 GMT"
HOSTS = ("both", "dated", "moved", "lost", "odd", "shut", "blank")


def person(name: str, host: str) -> tuple[str, str, str]:
    first, last = name.split()
    return name, "Teacher", f"{first[0]}{last}@{host}.test".lower()


@dataclass(slots=True)
class Sites:
    """Hosts whose pages print validators and keep to them."""

    served: Web
    asked: list[tuple[str, str, str | None, str | None]] = field(
        default_factory=list[tuple[str, str, str | None, str | None]]
    )
    """Host, path, If-None-Match and If-Modified-Since of each request for a page."""

    def site(self, host: str, staff: str, printed: Mapping[str, str]) -> None:
        """A school's home page and staff list."""
        self.page(host, "/", home_page(f"{host.title()} Elementary", {"Staff Directory": "/staff"}), printed)
        self.page(host, "/staff", staff, printed)

    def page(self, host: str, path: str, body: str, printed: Mapping[str, str], status: int = 200) -> None:
        def answer(request: web.Request) -> web.Response:
            tag, date = self.note(request)
            same = tag == printed.get("ETag") if tag else date is not None and date == printed.get("Last-Modified")
            if same and status == 200:
                return web.Response(status=304, headers={"ETag": TAG.replace("-gzip", "")})
            return web.Response(status=status, text=body, content_type="text/html", headers=printed)

        self.served.services[f"{host}.test", path] = answer

    def note(self, request: web.Request) -> tuple[str | None, str | None]:
        tag, date = request.headers.get("If-None-Match"), request.headers.get("If-Modified-Since")
        self.asked.append((request.host.partition(".")[0], request.path, tag, date))
        return tag, date

    def conditions(self, host: str) -> list[tuple[str, str | None, str | None]]:
        """What was asked of a host: path, tag and date."""
        return [(path, tag, date) for name, path, tag, date in self.asked if name == host]


@pytest.fixture
def sites(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Sites]:
    # A shell stays one: the browser is not what is looked at here.
    monkeypatch.setenv("TITLE1_BROWSER_PAGES_PER_SCHOOL", "0")
    with open_web(monkeypatch, tmp_path, *(f"{host}.test" for host in HOSTS)) as served:
        yield Sites(served)


@pytest.fixture
async def schools(database: Database, account: KeyedAccount, sites: Sites) -> dict[str, int]:
    """A school for each host, by it."""
    who, found = account.account, dict[str, int]()
    async with database.tenant(who.organization_id) as connection:
        for host in HOSTS:
            found[host] = await add_school(connection, who, f"{host.title()} Elementary", state="NJ")
            await add_website(connection, who, found[host], sites.served.url(f"{host}.test"))
    return found


def publish(sites: Sites, database_url: str) -> None:
    """Every host's pages, as they are at the first harvest."""

    lost = staff_table(person("Lottie Marsh", "lost"))

    def lose_and_swear(request: web.Request) -> web.Response:
        """Says that a page has not changed when its copy has just been removed."""
        tag, _ = sites.note(request)
        if tag is None:
            return web.Response(text=lost, content_type="text/html", headers={"ETag": TAG})
        with psycopg.connect(conninfo(database_url)) as owner:
            gone = owner.execute("DELETE FROM page_body WHERE sha256 = %s", [pack_body(lost.encode()).sha256])
            assert gone.rowcount == 1
        return web.Response(status=304)

    sites.site("both", staff_table(person("Bianca Thorne", "both")), {"ETag": TAG, "Last-Modified": DATE})
    sites.site("dated", staff_table(person("Desmond Alder", "dated")), {"Last-Modified": DATE})
    sites.page("moved", "/", "", {"Location": "/new", "ETag": '"r"'}, 301)
    sites.page("moved", "/new", home_page("Moved", {"Staff Directory": "/staff"}), {"ETag": WEAK})
    staff = staff_table(person("Morwenna Pike", "moved"))
    sites.page("moved", "/staff", staff, {"Cache-Control": "private, No-Store", "ETag": TAG})
    sites.site("lost", "", {"ETag": TAG})
    sites.served.services["lost.test", "/staff"] = lose_and_swear
    sites.site("odd", staff_table(person("Osgood Penhale", "odd")), {"ETag": "*"})
    sites.site("shut", staff_table(person("Sheila Ashdown", "shut")), {})
    sites.page("blank", "/", shell(), {"ETag": TAG})


async def test_only_what_has_changed_is_sent_again_and_all_else_is_as_if_it_were(
    sites: Sites,
    schools: dict[str, int],
    database: Database,
    database_url: str,
    storage_settings: StorageSettings,
    account: KeyedAccount,
    launcher: Launcher,
) -> None:
    async def rows(query: Any) -> list[Any]:
        async with database.tenant(account.account.organization_id) as connection:
            return list((await connection.execute(query)).all())

    publish(sites, database_url)
    async with working(database, storage_settings, account.account, launcher) as work:
        first, told = await work(JobKind.HARVEST_STAFF, again=True)
        assert told.state is JobState.SUCCEEDED
        assert told.result["outcomes"] == {"staff": 6, "needs_browser": 1}
        assert told.result["traffic"]["pages_unchanged"] == 0
        hits = Counter(hit.host for hit in sites.served.hits)
        assert {host["host"].partition(":")[0]: host["requests"] for host in told.result["hosts"]["busiest"]} == hits
        assert told.result["hosts"]["requests"] == hits.total() == told.result["traffic"]["requests"]
        assert all(host["seconds"] > 0 < host["bytes"] for host in told.result["hosts"]["busiest"])
        assert {(tag, date) for _, _, tag, date in sites.asked} == {(None, None)}
        people, ((seen,),) = await rows(select(StaffMember.name)), await rows(select(func.max(StaffPost.last_seen)))
        bodies, kept = await rows(select(PageBody.sha256)), await rows(pages_of(first))

        sites.asked.clear()
        later = DATE.replace("03 Mar", "04 Mar")
        sites.page("dated", "/staff", staff_table(person("Delphine Roe", "dated")), {"Last-Modified": later})
        # It has never said what its pages are called, and now says that they have not changed.
        sites.page("shut", "/staff", "", {}, 304)
        second, told = await work(JobKind.HARVEST_STAFF, again=True)

    check_what_was_asked(sites)
    assert told.state is JobState.SUCCEEDED
    assert told.result["outcomes"] == {"staff": 5, "no_staff": 1, "needs_browser": 1}
    # Both pages of `both`, the home pages of `dated`, `moved`, `lost` and `blank`.
    assert told.result["traffic"]["pages_unchanged"] == 6
    assert told.result["traffic"]["bytes_spared"] > 6 * 100
    assert set(await rows(select(StaffMember.name))) == {*people, ("Delphine Roe",)}
    not_seen = select(StaffMember.name).join(StaffPost).where(StaffPost.last_seen <= seen)
    assert {name for (name,) in await rows(not_seen)} == {"Desmond Alder", "Sheila Ashdown"}

    before, after = (
        {(row.school_id, row.asked): row for row in pages} for pages in (kept, await rows(pages_of(second)))
    )
    assert {school for school, _ in before.keys() - after.keys()} == {schools["shut"]}
    assert all(row.fetched_at > seen for row in after.values())
    changed = {school for (school, asked), row in after.items() if named(row) != named(before[school, asked])}
    assert changed == {schools["dated"]}
    # The changed page's is new, and the lost one is there again.
    assert len(await rows(select(PageBody.sha256))) == len(bodies) + 1
    staff = sites.served.url("shut.test", "/staff")
    visit = select(PageVisit.http_status, PageVisit.outcome).where(PageVisit.job_id == second, PageVisit.url == staff)
    assert await rows(visit) == [(304, "http_error")]


def check_what_was_asked(sites: Sites) -> None:
    """Each address is asked with what it printed itself, word for word; at most once without, after it with."""
    assert sites.conditions("both") == [("/", TAG, DATE), ("/staff", TAG, DATE)]
    assert sites.conditions("dated") == [("/", None, DATE), ("/staff", None, DATE)]
    assert sites.conditions("moved") == [("/", None, None), ("/new", WEAK, None), ("/staff", None, None)]
    assert sites.conditions("lost") == [("/", TAG, None), ("/staff", TAG, None), ("/staff", None, None)]
    assert sites.conditions("odd") == [("/", None, None), ("/staff", None, None)]
    assert sites.conditions("shut")[:2] == [("/", None, None), ("/staff", None, None)]
    assert sites.conditions("blank")[0] == ("/", TAG, None)


def named(page: Any) -> tuple[str, str | None, str | None]:
    return page.sha256, page.etag, page.last_modified


def pages_of(job_id: UUID) -> Any:
    return select(KeptPage.__table__).where(KeptPage.job_id == job_id).order_by(KeptPage.school_id, KeptPage.asked)
