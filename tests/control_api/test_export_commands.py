"""`title1 export`, `title1 exports` and `title1 people` against an API and a worker in the test's own process."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from openpyxl import load_workbook

from control_api.exports.notices import notice_lines
from storage.database import Database
from tests.conftest import KeyedAccount
from tests.control_api.cli.shell import Shell, title1
from tests.control_api.rows import add_person, add_school


@pytest.mark.usefixtures("worker")
async def test_the_command_line_exports_with_progress_and_lists_what_has_left(
    database: Database, account: KeyedAccount, shell: Shell, tmp_path: Path
) -> None:
    who = account.account
    async with database.tenant(who.organization_id) as connection:
        oak = await add_school(connection, who, "Oak Elementary", state="KS")
        pine = await add_school(connection, who, "Pine Middle", state="TX")
        await add_person(connection, who, "Ann Abbott", [oak], email="a@oak.example", role="principal")
        await add_person(connection, who, "Bo Boyd", [pine])

    book, lines, table = (tmp_path / name for name in ("leads.xlsx", "leads.jsonl", "schools.parquet"))
    query = ("--where", "state=Kansas", "--where", "role=principal", "--with-email", "--purpose", "fall mailing")
    done = await shell.said("export", str(book), *query)
    assert "Write the leads" in done
    assert done.rstrip().replace("\n", "").endswith(f"1 rows in {book}")
    (told,) = await shell.lines("export", str(lines))
    assert (await shell.lines("export", str(table), "--of", "schools"))[0]["file"] == str(table)
    left = await shell.lines("exports", "list")
    found = await shell.lines("people", "search", "abb", "--where", "role=principal", "--with-email")
    assert [one["name"] for one in found] == ["Ann Abbott"]
    alike = await shell.run("people", "search", "abbotts")
    assert "Nobody has 'abbotts'" in alike.stderr
    assert "Oak Elementary" in alike.stdout
    nobody = await shell.run("people", "search", "--near", "99501", "--radius", "10mi")
    assert (nobody.returncode, "Nobody was found" in nobody.stderr) == (0, True)
    assert "fall mailing" in await shell.said("exports", "list")
    assert load_workbook(book)["People"]["K2"].value == "Ann Abbott"
    content = lines.read_bytes()
    assert [json.loads(line)["name"] for line in content.splitlines()] == ["Ann Abbott", "Bo Boyd"]
    assert (told["rows"], told["sha256"]) == (2, hashlib.sha256(content).hexdigest())
    assert pq.read_table(table).num_rows == 2
    assert notices_beside(lines) == notice_lines()
    assert notices_beside(book) is None, "a workbook has them on a sheet"
    assert [(line["subject"], line["source"]) for line in left] == [
        ("schools", "download"),
        *[("people", "job_download"), ("people", "job")] * 2,
    ]
    assert {line["purpose"] for line in left if line["format"] == "xlsx"} == {"fall mailing"}


def notices_beside(file: Path) -> list[str] | None:
    notice = Path(f"{file}.notice.txt")
    return notice.read_text(encoding="utf-8").splitlines() if notice.exists() else None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["leads.pdf"], "should end in one of .csv, .json"),
        (["leads.csv", "--where", "colour=red"], "'colour=red' is no filter of people"),
        (["leads.csv", "--where", "state"], "'state' is no filter of people"),
        (["leads.csv", "--where", "school_ids=1,x"], "school_ids are ids"),
        (["schools.csv", "--of", "schools", "--preset", "salesforce"], "are for people"),
    ],
)
def test_a_wrong_wish_is_refused_before_anything_is_asked(arguments: list[str], words: str) -> None:
    done = title1("export", *arguments, TITLE1_API_KEY="t1_x", TITLE1_URL="http://127.0.0.1:9")
    assert (done.returncode, words in done.stderr) == (2, True), done.stderr
