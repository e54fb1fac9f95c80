"""The wide world keeps its promises: every layout and trap is there, every address answers, the truth stands there."""

from __future__ import annotations

import re
from collections import Counter
from html import unescape
from urllib.parse import urljoin, urlsplit

import pypdfium2
import pytest
from lxml import html
from protego import Protego

from tests.school_web.founding import generate
from tests.school_web.layouts import layout
from tests.school_web.listings import OFFICE
from tests.school_web.markup import Page
from tests.school_web.school_pages import school_site
from tests.school_web.sites import Host, build_hosts
from tests.school_web.truth import TrueSchool, Truth, tell
from tests.school_web.world import ALL_LAYOUTS, DOCS_HOST, School, World
from tests.test_school_web import published

PORT = 8099
AGENT = "Title1/0.1 (+https://example.test/contact)"


@pytest.fixture(scope="module")
def world() -> World:
    return generate(1965, 200, 40, wide=True)


@pytest.fixture(scope="module")
def truth(world: World) -> Truth:
    return tell(world, PORT)


@pytest.fixture(scope="module")
def hosts(world: World) -> dict[str, Host]:
    return build_hosts(world, PORT)


def test_a_seed_determines_the_wide_world_and_all_its_pages(world: World, hosts: dict[str, Host]) -> None:
    again = generate(1965, 200, 40, wide=True)
    assert again == world
    assert {name: host.pages for name, host in build_hosts(again, PORT).items()} == {
        name: host.pages for name, host in hosts.items()
    }
    assert generate(7, 200, 40, wide=True).schools != world.schools


@pytest.mark.parametrize(("schools", "districts"), [(200, 12), (80, 24), (400, 40), (300, 60)])
def test_an_impossible_size_is_refused(schools: int, districts: int) -> None:
    with pytest.raises(ValueError, match="must be"):
        generate(1, schools, districts, wide=True)


@pytest.mark.parametrize(("seed", "schools", "districts"), [(1, 96, 24), (2, 260, 48)])
def test_other_sizes_have_every_layout_and_no_two_pages_of_one_address(seed: int, schools: int, districts: int) -> None:
    other = generate(seed, schools, districts, wide=True)
    build_hosts(other, PORT)  # refuses two pages of one address
    assert len({school.key for school in other.schools}) == schools
    assert {school.layout for school in other.schools} == set(ALL_LAYOUTS)
    assert {old.move for old in other.moved} == {"moved_301", "moved_refresh", "moved_notice"}


def test_two_hundred_schools_show_sixteen_layouts_and_every_trap(truth: Truth) -> None:
    assert len(truth.schools) == 200
    per_layout = Counter(school.layout for school in truth.schools)
    assert len(per_layout) == len(ALL_LAYOUTS) == 16
    assert min(per_layout.values()) >= 10
    needs = Counter(school.needs for school in truth.schools)
    assert set(needs) == {"page", "browser", "pdf", "sheet", "challenge"}
    assert needs["page"] >= 140
    traits = Counter(trait for school in truth.schools for trait in school.traits)
    least = {
        "roster": 15, "joint": 8, "sibling": 10, "namesake": 30, "shared_host": 50, "soft_missing": 10,
        "moved_301": 2, "moved_refresh": 2, "moved_notice": 2, "route_two_hops": 50, "route_our_school": 50,
    }  # fmt: skip
    assert {name: traits[name] for name in least if traits[name] < least[name]} == {}


def test_people_have_names_from_all_over_the_world_and_nobody_anothers(world: World) -> None:
    staff = {f"{person.first} {person.last}": person for school in world.schools for person in school.staff}
    names = " ".join(staff)
    assert all(mark in names for mark in ("Ł", "Þ", "ʻ", "Ș", "ễ", "van der ", "Ó ", " O ", " Nurse", "Dean "))
    people = [person.name for district in world.districts for person in (*district.staff, *district.board)]
    people += [person.name for school in world.schools for person in (*school.strangers, *school.council)]
    assert not set(people) & {person.name for person in staff.values()}
    shared = Counter(person for school in world.schools for person in school.staff)
    assert [person for person, count in shared.items() if count > 1], "somebody works at two schools"
    assert len(shared) == len({person.email for person in shared if person.email}) + sum(
        person.email is None for person in shared
    )


def list_pages(hosts: dict[str, Host], world: World, school: School) -> list[Page]:
    """The pages, data, document or spreadsheet in which a school's staff list is."""
    site, system = school_site(world, school, PORT)
    pages = hosts[site.school.host].pages
    parts = urlsplit(site.url(site.school.host, system.staff_path(site)))
    begin = parts.path + (f"?{parts.query}" if parts.query else "")
    chosen = [page for path, page in pages.items() if path == begin or re.match(rf"{re.escape(begin)}[|?]", path)]
    assert chosen
    match school.layout:
        case "nuxtshell" | "sharpschool":
            mine = f"{site.school.prefix}/"
            chosen += [page for path, page in pages.items() if path.startswith(mine) and "json" in page.content_type]
        case "pdf":
            links = {urljoin("/", str(href)) for href in html.fromstring(chosen[0].html).xpath("//a/@href")}
            chosen += [page for path, page in pages.items() if path in links and page.body]
        case "sheet":
            (frame,) = html.fromstring(chosen[0].html).xpath("//iframe/@src")
            page = hosts[DOCS_HOST].page(urlsplit(str(frame)).path, "")
            assert page
            chosen.append(page)
        case _:
            pass
    return chosen


def shown(page: Page) -> str:
    """What a page, a document or a script's data say."""
    if page.body:
        document = pypdfium2.PdfDocument(page.body)
        text = " ".join(sheet.get_textpage().get_text_range() for sheet in document)
        document.close()
        return " ".join(text.split())
    return unescape(re.sub(r"<[^>]+>", " ", page.html)) if page.content_type == "text/html" else page.html


def test_every_true_person_and_address_stands_on_the_staff_list_and_nobody_elses(
    world: World, truth: Truth, hosts: dict[str, Host]
) -> None:
    checked = Counter[str]()
    for school, told in zip(world.schools, truth.schools, strict=True):
        site, system = school_site(world, school, PORT)
        pages = list_pages(hosts, world, school)
        text = " ".join(map(shown, pages))
        for person in school.staff:
            assert {part for part in (person.first, person.last, person.title) if part not in text} == set(), (
                school.layout,
                person,
            )
        listed = {entry.person.email for entry in site.entries} | {
            person.email for lodger in site.lodgers for person in lodger.staff
        }
        said = set(re.findall(r"[\w.-]+@[\w.-]+\.test", text)) | published(" ".join(page.html for page in pages))
        bystanders = {person.email for person in school.council}
        said -= bystanders | {f"webmaster@{world.district(school.district).mail_domain}"}
        assert said == (listed - {None} if system.publishes_email else set()), school.layout
        assert {person.email for person in told.staff if person.email} <= said
        checked[school.layout] += len(school.staff)
    assert set(checked) == set(ALL_LAYOUTS)


def test_what_needs_more_than_the_page_is_not_on_the_page(world: World, truth: Truth, hosts: dict[str, Host]) -> None:
    for school, told in zip(world.schools, truth.schools, strict=True):
        needs = layout(school.layout).needs
        assert told.needs in {needs, "challenge"}
        site, system = school_site(world, school, PORT)
        parts = urlsplit(system.staff_path(site))
        page = hosts[site.school.host].page(parts.path, parts.query)
        assert page
        there = any(f"{person.first} {person.last}" in page.html for person in school.staff[1:])
        if needs != "page":
            assert not there
        elif school.layout in {"apptegy", "smartsites", "edlio"}:
            assert there


def test_rosters_and_shared_sites_say_who_works_where(world: World, hosts: dict[str, Host]) -> None:
    rosters = [school for school in world.schools if world.district(school.district).roster]
    assert {school.layout for school in rosters} == {"finalsite", "foxbright", "wordpress"}
    for school in rosters:
        district = world.district(school.district)
        site, _ = school_site(world, school, PORT)
        assert {entry.person for entry in site.entries if entry.location == OFFICE} == set(district.staff)
        text = " ".join(map(shown, list_pages(hosts, world, school)))
        for other in world.schools_of(district):
            assert {entry.person for entry in site.entries if other.name in entry.location.split(", ")} == set(
                other.staff
            )
            assert text.count(other.name) >= len(other.staff)
    for school in world.schools:
        if school.shares:
            first = world.school(school.shares)
            assert (school.host, school.prefix) == (first.host, first.prefix)
            text = " ".join(map(shown, list_pages(hosts, world, school)))
            assert first.name in text
            assert school.name in text


def test_every_address_that_robots_may_ask_for_answers(world: World, hosts: dict[str, Host]) -> None:
    robots = {name: Protego.parse(host.robots or "") for name, host in hosts.items()}
    starts = {f"http://{school.host}:{PORT}{school.prefix}/" for school in world.schools}
    starts |= {f"http://{old.host}:{PORT}/" for old in world.moved}
    starts |= {f"http://{district.host}:{PORT}/" for district in world.districts}
    seen, waiting = set(starts), list(starts)
    reached = Counter[str]()
    while waiting:
        url = waiting.pop()
        parts = urlsplit(url)
        host = hosts[parts.hostname or ""]
        if host.rule.redirect_to:
            host = hosts[host.rule.redirect_to]
        page = host.page(parts.path, parts.query)
        assert page, url
        reached[host.name] += 1
        if page.content_type != "text/html" or page.method != "GET":
            continue
        for address in html.fromstring(page.html).xpath("//a/@href | //iframe/@src | //script/@src | //@data-source"):
            found = urljoin(url, str(address)).partition("#")[0]
            name = urlsplit(found).hostname or ""
            if found.startswith("http") and found not in seen and robots[name].can_fetch(found, AGENT):
                seen.add(found)
                if "/Static/" not in found and "cdn-cgi" not in found:  # themes' own files are not served
                    waiting.append(found)
    assert {school.host for school in world.schools} | {DOCS_HOST} <= set(reached)
    assert reached.total() > 3500


def test_each_staff_list_is_reached_by_the_route_of_its_school(world: World, hosts: dict[str, Host]) -> None:
    hops = {"direct": 1, "menu": 1, "two_hops": 2, "our_school": 3}
    for school in world.schools:
        site, system = school_site(world, school, PORT)
        wanted, near, seen = system.staff_path(site), {site.path()}, set[str]()
        for hop in range(1, 5):
            seen |= near
            near = {
                str(href)
                for path in near
                if (page := hosts[site.school.host].page(*path.partition("?")[::2]))
                for href in html.fromstring(page.html).xpath("//a/@href")
                if str(href).startswith(site.path())
            } - seen
            if wanted in near:
                assert hop == hops[site.school.route], (school.layout, site.school.route)
                break
        else:
            pytest.fail(f"{school.key}: no way to {wanted}")


def test_old_hosts_lead_to_the_new_ones_and_name_who_left(world: World, truth: Truth, hosts: dict[str, Host]) -> None:
    told = {school.nces_id: school for school in truth.schools}
    for old in world.moved:
        school = world.school(old.school)
        listed: TrueSchool = told[school.nces_id]
        assert urlsplit(listed.listed_website).hostname == old.host
        aliases = {urlsplit(url).hostname for url in listed.aliases}
        assert (old.host in aliases) == (old.move == "moved_301")
        if old.move == "moved_301":
            assert world.rules[old.host].redirect_to == school.host
        else:
            assert f"http://{school.host}:{PORT}/" in hosts[old.host].pages["/"].html
        if old.move == "moved_notice":
            assert all(person.last in shown(hosts[old.host].pages["/staff"]) for person in old.former)
        assert {truth.bystanders[person.name] for person in old.former} == {"former staff"}


def test_robots_files_of_the_wide_layouts_shut_searches_and_data_and_leave_the_lists_open(
    world: World, truth: Truth, hosts: dict[str, Host]
) -> None:
    shut = {"socs": "/vnews/display.v/search?q=a", "foxbright": "/Admin/", "googlesites": "/system/feeds"}
    for school, told in zip(world.schools, truth.schools, strict=True):
        robots = Protego.parse(hosts[school.host].robots or "")
        assert robots.can_fetch(told.staff_page, AGENT)
        if path := shut.get(school.layout):
            assert not robots.can_fetch(f"http://{school.host}:{PORT}{path}", AGENT)
