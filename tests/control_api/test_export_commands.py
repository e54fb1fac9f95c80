"""`title1 export`, `title1 exports` and `title1 people` against a running API and worker."""

from __future__ import annotations

import asyncio
import hashlib
import json
import subprocess
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from openpyxl import load_workbook

from control_api.cli.stack import running_stack
from control_api.exports.notices import notice_lines
from storage.database import Database
from tests.conftest import KeyedAccount
from tests.control_api.cli.test_commands import title1
from tests.control_api.rows import add_person, add_school


async def test_the_command_line_exports_with_progress_and_lists_what_has_left(
    database: Database, database_url: str, account: KeyedAccount, tmp_path: Path
) -> None:
    who = account.account
    async with database.tenant(who.organization_id) as connection:
        oak = await add_school(connection, who, "Oak Elementary", state="KS")
        pine = await add_school(connection, who, "Pine Middle", state="TX")
        await add_person(connection, who, "Ann Abbott", [oak], email="a@oak.example", role="principal")
        await add_person(connection, who, "Bo Boyd", [pine])
    environment = {"DATABASE_URL": database_url, "TITLE1_DATA_DIR": str(tmp_path)}
    stack = running_stack(host="127.0.0.1", port=0, logs=tmp_path / "logs", environment=environment)
    running = await asyncio.to_thread(stack.__enter__)

    async def shell(*arguments: str) -> subprocess.CompletedProcess[str]:
        where = {"TITLE1_URL": running.url, "TITLE1_API_KEY": account.key}
        done = await asyncio.to_thread(title1, *arguments, **where)
        assert done.returncode == 0, done.stderr
        return done

    book, lines, table = (tmp_path / name for name in ("leads.xlsx", "leads.jsonl", "schools.parquet"))
    try:
        query = ("--where", "state=Kansas", "--where", "role=principal", "--with-email", "--purpose", "fall mailing")
        done = await shell("export", str(book), *query)
        assert "Write the leads" in done.stdout
        assert done.stdout.rstrip().replace("\n", "").endswith(f"1 rows in {book}")
        told = json.loads((await shell("export", str(lines), "--json")).stdout)
        assert json.loads((await shell("export", str(table), "--of", "schools", "--json")).stdout)["file"] == str(table)
        left = [json.loads(line) for line in (await shell("exports", "list", "--json")).stdout.splitlines()]
        found = await shell("people", "search", "abb", "--where", "role=principal", "--with-email", "--json")
        assert [json.loads(line)["name"] for line in found.stdout.splitlines()] == ["Ann Abbott"]
        alike = await shell("people", "search", "abbotts")
        assert "Nobody has 'abbotts'" in alike.stderr
        assert "Oak Elementary" in alike.stdout
        assert "Nobody was found" in (await shell("people", "search", "--near", "99501", "--radius", "10mi")).stderr
        assert "fall mailing" in (await shell("exports", "list")).stdout
    finally:
        await asyncio.to_thread(stack.__exit__, None, None, None)
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
