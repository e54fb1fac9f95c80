"""The hosts of the simulated web: for each its pages, its robots file and its manners."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from tests.school_web.layouts import layout
from tests.school_web.markup import Page, document, paragraphs
from tests.school_web.moved_pages import old_pages
from tests.school_web.other_pages import (
    aggregator_pages,
    district_pages,
    look_alike_pages,
    newspaper_pages,
    parked_page,
)
from tests.school_web.school_pages import missing_school_page, school_pages, sheet_pages, staff_address
from tests.school_web.world import DOCS_HOST, HostRule, School, World

_FORBIDDEN = ("/admin/", "/admin/staff", "/admin/calendar", "/search")


@dataclass(slots=True)
class Host:
    """One host name. `robots` is None where the host has no such file."""

    name: str
    rule: HostRule
    robots: str | None
    pages: dict[str, Page] = field(default_factory=dict[str, Page])
    """By path, with its query where it has one, in plain letters."""
    challenged: str | None = None
    """Beginning of the paths to which it answers with a challenge."""
    missing: str | None = None
    """The page, in its theme and with status 200, that it has for every other address."""

    def page(self, path: str, query: str) -> Page | None:
        """The page of an address; a query that no page has is ignored, as most systems do."""
        path = unquote(path)
        return self.pages.get(f"{path}?{query}") or self.pages.get(path)

    def add(self, pages: list[Page]) -> None:
        """Put pages on the host; two pages of one address would hide one another."""
        for page in pages:
            address = unquote(page.path)
            if address in self.pages:
                message = f"two pages at {self.name}{address}"
                raise ValueError(message)
            self.pages[address] = page


def build_hosts(world: World, port: int) -> dict[str, Host]:
    """Every host but the search engine's, with its pages written for a port."""
    found: dict[str, list[Page]] = {}
    robots: dict[str, list[str]] = {}
    for district in world.districts:
        found.setdefault(district.host, []).extend(district_pages(world, district, port))
    for school in world.schools:
        found.setdefault(school.host, []).extend(school_pages(world, school, port))
        lines = robots.setdefault(school.host, [])
        lines += [line for line in layout(school.layout).robots if line not in lines]
        if kept := sheet_pages(world, school, port):
            found.setdefault(DOCS_HOST, []).extend(kept)
    for old in world.moved:
        found[old.host] = old_pages(world, old, port)
    for twin in world.look_alikes:
        found[twin.host] = look_alike_pages(twin)
    for host in world.aggregators:
        found[host] = aggregator_pages(world, host)
    found[world.news_host] = newspaper_pages(world)
    found[world.parked_host] = [parked_page(world.parked_host)]
    found[world.dead_host] = []
    for host, rule in world.rules.items():
        if rule.redirect_to:
            found[host] = []
    hosts = {
        name: _host(name, pages, world.rules.get(name, HostRule()), robots.get(name, []))
        for name, pages in found.items()
    }
    for school in world.schools:
        _give_manners(world, school, hosts[school.host], port)
    return hosts


def robots_text(lines: list[str], crawl_delay: float | None) -> str:
    """A robots file: one shut-out robot, and rules for all others."""
    common = ["User-agent: *", *lines, "Disallow: /admin/", "Disallow: /search"]
    if crawl_delay:
        common.append(f"Crawl-delay: {crawl_delay:g}")
    return "\n".join(["User-agent: HarvestEverythingBot", "Disallow: /", "", *common, ""])


def _host(name: str, pages: list[Page], rule: HostRule, lines: list[str]) -> Host:
    robots = robots_text(lines, rule.crawl_delay) if rule.robots_status == 200 else None
    host = Host(name, rule, robots)
    host.add(pages)
    if pages:
        host.add([_forbidden_page(path) for path in _FORBIDDEN])
        if "Disallow: /fs/" in lines:
            host.add([_forbidden_page("/fs/elements/")])
        if "Disallow: /cdn-cgi/" in lines:
            host.add([_forbidden_page("/cdn-cgi/l/email-protection")])
    return host


def _give_manners(world: World, school: School, host: Host, port: int) -> None:
    """A challenge, or a page for every address, in the theme of the school that has the host for itself."""
    if host.rule.challenge:
        everything = host.rule.challenge == "all"
        host.challenged = "/" if everything else urlsplit(staff_address(world, school, port)).path
    if host.rule.soft_missing:
        host.missing = missing_school_page(world, school, port)


def _forbidden_page(path: str) -> Page:
    """A page that a robot must not ask for; the people on it are bait."""
    body = paragraphs("Results", "Trapp Doorley, Robot Test Teacher, trapp.doorley@mailbox.test")
    return Page(path, document("Internal", body))
