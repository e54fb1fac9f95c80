"""The simulated web keeps its promises: same seed same world, and a truth that stands on the pages and in the files."""

from __future__ import annotations

import base64
import codecs
import csv
import io
import re
from collections import Counter
from html import unescape
from urllib.parse import urljoin, urlsplit

import pypdfium2
import pytest
from lxml import html
from protego import Protego

from tests.school_web.directory_file import HEADER, directory_csv
from tests.school_web.founding import generate
from tests.school_web.keys import school_key, site_key
from tests.school_web.layouts import layout
from tests.school_web.sites import Host, build_hosts
from tests.school_web.title1_list import title1_list
from tests.school_web.truth import TrueSchool, Truth, tell
from tests.school_web.world import LAYOUTS, School, World

PORT = 8099
AGENT = "Title1/0.1 (+https://example.test/contact)"


@pytest.fixture(scope="module")
def world() -> World:
    return generate()


@pytest.fixture(scope="module")
def truth(world: World) -> Truth:
    return tell(world, PORT)


@pytest.fixture(scope="module")
def hosts(world: World) -> dict[str, Host]:
    return build_hosts(world, PORT)


def test_a_seed_determines_the_world_and_another_seed_gives_another() -> None:
    assert generate(7) == generate(7)
    assert generate(7).schools != generate(8).schools


def test_the_world_has_48_schools_in_12_districts_on_at_least_30_hosts_in_7_layouts(world: World) -> None:
    assert len(world.schools) == len({school.key for school in world.schools}) == 48
    assert {school.district for school in world.schools} == {district.key for district in world.districts}
    assert len(world.districts) == 12
    assert len({school.host for school in world.schools}) >= 30
    per_layout = Counter(school.layout for school in world.schools)
    assert set(per_layout) == set(LAYOUTS)
    assert min(per_layout.values()) >= 4
    assert sum(bool(school.prefix) for school in world.schools) >= 12


@pytest.mark.parametrize(("schools", "districts"), [(7, 2), (8, 3), (14, 7)])
def test_a_small_world_still_shows_every_layout(schools: int, districts: int) -> None:
    small = generate(3, schools, districts)
    assert {school.layout for school in small.schools} == set(LAYOUTS)
    assert len(small.schools) == schools
    build_hosts(small, PORT)  # refuses two pages of one address


@pytest.mark.parametrize(("schools", "districts"), [(48, 13), (5, 6), (500, 12), (3, 0)])
def test_an_impossible_size_is_refused(schools: int, districts: int) -> None:
    with pytest.raises(ValueError, match="must be"):
        generate(1, schools, districts)


def test_no_two_people_of_a_world_share_a_name_or_an_address(world: World) -> None:
    people = [person for school in world.schools for person in (*school.staff, *school.strangers, *school.council)]
    people += [person for district in world.districts for person in (*district.staff, *district.board)]
    people += [person for twin in world.look_alikes for person in twin.staff]
    assert len({f"{person.first} {person.last}" for person in people}) == len(people)
    addresses = [person.email for person in people if person.email]
    assert len(set(addresses)) == len(addresses)
    assert all(8 <= len(school.staff) <= 30 for school in world.schools)
    names = " ".join(person.name for person in people)
    assert all(mark in names for mark in ("é", "ñ", "'", "-"))


def test_a_third_of_the_websites_is_blank_in_the_directory_and_a_few_are_wrong(truth: Truth) -> None:
    listed = [(school.listed_website, school) for school in truth.schools]
    assert sum(not url for url, _ in listed) == 16
    wrong = [url for url, school in listed if url and site_key(url) != site_key(school.website)]
    assert len(wrong) == 4
    assert any(url.startswith("HTTP://") for url, _ in listed)
    assert any(url and "://" not in url for url, _ in listed)


def published(page: str) -> set[str]:
    """Every address on a page, in whichever of the seven ways it is written."""
    found = set(re.findall(r"mailto:([^\"'<>?]+@[^\"'<>?]+)", page))
    found |= {word.replace(" [at] ", "@") for word in re.findall(r"[\w.]+ \[at\] [\w.-]+", page)}
    for domain, user in re.findall(r'insertEmail\("[^"]+", "([^"]+)", "([^"]+)"', page):
        found.add(f"{user[::-1]}@{domain[::-1]}")
    found |= {codecs.decode(hidden, "rot13") for hidden in re.findall(r"swrot13\('([^']+)'\)", page)}
    for hidden in re.findall(r'data-staff-email="([^"]+)"', page):
        found.add(base64.b64decode(hidden).decode())
    for hidden in re.findall(r'data-cfemail="([0-9a-f]+)"', page):
        raw = bytes.fromhex(hidden)
        found.add(bytes(byte ^ raw[0] for byte in raw[1:]).decode())
    return found


def staff_text(hosts: dict[str, Host], school: School, listing: TrueSchool) -> str:
    """The HTML of all pages of a school's staff list."""
    path = urlsplit(listing.staff_page).path
    pages = hosts[school.host].pages
    return "".join(page.html for key, page in pages.items() if key.partition("?")[0] == path)


def test_every_true_person_and_address_stands_on_the_staff_list_and_nobody_elses(
    world: World, truth: Truth, hosts: dict[str, Host]
) -> None:
    for school, told in zip(world.schools, truth.schools, strict=True):
        page = staff_text(hosts, school, told)
        text = unescape(re.sub(r"<[^>]+>", " ", page))
        for person in school.staff:
            assert person.first in text, (school.layout, person)
            assert person.last in text, (school.layout, person)
            assert person.title in text, (school.layout, person)
        true = {person.email for person in told.staff if person.email}
        footer = {f"webmaster@{world.district(school.district).mail_domain}"}
        assert published(page) - footer == true, school.layout
        assert not any(stranger.name in text for stranger in (*school.strangers, *school.council))


def test_lists_with_forms_publish_no_address(world: World, truth: Truth) -> None:
    for school, told in zip(world.schools, truth.schools, strict=True):
        publishes = any(person.email for person in told.staff)
        assert publishes == layout(school.layout).publishes_email
        assert publishes != (school.layout == "edlio")


def test_every_link_that_robots_may_follow_leads_to_a_page(world: World, hosts: dict[str, Host]) -> None:
    checked = 0
    for school in world.schools:
        host = hosts[school.host]
        home = f"http://{host.name}:{PORT}{school.prefix}/"
        seen, waiting = {home}, [home]
        while waiting:
            url = waiting.pop()
            parts = urlsplit(url)
            target = hosts[parts.hostname or ""]
            page = target.page(parts.path, parts.query)
            assert page, f"{url}, linked from {school.key}"
            checked += 1
            if parts.hostname != host.name or not parts.path.startswith(school.prefix):
                continue
            for address in html.fromstring(page.html).xpath("//a/@href"):
                found = urljoin(url, str(address)).partition("#")[0]
                allowed = Protego.parse(target.robots or "").can_fetch(found, AGENT)
                if found.startswith("http") and found not in seen and allowed:
                    seen.add(found)
                    waiting.append(found)
    assert checked > 800


def test_each_staff_list_is_reached_from_its_home_page_by_the_route_of_its_school(
    world: World, truth: Truth, hosts: dict[str, Host]
) -> None:
    for school, told in zip(world.schools, truth.schools, strict=True):
        home = hosts[school.host].pages[f"{school.prefix}/"].html
        linked = urlsplit(told.staff_page).path in {str(href) for href in html.fromstring(home).xpath("//a/@href")}
        assert linked == (school.route != "two_hops")


def test_a_long_finalsite_list_is_paged(world: World, truth: Truth, hosts: dict[str, Host]) -> None:
    school, told = next(
        (school, told)
        for school, told in zip(world.schools, truth.schools, strict=True)
        if school.layout == "finalsite" and len(school.staff) > 10
    )
    path = urlsplit(told.staff_page).path
    first = html.fromstring(hosts[school.host].pages[path].html)
    assert len(first.xpath('//div[contains(@class, "fsConstituentItem")]')) == 10
    assert first.xpath('//a[@class="fsNextPageLink"]/@href') == [f"{path}?const_page=2"]
    assert hosts[school.host].page(path, "const_page=1") == hosts[school.host].pages[path]


def test_finalsite_robots_allow_numbered_pages_and_no_data_endpoint(world: World, hosts: dict[str, Host]) -> None:
    host = hosts[next(school.host for school in world.schools if school.layout == "finalsite")]
    robots = Protego.parse(host.robots or "")
    assert robots.can_fetch("/fs/pages/1204", AGENT)
    assert not robots.can_fetch("/fs/elements/4001?const_page=1", AGENT)
    assert not robots.can_fetch("/anything", "HarvestEverythingBot")


def test_the_pdf_names_every_school_and_its_bytes_depend_on_the_seed_alone(world: World) -> None:
    pdf = title1_list(world)
    assert pdf == title1_list(generate())
    assert pdf != title1_list(generate(7))
    document = pypdfium2.PdfDocument(pdf)
    pages = [" ".join(page.get_textpage().get_text_range().split()) for page in document]
    document.close()
    assert len(pages) >= 3
    for number, page in enumerate(pages, 1):
        assert f"Page {number} of {len(pages)}" in page
        assert "School Name" in page
    text = " ".join(pages)
    for school in world.schools:
        assert school.printed_name in text
        assert school.place.zip in text


def test_the_directory_file_has_the_official_columns_and_its_known_traps(world: World) -> None:
    text = directory_csv(world, PORT)
    rows = list(csv.DictReader(io.StringIO(text), quoting=csv.QUOTE_NONE))
    assert len(HEADER) == 65
    assert text.split("\r\n")[0].split(",")[-4:] == ["GSLO", "GSHI", "LEVEL", "IGOFFERED"]
    assert all(None not in row and None not in row.values() for row in rows)
    assert len(rows) == 48 + len(world.look_alikes) + 300
    by_id = {row["NCESSCH"]: row for row in rows}
    assert len(by_id) == len(rows)
    assert all(len(row["NCESSCH"]) == 12 and len(row["LEAID"]) == 7 and len(row["LZIP"]) == 5 for row in rows)
    assert any(row["LZIP"].startswith("0") for row in rows)
    for school in world.schools:
        row = by_id[school.nces_id]
        assert row["PHONE"] == school.phone.replace(") ", ")")
        assert row["SY_STATUS"] in {"1", "3", "8"}
        assert school_key(row["SCH_NAME"]) == school_key(school.name)
    assert any(by_id[school.nces_id]["SCH_NAME"] != school.printed_name for school in world.schools)
    assert any('""' in row["SCH_NAME"] and not row["SCH_NAME"].startswith('"') for row in rows)
    assert {"1", "2", "6"} <= {row["SY_STATUS"] for row in rows}
    assert any(row["PHONE"] == "M" for row in rows)
