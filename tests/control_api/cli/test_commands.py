"""The command line as a person meets it: help with examples, JSON Lines, one line for an error, exit codes."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest
from fpdf import FPDF

from control_api.cli.main import app
from tests.control_api.cli.shell import title1, title1_process
from tests.extraction.staff.papers.lists import columns_under_departments

PAGE = """
<html><head><title>Staff</title></head><body><h1>Staff Directory</h1><table>
<tr><th>Name</th><th>Title</th><th>E-mail</th></tr>
<tr><td>Rosalind Aldermere</td><td>Principal</td><td><a href="mailto:raldermere@quillfern.test">mail</a></td></tr>
<tr><td>Tobias Quennell</td><td>School Counselor</td><td><a href="mailto:tquennell@quillfern.test">mail</a></td></tr>
<tr><td>Imelda Farrowby</td><td>Third Grade Teacher</td><td><a href="mailto:ifarrowby@quillfern.test">mail</a></td></tr>
</table></body></html>
"""
HOME = '<html><body><a href="/news">News</a> <a href="/our-school/staff-directory">Staff Directory</a></body></html>'


@pytest.fixture
def listing(tmp_path: Path) -> Path:
    pdf = FPDF(orientation="landscape")
    pdf.add_page()
    pdf.set_font("helvetica", size=10)
    pdf.cell(0, 8, "Texas Education Agency - Title I, Part A Schools", new_x="LMARGIN", new_y="NEXT")
    with pdf.table(col_widths=(60, 50, 40, 30)) as table:
        table.row(["School Name", "District", "City", "Title I Status"])
        for number in range(12):
            table.row([f"Quillfern {number} Elementary School", "Quillfern ISD", "Austin", "Schoolwide"])
    path = tmp_path / "list.pdf"
    pdf.output(str(path))
    return path


def test_every_command_has_help_and_those_that_take_arguments_an_example() -> None:
    without_example = {"api", "worker", "pause", "resume"}
    commands = [
        command
        for group in (app, *(group.typer_instance for group in app.registered_groups))
        if group
        for command in group.registered_commands
    ]
    assert len(commands) == 84
    for command in commands:
        words = command.callback.__doc__ if command.callback else None
        assert words, command
        name = command.name or getattr(command.callback, "__name__", "")
        assert "Example: " in words or "Examples: " in words or name in without_example, name


def test_schools_of_a_pdf_as_json_lines_and_as_csv(listing: Path) -> None:
    answer = title1_process("extract", "schools", str(listing), "--json")
    assert answer.returncode == 0, answer.stderr
    (line,) = map(json.loads, answer.stdout.splitlines())
    assert line["file"] == str(listing)
    assert [school["name"] for school in line["schools"]] == [
        f"Quillfern {number} Elementary School" for number in range(12)
    ]
    assert {(school["state"], school["title1_status"].lower(), school["page"]) for school in line["schools"]} == {
        ("TX", "schoolwide", 1)
    }
    rows = list(csv.DictReader(io.StringIO(title1("extract", "schools", str(listing), "--csv").stdout)))
    assert len(rows) == 12
    assert rows[3]["district"] == "Quillfern ISD"


def test_a_file_that_cannot_be_read_does_not_stop_the_others(listing: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.pdf"
    page.write_text(PAGE)
    answer = title1("extract", "schools", str(page), str(tmp_path / "absent.pdf"), str(listing), "--json")
    assert answer.returncode == 1
    assert len(answer.stdout.splitlines()) == 1
    told = answer.stderr.splitlines()
    assert "page.pdf" in told[0]
    assert "absent.pdf" in told[1]
    assert told[-1] == "title1: 2 of 3 files could not be read."
    assert "Traceback" not in answer.stderr


def test_staff_of_a_pdf_have_their_page(tmp_path: Path) -> None:
    path = tmp_path / "list.pdf"
    pdf, expected = columns_under_departments()
    path.write_bytes(pdf)
    (line,) = map(json.loads, title1("extract", "staff", str(path), "--json").stdout.splitlines())
    assert line["outcome"] == "staff"
    told = [(one["name"], one["title"], one["extension"], one["page"]) for one in line["people"]]
    assert sorted(told) == sorted(expected)
    seen = title1("extract", "staff", str(path), "--explain", "--explain-html", str(tmp_path / "seen"))
    assert "page 1, line 4" in seen.stdout
    assert "page 2, line" in seen.stdout
    assert "Larkspur Elementary Staff Directory" in (tmp_path / "seen" / "list.html").read_text("utf-8")
    path.write_bytes(b"%PDF-1.7 cut off")
    refused = title1("extract", "staff", str(path))
    assert refused.returncode == 1
    assert "The PDF is cut off" in refused.stderr


def test_staff_and_links_of_saved_pages(tmp_path: Path) -> None:
    page, home = tmp_path / "staff.html", tmp_path / "home.html"
    page.write_text(PAGE)
    home.write_text(HOME)
    (line,) = map(json.loads, title1("extract", "staff", str(page), "--json").stdout.splitlines())
    assert [person["email"] for person in line["people"]] == [
        "raldermere@quillfern.test",
        "tquennell@quillfern.test",
        "ifarrowby@quillfern.test",
    ]
    (line,) = map(
        json.loads,
        title1("extract", "links", str(home), "--url", "https://quillfern.test/", "--json").stdout.splitlines(),
    )
    assert line["links"][0]["url"] == "https://quillfern.test/our-school/staff-directory"
    assert "Rosalind Aldermere" in title1("extract", "staff", str(page)).stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("run", "absent.pdf"), 2, "There is no file absent.pdf."),
        (("extract", "schools", "x.pdf", "--state", "Ohoi"), 2, "There is no state 'Ohoi'"),
        (("extract", "schools", "x.pdf", "--pages", "seven"), 2, "--pages takes numbers"),
        (("extract", "schools", "x.pdf", "--pages", "0"), 2, "counts from 1"),
        (("jobs", "list"), 2, "Set TITLE1_API_KEY"),
        (("schools", "import", "greatschools", __file__), 2, "known: nces, edge"),
    ],
)
def test_a_users_error_is_one_line_with_the_next_step(arguments: tuple[str, ...], code: int, words: str) -> None:
    answer = title1(*arguments, TITLE1_API_KEY="")
    assert answer.returncode == code
    assert words in answer.stderr
    assert "Traceback" not in answer.stderr


def test_no_api_is_told_with_its_address() -> None:
    answer = title1_process("jobs", "list", TITLE1_API_KEY="t1_x", TITLE1_URL="http://127.0.0.1:9")
    assert answer.returncode == 75
    assert "There is no API at http://127.0.0.1:9" in answer.stderr


def test_a_database_that_does_not_answer_is_told_in_one_line() -> None:
    answer = title1("key", "create", DATABASE_URL="postgresql://nobody@127.0.0.1:9/none")
    assert answer.returncode == 75
    assert answer.stderr.startswith("title1: PostgreSQL does not answer")


def test_migrate_shows_the_first_key_once_and_keys_are_made_for_named_users(empty_database_url: str) -> None:
    first = title1_process("migrate", DATABASE_URL=empty_database_url)
    assert re.search(r"shown this once: t1_\S{43}", first.stdout), first.stderr
    assert "t1_" not in title1("migrate", DATABASE_URL=empty_database_url).stdout
    made = title1("key", "create", "--user", "reports", "--role", "viewer", DATABASE_URL=empty_database_url)
    assert re.fullmatch(r"t1_\S{43}\n", made.stdout), made.stderr
    unknown = title1("key", "create", "--user", "nobody", DATABASE_URL=empty_database_url)
    assert unknown.returncode == 1
    assert "There is no user 'nobody'." in unknown.stderr


def test_the_official_files_are_imported_one_after_the_other(database_url: str, tmp_path: Path) -> None:
    directory, places = tmp_path / "ccd.csv", tmp_path / "edge.txt"
    directory.write_text("NCESSCH,SCH_NAME,LSTATE\n010000000001,Pine Hollow ES,AL\n")
    places.write_text("|".join(["010000000001", *["N"] * 11, "32.5", "-86.6", *["N"] * 8, "2024-2025"]))
    answer = title1("schools", "import", "nces", str(directory), DATABASE_URL=database_url)
    assert answer.stdout == "The directory holds 1 schools.\n", answer.stderr
    answer = title1("schools", "import", "edge", str(places), DATABASE_URL=database_url)
    assert answer.stdout.startswith("1 schools of the directory have a place"), answer.stderr
    refused = title1("schools", "import", "edge", str(directory), DATABASE_URL=database_url)
    assert refused.returncode == 1
    assert "This is not an EDGE geocode file" in refused.stderr


def test_doctor_says_what_is_missing_and_how_to_get_it(database_url: str, tmp_path: Path) -> None:
    environment = {"DATABASE_URL": database_url, "TITLE1_DATA_DIR": str(tmp_path), "TITLE1_CRAWL_CONTACT": ""}
    answer = title1("doctor", "--json", **environment)
    findings = {finding["check"]: finding for finding in json.loads(answer.stdout)["findings"]}
    assert answer.returncode == 1
    assert findings["operator contact"]["state"] == "missing"
    assert "TITLE1_CRAWL_CONTACT" in findings["operator contact"]["next_step"]
    assert findings["PostgreSQL"]["state"] == findings["data folder"]["state"] == "ok"
    assert findings["official directory"]["state"] == "optional"
    assert "TITLE1_BRAVE_KEY" in findings["web search"]["next_step"]
    with_brave = environment | {"TITLE1_CRAWL_CONTACT": "a@b.test", "TITLE1_BRAVE_KEY": "k-1"}
    answer = title1("doctor", "--json", **with_brave)
    assert '"check":"web search","state":"ok"' in answer.stdout
    assert "k-1" not in answer.stdout
    answer = title1("doctor", **(environment | {"TITLE1_CRAWL_CONTACT": "a@b.test"}))
    assert answer.returncode == 0, answer.stdout
    answer = title1("doctor", "--json", **(environment | {"DATABASE_URL": "postgresql://x@127.0.0.1:9/x"}))
    assert answer.returncode == 1
