"""The harvest, run by hand against schools on loopback."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from crawler.profiles import joined
from extraction.staff.records import Person
from tests.crawler.conftest import Crawler, Web, home_page, staff_table

TEACHERS = (
    ("Maria Alvarez", "Principal", "malvarez@pine.test"),
    ("John Okafor", "Art Teacher", "jokafor@pine.test"),
    ("Grace Whitman", "School Nurse", "gwhitman@pine.test"),
)


def school_site(loopback: Web, host: str = "pine.test") -> None:
    loopback.page(host, "/", home_page("Pine Elementary", {"Lunch": "/lunch", "Staff Directory": "/staff"}))
    loopback.page(host, "/staff", staff_table(*TEACHERS))


def test_a_school_by_its_address_gives_one_flat_row_a_person(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("pine.test")
    school_site(loopback)
    rows, _ = crawler.run("staff_directory", {"url": loopback.url("pine.test"), "name": "Pine Elementary"})
    assert [(row["name"], row["title"], row["email"], row["school"]) for row in rows] == [
        (name, title, email, "Pine Elementary") for name, title, email in TEACHERS
    ]
    assert {row["url"] for row in rows} == {loopback.url("pine.test", "/staff")}
    assert "/lunch" not in loopback.paths("pine.test")


def test_every_request_names_the_operator(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("pine.test")
    school_site(loopback)
    crawler.run("staff_directory", {"url": loopback.url("pine.test")})
    assert {hit.agent.partition("/")[0] for hit in loopback.hits} == {"Title1"}
    assert all(hit.agent.endswith("(+https://operator.example/crawler)") for hit in loopback.hits)


def test_without_a_contact_nothing_is_asked(crawler: Crawler, loopback: Web) -> None:
    crawler.environment.pop("TITLE1_CRAWL_CONTACT")
    crawler.environment.pop("TITLE1_CRAWL_ALLOW_ADDRESSES")
    _, log = crawler.run("staff_directory", {"url": "http://pine.example/"})
    assert "TITLE1_CRAWL_CONTACT is not set" in log
    assert "contact_missing" in log
    assert loopback.hits == []


def test_arguments_that_name_no_school_are_explained(crawler: Crawler) -> None:
    _, log = crawler.run("staff_directory", {})
    assert "schools=FILE.csv" in log
    assert "bad_arguments" in log


def test_a_list_over_several_pages_is_read_to_its_end(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("pine.test")
    loopback.page("pine.test", "/", home_page("Pine Elementary", {"Staff Directory": "/staff"}))
    first, second = staff_table(*TEACHERS[:2]), staff_table(*TEACHERS[2:])
    loopback.page("pine.test", "/staff", first.replace("</body>", '<a rel="next" href="/staff?page=2">Next</a></body>'))
    loopback.page("pine.test", "/staff?page=2", second)
    rows, _ = crawler.run("staff_directory", {"url": loopback.url("pine.test")})
    assert {row["name"] for row in rows} == {name for name, _, _ in TEACHERS}


def test_pages_that_robots_forbids_are_not_asked_for_and_the_visit_goes_on(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("pine.test")
    links = {"Staff Directory": "/private/staff", "Faculty and Staff": "/staff"}
    loopback.page("pine.test", "/robots.txt", "User-agent: Title1\nDisallow: /private/\n")
    loopback.page("pine.test", "/", home_page("Pine Elementary", links))
    loopback.page("pine.test", "/staff", staff_table(*TEACHERS))
    rows, _ = crawler.run("staff_directory", {"url": loopback.url("pine.test")})
    assert len(rows) == 3
    assert "/private/staff" not in loopback.paths("pine.test")


def test_a_site_whose_robots_file_fails_is_left_alone(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("pine.test")
    school_site(loopback)
    loopback.page("pine.test", "/robots.txt", "busy", status=503)
    rows, _ = crawler.run("staff_directory", {"url": loopback.url("pine.test")})
    assert rows == []
    assert set(loopback.paths("pine.test")) == {"/robots.txt"}


def test_the_visit_stays_on_the_schools_site(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("district.test", "other.test")
    home = home_page(
        "Pine Elementary",
        {
            "Staff Directory": "/o/oak/staff",
            "Faculty & Staff": loopback.url("other.test", "/staff"),
            "Our Staff": "/o/pine/staff",
        },
    )
    loopback.page("district.test", "/o/pine/", home)
    loopback.page("district.test", "/o/pine/staff", staff_table(*TEACHERS))
    loopback.page("district.test", "/o/oak/staff", staff_table(("Oscar Stranger", "Teacher", "os@oak.test")))
    url = loopback.url("district.test", "/o/pine/")
    rows, _ = crawler.run("staff_directory", {"url": url, "name": "Pine Elementary"})
    assert {row["name"] for row in rows} == {name for name, _, _ in TEACHERS}
    assert loopback.paths("other.test") == []


def test_a_website_that_moved_is_followed(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("old.test", "pine.test")
    school_site(loopback)
    loopback.page("old.test", "/", status=301, headers={"Location": loopback.url("pine.test")})
    rows, _ = crawler.run("staff_directory", {"url": loopback.url("old.test")})
    assert len(rows) == 3


def test_a_redirect_to_a_closed_address_is_refused(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("pine.test")
    crawler.environment["TITLE1_CRAWL_ALLOW_ADDRESSES"] = "127.0.0.1/32"
    for place, target in enumerate(
        ("http://169.254.169.254/", "http://127.0.0.2/", "http://[::1]/", "file:///etc/hostname")
    ):
        loopback.page("pine.test", f"/{place}", status=302, headers={"Location": target})
    schools = crawler.folder / "schools.csv"
    addresses = [loopback.url("pine.test", f"/{place}") for place in range(4)]
    schools.write_text("website\n" + "\n".join(addresses), encoding="utf-8")
    rows, log = crawler.run("staff_directory", {"schools": str(schools)})
    assert rows == []
    assert "'visits/missed/refused': 3" in log
    assert "'visits/missed/http_error': 1" in log


def test_names_that_resolve_to_closed_addresses_are_refused_before_a_connection(
    crawler: Crawler, loopback: Web
) -> None:
    # The system itself reads these forms, without asking a name server.
    crawler.environment |= {"TITLE1_CRAWL_ALLOW_ADDRESSES": "10.255.255.255/32", "TITLE1_CRAWL_HOSTS_ONLY": "0"}
    forms = ["127.0.0.1", "127.1", "0x7f000001", "2130706433", "0177.0.0.1", "localhost", "[::ffff:127.0.0.1]"]
    schools = crawler.folder / "schools.csv"
    schools.write_text(
        "website\n" + "\n".join(f"http://{form}:{loopback.port}/" for form in [*forms, "inside.test"]), encoding="utf-8"
    )
    crawler.hosts("inside.test")
    _, log = crawler.run("staff_directory", {"schools": str(schools)})
    assert loopback.hits == []
    # Forms without a dot are no web addresses to begin with.
    assert "'visits/missed/refused': 6" in log
    assert "'visits/ended': 8" in log


def test_a_page_whose_reader_fails_does_not_end_the_visit(crawler: Crawler, loopback: Web, tmp_path: Path) -> None:
    crawler.hosts("pine.test")
    links = {"Staff Directory": "/broken", "Faculty and Staff": "/staff"}
    loopback.page("pine.test", "/", home_page("Pine Elementary", links))
    loopback.page("pine.test", "/broken", "<html><body>broken</body></html>")
    loopback.page("pine.test", "/staff", staff_table(*TEACHERS))
    (tmp_path / "fragile").mkdir()
    (tmp_path / "fragile" / "fragile.py").write_text(
        "from crawler.spiders.staff_directory import StaffDirectorySpider\n"
        "class Fragile(StaffDirectorySpider):\n"
        "    name = 'fragile'\n"
        "    def read_page(self, response, visit, step):\n"
        "        if response.url.endswith('/broken'):\n"
        "            raise RuntimeError('a page nobody expected')\n"
        "        return super().read_page(response, visit, step)\n",
        encoding="utf-8",
    )
    crawler.environment["PYTHONPATH"] = str(tmp_path / "fragile")
    process = crawler.begin("fragile", {"url": loopback.url("pine.test")}, "-s", "SPIDER_MODULES=fragile")
    assert process.wait(60) == 0
    assert len(crawler.rows()) == 3
    assert "a page nobody expected" in crawler.log()
    assert "'visits/ended': 1" in crawler.log()


def test_schools_of_a_file_end_each_for_itself(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("pine.test", "empty.test")
    school_site(loopback)
    loopback.page("empty.test", "/", home_page("Empty School", {}))
    schools = crawler.folder / "schools.csv"
    schools.write_text(
        "School,Website,State\n"
        f"Pine Elementary,pine.test:{loopback.port},AL\n"
        f"Empty School,{loopback.url('empty.test')},AL\n"
        "No Site School,,AL\n"
        "Nowhere School,http://nowhere.invalid/,AL\n",
        encoding="utf-8",
    )
    rows, log = crawler.run("staff_directory", {"schools": str(schools)})
    assert {(row["name"], row["school"], row["state"]) for row in rows} == {
        (name, "Pine Elementary", "AL") for name, _, _ in TEACHERS
    }
    assert "'visits/ended': 4" in log


def test_a_persons_own_page_is_read_for_what_the_list_leaves_out(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("pine.test")
    rows = "".join(
        f'<tr><td><a href="/staff/{key}">{name}</a></td><td>{title}</td></tr>'
        for key, name, title in (
            ("ma", "Maria Alvarez", "Principal"),
            ("jo", "Okafor, John", "Art Teacher"),
            ("gw", "Grace Whitman", "School Nurse"),
        )
    )
    table = f"<h1>Staff Directory</h1><table><tr><th>Name</th><th>Position</th></tr>{rows}</table>"
    loopback.page("pine.test", "/", home_page("Pine Elementary", {"Staff Directory": "/staff"}))
    loopback.page("pine.test", "/staff", f"<html><head><title>Staff</title></head><body>{table}</body></html>")
    for key, name, title in (("ma", "Maria Alvarez", "Principal of Pine"), ("jo", "Mr. John Okafor", "Art Teacher")):
        link = f'<a href="mailto:{key}@pine.test">{key}@pine.test</a>'
        body = f'<div class="staff"><h2>{name}</h2><p>{title}</p><p>Email: {link}</p></div>'
        loopback.page("pine.test", f"/staff/{key}", f"<html><body>{body}</body></html>")
    people, _ = crawler.run("staff_directory", {"url": loopback.url("pine.test")})
    found = {(row["email"], row["url"].rpartition("/")[2]) for row in people}
    assert found == {("ma@pine.test", "ma"), ("jo@pine.test", "jo"), (None, "staff")}
    # The nurse has no page of her own: she is told as the list shows her, once.
    assert [row["name"] for row in people if row["email"] is None] == ["Grace Whitman"]


def test_what_only_the_list_says_is_kept_with_its_text() -> None:
    listed = Person(
        "Maria Alvarez", title="Principal", role="principal", phone="x12", snippet="Maria Alvarez Principal"
    )
    own = Person("Maria Alvarez", email="m@pine.test", email_state="published", snippet="Maria Alvarez m@pine.test")
    told = joined(listed, own)
    assert (told.title, told.role, told.phone, told.email) == ("Principal", "principal", "x12", "m@pine.test")
    assert "Principal" in told.snippet
    assert "m@pine.test" in told.snippet
    complete = Person("Maria Alvarez", title="Head", email="m@pine.test", phone="1")
    assert joined(Person("Maria Alvarez", title="Principal"), complete) is complete
    taught = joined(Person("Dr. Maria Alvarez", honorific="Dr.", subjects=("math",), grades=("7",)), complete)
    assert (taught.name, taught.honorific, taught.subjects, taught.grades) == (
        "Maria Alvarez",
        "Dr.",
        ("math",),
        ("7",),
    )
    swapped = joined(Person("M", email="m@pine.test", email_state="published", email_method="text"), Person("M"))
    assert (swapped.email, swapped.email_state, swapped.email_method) == ("m@pine.test", "published", "text")


def test_where_no_link_leads_the_usual_places_are_looked_at(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("pine.test")
    loopback.page("pine.test", "/", home_page("Pine Elementary", {"Lunch": "/lunch"}))
    loopback.page("pine.test", "/staff", staff_table(*TEACHERS))
    rows, _ = crawler.run("staff_directory", {"url": loopback.url("pine.test")})
    assert len(rows) == 3


def test_the_pages_of_a_school_are_counted_and_bounded(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("pine.test")
    crawler.environment["TITLE1_CRAWL_PAGES_PER_SCHOOL"] = "4"
    loopback.page("pine.test", "/", home_page("Pine", {f"Staff {n}": f"/staff{n}" for n in range(20)}))
    for number in range(20):
        loopback.page("pine.test", f"/staff{number}", home_page("Pine", {}))
    _, log = crawler.run("staff_directory", {"url": loopback.url("pine.test")})
    assert len(loopback.paths("pine.test")) == 5  # and robots.txt
    assert "'visits/ended': 1" in log


def test_a_school_whose_server_is_slow_is_given_up_in_time(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("pine.test")
    crawler.environment["TITLE1_CRAWL_SECONDS_PER_SCHOOL"] = "0.7"
    loopback.page("pine.test", "/", home_page("Pine", {f"Staff {n}": f"/staff{n}" for n in range(9)}), seconds=0.4)
    for number in range(9):
        loopback.page("pine.test", f"/staff{number}", home_page("Pine", {}), seconds=0.4)
    crawler.run("staff_directory", {"url": loopback.url("pine.test")})
    assert len(loopback.paths("pine.test")) <= 4


def test_files_and_other_sites_behind_a_link_are_told_apart(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("pine.test", "other.test")
    links = {"Staff Directory": "/list", "Faculty & Staff": "/moved", "Our Staff": "/bare"}
    loopback.page("pine.test", "/", home_page("Pine Elementary", links))
    loopback.page("pine.test", "/list", "%PDF-1.7", headers={"Content-Type": "application/pdf"})
    loopback.page("pine.test", "/moved", status=302, headers={"Location": loopback.url("other.test", "/staff")})
    loopback.page("pine.test", "/bare", '<meta http-equiv="refresh" content="0; url=/staff/">')
    loopback.page("pine.test", "/staff/", staff_table(*TEACHERS))
    loopback.page("other.test", "/staff", staff_table(("Oscar Stranger", "Teacher", "os@oak.test")))
    rows, _ = crawler.run("staff_directory", {"url": loopback.url("pine.test")})
    assert {row["name"] for row in rows} == {name for name, _, _ in TEACHERS}


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_feeds_of_other_kinds_have_the_same_rows(kind: str, crawler: Crawler, loopback: Web, tmp_path: Path) -> None:
    crawler.hosts("pine.test")
    school_site(loopback)
    feed = tmp_path / f"staff.{kind}"
    crawler.run_by_hand("staff_directory", {"url": loopback.url("pine.test"), "name": "Pine"}, "-o", str(feed))
    text = feed.read_text(encoding="utf-8")
    rows = json.loads(text) if kind == "json" else list(csv.DictReader(text.splitlines()))
    assert [(row["name"], row["school"]) for row in rows] == [(name, "Pine") for name, _, _ in TEACHERS]


def test_the_sections_of_a_list_are_read_however_far_it_is_from_the_home_page(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("pine.test")
    way = {"/": {"About": "/Page/1"}, "/Page/1": {"Our School": "/Page/2"}, "/Page/2": {"Faculty": "/SEC/Staff"}}
    for path, links in way.items():
        loopback.page("pine.test", path, home_page("Pine Elementary", links))
    sections = {"Arts": "/SEC/Staff/Arts", "Health": "/SEC/Staff/Health", "Contact": "/Page/9"}
    loopback.page("pine.test", "/SEC/Staff", home_page("Staff", sections))
    loopback.page("pine.test", "/SEC/Staff/Arts", staff_table(*TEACHERS[:2]))
    loopback.page("pine.test", "/SEC/Staff/Health", staff_table(*TEACHERS[1:]))
    rows, _ = crawler.run("staff_directory", {"url": loopback.url("pine.test")})
    assert {row["name"] for row in rows} == {name for name, _, _ in TEACHERS}


def test_of_a_list_that_schools_share_only_the_own_people_are_taken(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("pine.test")
    loopback.page("pine.test", "/", home_page("Pine Elementary", {"Staff Directory": "/staff"}))
    places = ("Pine Elementary School", "Cedar Middle School", "Pine Elementary School, Cedar Middle School")
    people = "".join(
        f"<tr><td>{name}</td><td>{title}</td><td>{email}</td><td>{place}</td></tr>"
        for (name, title, email), place in zip(TEACHERS, places, strict=True)
    )
    head = "<tr><th>Name</th><th>Position</th><th>Email</th><th>School</th></tr>"
    loopback.page("pine.test", "/staff", f"<html><body><h1>Staff</h1><table>{head}{people}</table></body></html>")
    rows, log = crawler.run("staff_directory", {"url": loopback.url("pine.test"), "name": "Pine Elementary"})
    assert [row["name"] for row in rows] == ["Maria Alvarez", "Grace Whitman"]
    assert "'people/elsewhere': 1" in log


def test_a_list_that_no_link_leads_to_is_found_by_the_sitemap(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("pine.test", "other.test")
    loopback.page("pine.test", "/", home_page("Pine Elementary", {"Lunch": "/lunch"}))
    index = f"<sitemapindex><sitemap><loc>{loopback.url('pine.test', '/pages.xml')}</loc></sitemap></sitemapindex>"
    pages = ("/lunch", "/who/our-staff-2026", "/calendar")
    urls = [*(loopback.url("pine.test", path) for path in pages), loopback.url("other.test", "/staff")]
    listed = "".join(f"<url><loc>{url}</loc></url>" for url in urls)
    xml = {"headers": {"Content-Type": "application/xml"}}
    loopback.page("pine.test", "/sitemap.xml", index, **xml)
    loopback.page("pine.test", "/pages.xml", f"<urlset>{listed}</urlset>", **xml)
    loopback.page("pine.test", "/who/our-staff-2026", staff_table(*TEACHERS))
    rows, _ = crawler.run("staff_directory", {"url": loopback.url("pine.test")})
    assert {row["name"] for row in rows} == {name for name, _, _ in TEACHERS}
    assert not loopback.paths("other.test")
    asked = loopback.paths("pine.test")
    # The commonest paths first; behind the list that was found nobody goes on guessing.
    assert 4 <= asked.index("/sitemap.xml") <= 12
    assert asked[-1] == "/who/our-staff-2026"
