"""Sites, school files and fingerprints: small pure pieces of the crawl."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy import Request

from crawler.fingerprints import SCHOOL_KEY, VISIT_START, VisitFingerprinter
from crawler.school_files import SchoolFileError, read_schools
from crawler.sites import clean_url, page_key, prefix_of, site_after, site_of, start_addresses, under
from crawler.spiders.base import interleaved
from crawler.targets import SchoolTarget
from crawler.visits import Step, Visit


@pytest.mark.parametrize(
    ("written", "addresses"),
    [
        ("https://www.Pine.org/", ["https://www.pine.org/"]),
        ("HTTP://WWW.PINE.ORG", ["http://www.pine.org/"]),
        ("www.pine.org", ["http://www.pine.org/", "https://www.pine.org/"]),
        ("pine.org:8080/home", ["http://pine.org:8080/home", "https://pine.org:8080/home"]),
        ("http://pine.org:80/a#b", ["http://pine.org/a"]),
        ("http:/pine.org", ["http://pine.org/"]),
        ("http://www.pine .org/", ["http://www.pine.org/"]),
        ("ftp://pine.org/", []),
        ("office@pine.org", []),
        ("none", []),
        ("N/A", []),
        ("", []),
        ("http://pine.org:port/", []),
    ],
)
def test_a_website_is_read_as_people_write_it(written: str, addresses: list[str]) -> None:
    assert start_addresses(written) == addresses


@given(st.text(max_size=60))
def test_nothing_written_as_a_website_breaks_the_reader(written: str) -> None:
    for address in start_addresses(written):
        assert clean_url(address) == address
        assert site_of(address).endswith("/")
        assert under(address, site_of(address)) or "." in address


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("http://pine.org/index.html", "http://pine.org/"),
        ("http://pine.org/home", "http://pine.org/"),
        ("http://District.org/o/pine", "http://district.org/o/pine/"),
        ("http://district.org/pine/Default.aspx?x=1", "http://district.org/pine/"),
    ],
)
def test_a_home_page_stands_for_its_site(url: str, site: str) -> None:
    assert site_of(url) == site


@pytest.mark.parametrize(
    ("asked", "final", "site"),
    [
        ("http://pine.org/", "https://www.pine.org/Domain/4", "https://www.pine.org/"),
        ("http://pine.org/", "https://district.org/o/pine", "https://district.org/o/pine/"),
        ("http://district.org/pine", "http://district.org/schools/pine/", "http://district.org/schools/pine/"),
    ],
)
def test_a_redirect_leads_to_the_website(asked: str, final: str, site: str) -> None:
    assert site_after(asked, final) == site


def test_a_prefix_is_a_border() -> None:
    site = "http://www.district.org/o/pine/"
    assert prefix_of(site) == "/o/pine/"
    assert under("https://district.org/o/pine", site)
    assert under("http://district.org/O/Pine/staff", site)
    assert not under("http://district.org/o/pinewood/staff", site)
    assert not under("http://elsewhere.org/o/pine/", site)


def test_one_page_is_one_page_however_it_is_written() -> None:
    assert page_key("http://www.pine.org/staff/") == page_key("https://pine.org/staff#top")
    assert page_key("http://pine.org/staff?page=2") != page_key("http://pine.org/staff")


def test_a_visit_survives_being_packed() -> None:
    visit = Visit(SchoolTarget("7", "Pine", zip="01234"))
    assert visit.offer(Step("http://pine.org/a", "link", 0.5))
    assert not visit.offer(Step("https://www.pine.org/a/", "link", 0.9))
    assert visit.offer(Step("http://pine.org/b", "link", 0.7, otherwise=["https://pine.org/b"]))
    again = Visit.unpacked(visit.packed())
    assert again == visit
    taken = again.take()
    assert taken is not None
    assert taken.url == "http://pine.org/b"


def test_neighbours_have_different_hosts() -> None:
    schools = [SchoolTarget(str(n), website=f"http://{host}/{n}") for n, host in enumerate(["a.org", "a.org", "b.org"])]
    assert [school.key for school in interleaved(schools)] == ["0", "2", "1"]


def test_columns_of_a_school_file_are_found_by_name(tmp_path: Path) -> None:
    path = tmp_path / "schools.csv"
    path.write_bytes(
        "\ufeffSchool Name,LEA_NAME,NCES-ID,Zip Code,URL\nPine,Green,000123456789,01234,\n,,,,\nOak\n".encode()
    )
    first, second = read_schools(path)
    assert first == SchoolTarget("line-2", "Pine", "Green", "000123456789", zip="01234")
    assert second == SchoolTarget("line-4", "Oak")


def test_a_file_without_schools_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "colours.csv"
    path.write_text("colour,taste\nred,sweet\n", encoding="utf-8")
    with pytest.raises(SchoolFileError, match="neither"):
        read_schools(path)


def test_a_school_begins_once_whatever_its_address() -> None:
    marks = VisitFingerprinter("staff_directory")

    def mark(url: str, key: str, *, start: bool) -> bytes:
        return marks.fingerprint(Request(url, meta={SCHOOL_KEY: key, VISIT_START: start}))

    assert mark("http://a.org/", "1", start=True) == mark("http://b.org/", "1", start=True)
    assert mark("http://a.org/", "1", start=True) != mark("http://a.org/", "2", start=True)
    assert mark("http://a.org/", "1", start=False) != mark("http://b.org/", "1", start=False)
    assert mark("http://a.org/", "1", start=True) != VisitFingerprinter("website_discovery").fingerprint(
        Request("http://a.org/", meta={SCHOOL_KEY: "1", VISIT_START: True})
    )
