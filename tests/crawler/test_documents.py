"""Staff lists that are PDFs or published spreadsheets, harvested over real sockets."""

from __future__ import annotations

import signal

import pytest

from tests.crawler.conftest import Crawler, Web, end, home_page, staff_table, wait_until
from tests.extraction.schools.bombs import pages_sharing, text_operators
from tests.extraction.staff.papers.lists import STAFF, columns_under_departments
from tests.extraction.staff.papers.traps import handbook, honor_roll, scanned

PDF = {"Content-Type": "application/pdf"}
SHEET = "/spreadsheets/d/e/2PACX-1vTzQ9larkspur-0001/pubhtml"
WAFFLE = """<html><head><title>Staff Directory - Sheets</title></head><body><table class="waffle"><thead>
<tr><th class="row-header freezebar-origin-ltr"></th><th class="column-headers-background">A</th>
<th class="column-headers-background">B</th><th class="column-headers-background">C</th></tr></thead><tbody>
<tr><th class="row-headers-background"><div>1</div></th><td>Name</td><td>Position</td><td>Email</td></tr>
<tr><th class="freezebar-cell"></th><td class="freezebar-cell"></td></tr>
<tr><th class="row-headers-background"><div>2</div></th><td>Maria Alvarez</td><td>Principal</td>
<td>ma@pine.test</td></tr>
<tr><th class="row-headers-background"><div>3</div></th><td>Grace Whitman</td><td>Nurse</td>
<td>gw@pine.test</td></tr>
</tbody></table><a href="/spreadsheets/d/e/2PACX-1vTzQ9larkspur-0002/pubhtml">Staff Directory</a></body></html>"""


def site(loopback: Web, links: dict[str, str], host: str = "pine.test", more: str = "") -> None:
    """A school whose staff page holds nothing but links."""
    loopback.page(host, "/", home_page("Pine Elementary", {"Our Staff": "/staff"}))
    loopback.page(host, "/staff", home_page("Staff Directory", links).replace("</body>", f"{more}</body>"))


def test_a_list_in_a_pdf_gives_people_with_their_page(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("pine.test")
    site(loopback, {"Staff Directory 2026-27 (PDF)": "/files/list.pdf"})
    pdf, expected = columns_under_departments()
    loopback.page("pine.test", "/files/list.pdf", content=pdf, headers=PDF)
    rows, log = crawler.run("staff_directory", {"url": loopback.url("pine.test"), "name": "Pine Elementary"})
    read = [(row["name"], row["title"], row["extension"], row["page"]) for row in rows]
    assert sorted(read) == sorted(expected)
    assert {row["url"] for row in rows} == {loopback.url("pine.test", "/files/list.pdf")}
    assert "'visits/ended': 1" in log


def test_a_pdf_whose_address_does_not_say_so_is_read(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("pine.test")
    loopback.page("pine.test", "/", home_page("Pine Elementary", {"Staff Directory": "/documents/7711"}))
    loopback.page("pine.test", "/documents/7711", content=columns_under_departments()[0], headers=PDF)
    rows, _ = crawler.run("staff_directory", {"url": loopback.url("pine.test")})
    assert len(rows) == len(STAFF)


def test_a_file_that_the_sites_system_keeps_elsewhere_is_the_schools(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("pine.test", "oak.test", "4.files.edl.io", "resources.finalsite.net")
    site(loopback, {"Staff Directory (PDF)": loopback.url("4.files.edl.io", "/1a2b/list.pdf")})
    loopback.page("4.files.edl.io", "/1a2b/list.pdf", content=columns_under_departments()[0], headers=PDF)
    site(loopback, {"Staff Directory": "/fs/resource-manager/view/77"}, "oak.test")
    moved = {"Location": loopback.url("resources.finalsite.net", "/images/v1/list.pdf")}
    loopback.page("oak.test", "/fs/resource-manager/view/77", status=302, headers=moved)
    loopback.page("resources.finalsite.net", "/images/v1/list.pdf", content=columns_under_departments()[0], headers=PDF)
    schools = crawler.folder / "schools.csv"
    schools.write_text(f"website\n{loopback.url('pine.test')}\n{loopback.url('oak.test')}\n", encoding="utf-8")
    rows, _ = crawler.run("staff_directory", {"schools": str(schools)})
    assert len(rows) == 2 * len(STAFF)
    assert {row["url"] for row in rows} == {
        loopback.url("4.files.edl.io", "/1a2b/list.pdf"),
        loopback.url("resources.finalsite.net", "/images/v1/list.pdf"),
    }


def test_documents_that_are_no_lists_are_not_asked_for(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("pine.test", "elsewhere.test")
    links = {
        "Staff Handbook": "/a/handbook.pdf",
        "Lunch Menu": "/a/menu.pdf",
        "Staff Calendar 2026-27": "/a/calendar.pdf",
        "Faculty Newsletter": "/a/news.pdf",
        "Student Directory": "/a/students.pdf",
        "Teacher Job Posting": "/a/job.pdf",
        "School Board Minutes": "/a/minutes.pdf",
        "Teacher Supply Lists": "/a/supplies.pdf",
        "Staff Directory": loopback.url("elsewhere.test", "/staff.pdf"),
        "District Staff Directory": "/a/district-office-staff.pdf",
        "District Office Staff Directory": loopback.url("elsewhere.test", SHEET),
    }
    site(loopback, links)
    rows, _ = crawler.run("staff_directory", {"url": loopback.url("pine.test")})
    assert rows == []
    assert [path for path in loopback.paths("pine.test") if path.startswith("/a/")] == []
    assert loopback.paths("elsewhere.test") == []


def test_only_the_newest_of_a_list_is_asked_for(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("pine.test")
    links = {
        "Staff Directory 2023-24": "/old.pdf",
        "Staff Directory 2026-27": "/new.pdf",
        "Staff Directory (last year's)": "/staff-directory-2025-2026.pdf",
    }
    site(loopback, links)
    loopback.page("pine.test", "/new.pdf", content=columns_under_departments()[0], headers=PDF)
    rows, _ = crawler.run("staff_directory", {"url": loopback.url("pine.test")})
    assert len(rows) == len(STAFF)
    assert [path for path in loopback.paths("pine.test") if path.endswith(".pdf")] == ["/new.pdf"]


def test_three_documents_are_asked_for_at_most(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("pine.test")
    site(loopback, {f"Staff Directory {letter}": f"/{letter}.pdf" for letter in "ABCDEF"})
    for letter in "ABCDEF":
        loopback.page("pine.test", f"/{letter}.pdf", content=honor_roll(), headers=PDF)
    rows, _ = crawler.run("staff_directory", {"url": loopback.url("pine.test")})
    assert rows == []
    assert len([path for path in loopback.paths("pine.test") if path.endswith(".pdf")]) == 3


def test_a_document_adds_those_whom_the_pages_leave_out(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("pine.test")
    office = staff_table(("Maria Alvarez", "Principal", "ma@pine.test"), ("John Okafor", "Assistant", "jo@pine.test"))
    loopback.page("pine.test", "/", home_page("Pine Elementary", {"Staff": "/staff"}))
    loopback.page("pine.test", "/staff", office.replace("</body>", '<a href="/list.pdf">Staff Directory</a></body>'))
    loopback.page("pine.test", "/list.pdf", content=columns_under_departments()[0], headers=PDF)
    rows, _ = crawler.run("staff_directory", {"url": loopback.url("pine.test")})
    others = [name for name, _, _ in STAFF if name not in {"Alvarez, Maria", "Okafor, John"}]
    assert sorted(row["name"] for row in rows) == sorted(["Maria Alvarez", "John Okafor", *others])


def test_no_document_is_asked_for_where_pages_list_the_staff(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("pine.test")
    people = [(" ".join(reversed(name.split(", "))), title, f"p{ext}@pine.test") for name, title, ext in STAFF]
    page = staff_table(*people).replace("</body>", '<a href="/list.pdf">Staff Directory</a></body>')
    loopback.page("pine.test", "/", home_page("Pine Elementary", {"Staff": "/staff"}))
    loopback.page("pine.test", "/staff", page)
    rows, _ = crawler.run("staff_directory", {"url": loopback.url("pine.test")})
    assert len(rows) == len(STAFF)
    assert "/list.pdf" not in loopback.paths("pine.test")


@pytest.mark.parametrize(
    ("body", "outcome"), [(b"%PDF-1.7 cut off", "unreadable"), (scanned(), "needs_ocr"), (handbook(), "no_staff")]
)
def test_a_document_without_people_ends_in_a_reason(crawler: Crawler, loopback: Web, body: bytes, outcome: str) -> None:
    crawler.hosts("pine.test")
    site(loopback, {"Staff Directory": "/list.pdf"})
    loopback.page("pine.test", "/list.pdf", content=body, headers=PDF)
    rows, log = crawler.run("staff_directory", {"url": loopback.url("pine.test")}, "-s", "LOG_LEVEL=DEBUG")
    assert rows == []
    assert "'visits/ended': 1" in log
    assert f"outcome='{outcome}'" in log


def test_a_bomb_does_not_keep_the_crawl_from_other_schools(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("bomb.test", "pine.test")
    crawler.environment["TITLE1_PDF_CPU_SECONDS"] = "3"
    site(loopback, {"Staff Directory": "/list.pdf"}, "bomb.test")
    loopback.page("bomb.test", "/list.pdf", content=pages_sharing(text_operators(20), 30), headers=PDF)
    site(loopback, {"Staff Directory": "/list.pdf"}, "pine.test")
    loopback.page("pine.test", "/list.pdf", content=columns_under_departments()[0], headers=PDF)
    schools = crawler.folder / "schools.csv"
    schools.write_text(f"website\n{loopback.url('bomb.test')}\n{loopback.url('pine.test')}\n", encoding="utf-8")
    rows, log = crawler.run("staff_directory", {"schools": str(schools)})
    assert len(rows) == len(STAFF)
    assert "'visits/ended': 2" in log


def test_a_crawl_killed_while_a_document_is_read_reads_it_again(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("pine.test")
    site(loopback, {"Staff Directory": "/list.pdf"})
    loopback.page("pine.test", "/list.pdf", content=columns_under_departments()[0], headers=PDF)
    arguments = {"url": loopback.url("pine.test")}
    job = ("-s", f"JOBDIR={crawler.folder / 'job'}")
    process = crawler.begin("staff_directory", arguments, *job)
    wait_until(lambda: "/list.pdf" in loopback.paths("pine.test"))
    end(process, signal.SIGKILL)
    rows, _ = crawler.run("staff_directory", arguments, *job)
    assert {row["name"] for row in rows} == {name for name, _, _ in STAFF}


def test_a_published_spreadsheet_in_a_frame_is_the_list(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("pine.test", "sheets.test")
    sheet = loopback.url("sheets.test", f"{SHEET}?widget=true")
    edit = loopback.url("sheets.test", "/spreadsheets/d/2PACX-1vTzQ9larkspur-0003/edit")
    site(loopback, {"Staff Directory (edit)": edit}, more=f'<iframe src="{sheet}"></iframe>')
    loopback.page("sheets.test", f"{SHEET}?widget=true", WAFFLE)
    rows, _ = crawler.run("staff_directory", {"url": loopback.url("pine.test")})
    assert [(row["name"], row["title"], row["email"]) for row in rows] == [
        ("Maria Alvarez", "Principal", "ma@pine.test"),
        ("Grace Whitman", "Nurse", "gw@pine.test"),
    ]
    assert {row["url"] for row in rows} == {sheet}
    assert set(loopback.paths("sheets.test")) == {"/robots.txt", f"{SHEET}?widget=true"}


def test_a_spreadsheet_in_csv_is_read(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("pine.test", "sheets.test")
    path = SHEET.replace("/pubhtml", "/pub?output=csv")
    site(loopback, {"Staff Directory": loopback.url("sheets.test", path)})
    csv = "Name,Position,Email\nMaria Alvarez,Principal,ma@pine.test\nGrace Whitman,School Nurse,gw@pine.test\n"
    loopback.page("sheets.test", path, csv, headers={"Content-Type": "text/csv"})
    rows, _ = crawler.run("staff_directory", {"url": loopback.url("pine.test")})
    assert [row["email"] for row in rows] == ["ma@pine.test", "gw@pine.test"]


def test_the_robots_of_the_spreadsheets_host_are_obeyed(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("pine.test", "sheets.test")
    site(loopback, {"Staff Directory": loopback.url("sheets.test", SHEET)})
    loopback.page("sheets.test", "/robots.txt", "User-agent: *\nDisallow: /spreadsheets/\n")
    loopback.page("sheets.test", SHEET, WAFFLE)
    rows, _ = crawler.run("staff_directory", {"url": loopback.url("pine.test")})
    assert rows == []
    assert set(loopback.paths("sheets.test")) == {"/robots.txt"}


def test_a_spreadsheet_that_leads_to_another_host_is_left(crawler: Crawler, loopback: Web) -> None:
    crawler.hosts("pine.test", "sheets.test", "other.test")
    site(loopback, {"Staff Directory": loopback.url("sheets.test", SHEET)})
    loopback.page("sheets.test", SHEET, status=302, headers={"Location": loopback.url("other.test", "/staff")})
    loopback.page("other.test", "/staff", staff_table(("Oscar Stranger", "Teacher", "os@other.test")))
    rows, _ = crawler.run("staff_directory", {"url": loopback.url("pine.test")})
    assert rows == []
