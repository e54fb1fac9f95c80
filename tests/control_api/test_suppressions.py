"""The suppression list over HTTP and in the shell: who may, what is told, what search and export have afterwards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from storage.database import Database
from storage.roles import Role
from tests.conftest import KeyedAccount
from tests.control_api.cli.shell import Shell, title1
from tests.control_api.conftest import ClientOf, MakeUser
from tests.control_api.rows import add_evidence, add_person, add_school

LIST = "/api/v1/suppressions"
ODILE = "obrannock@alder.example"


@pytest.fixture
async def schools(database: Database, account: KeyedAccount) -> tuple[int, int]:
    """Two schools; Odile works at both, Tam and Ines at one."""
    who = account.account
    async with database.tenant(who.organization_id) as connection:
        alder = await add_school(connection, who, "Alder Elementary", nces_id="480001200345")
        birch = await add_school(connection, who, "Birch Elementary")
        odile = await add_person(connection, who, "Odile Brannock", [alder, birch], email=ODILE)
        await add_evidence(connection, who, "staff", odile, field="email", printed=ODILE, value=ODILE)
        await add_person(connection, who, "Tam Orrin", [alder], email="t@mail.alder.example")
        await add_person(connection, who, "Ines Quill", [birch])
    return alder, birch


async def suppress(api: httpx2.AsyncClient, *entries: dict[str, Any]) -> httpx2.Response:
    return await api.post(LIST, json={"entries": list(entries)})


async def names(api: httpx2.AsyncClient) -> set[str]:
    """Whom search and export have; they must agree."""
    found = {person["name"] for person in (await api.get("/api/v1/staff")).json()["items"]}
    exported = (await api.get("/api/v1/staff.csv")).text
    assert {name for name in ("Odile Brannock", "Tam Orrin", "Ines Quill") if name in exported} == found
    return found


async def test_whom_an_entry_names_is_gone_from_search_and_export_and_the_value_is_never_told(
    api: httpx2.AsyncClient, schools: tuple[int, int]
) -> None:
    assert await names(api) == {"Odile Brannock", "Tam Orrin", "Ines Quill"}
    answer = await suppress(api, {"kind": "email", "email": ODILE.upper(), "note": "letter 12"})
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["added"], told["posts_deleted"]) == (1, 2)
    (entry,) = told["entries"]
    assert entry.items() >= {"kind": "email", "reason": "request", "note": "letter 12", "by": "ada"}.items()
    assert set(entry) == {"id", "kind", "reason", "note", "created_at", "by"}
    assert await names(api) == {"Tam Orrin", "Ines Quill"}
    assert (await api.get("/api/v1/staff", params={"q": "brannock"})).json()["items"] == []
    again = await suppress(api, {"kind": "email", "email": ODILE})
    assert (again.status_code, again.json()) == (200, {"entries": [entry], "added": 0, "posts_deleted": 0})
    await suppress(api, {"kind": "person", "name": "Dr. Quill, Ines", "school_id": schools[1]})
    assert await names(api) == {"Tam Orrin"}
    await suppress(api, {"kind": "domain", "domain": "alder.example", "reason": "complaint"})
    assert await names(api) == set()
    listed = await api.get(LIST)
    assert [entry["kind"] for entry in listed.json()["items"]] == ["domain", "person", "email"]
    assert not any(word in listed.text.lower() for word in ("brannock", "alder", "quill", "hash"))


async def test_the_list_has_pages_and_admins_take_entries_off(api: httpx2.AsyncClient) -> None:
    await suppress(api, *({"kind": "domain", "domain": f"d{number}.example"} for number in range(5)))
    await suppress(api, {"kind": "school", "nces_id": "480001200345", "reason": "policy"})
    seen: list[int] = []
    cursor: str | None = None
    for _ in range(3):
        page = (await api.get(LIST, params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        seen += [entry["id"] for entry in page["items"]]
        cursor = page["next"]
    assert cursor is None
    assert (len(seen), seen) == (6, sorted(seen, reverse=True))
    assert [one["reason"] for one in (await api.get(LIST, params={"kind": "school"})).json()["items"]] == ["policy"]
    assert (await api.delete(f"{LIST}/{seen[0]}")).status_code == 204
    assert (await api.delete(f"{LIST}/{seen[0]}")).status_code == 404
    assert (await api.get(LIST, params={"kind": "school"})).json()["items"] == []


async def test_each_role_may_what_it_may_and_others_see_nothing(
    api: httpx2.AsyncClient,
    client_of: ClientOf,
    colleague: MakeUser,
    outsider: KeyedAccount,
    schools: tuple[int, int],
) -> None:
    viewer = client_of(await colleague("vi", Role.VIEWER))
    operator = client_of(await colleague("op", Role.OPERATOR))
    assert (await suppress(viewer, {"kind": "email", "email": ODILE})).status_code == 403
    assert await names(api) == {"Odile Brannock", "Tam Orrin", "Ines Quill"}
    entry = (await suppress(operator, {"kind": "email", "email": ODILE})).json()["entries"][0]
    assert entry["by"] == "op"
    assert [one["id"] for one in (await viewer.get(LIST)).json()["items"]] == [entry["id"]]
    assert (await operator.delete(f"{LIST}/{entry['id']}")).status_code == 403
    other = client_of(outsider)
    assert (await other.get(LIST)).json()["items"] == []
    assert (await other.delete(f"{LIST}/{entry['id']}")).status_code == 404
    refused = await suppress(other, {"kind": "school", "school_id": schools[0]})
    assert (refused.status_code, refused.json()["detail"]) == (404, f"There is no school {schools[0]}.")


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"kind": "email", "email": "odile"}, "/entries/1: 'odile' is no e-mail address."),
        ({"kind": "domain", "domain": "org"}, "/entries/1: 'org' is no domain"),
        ({"kind": "person", "name": "Odile Brannock"}, "Name one of school_id, nces_id or domain."),
        ({"kind": "person", "name": "Jo Ash", "domain": "a.example", "nces_id": "480001200345"}, "Name one of"),
        ({"kind": "person", "name": "12", "domain": "a.example"}, "'12' is no name."),
        ({"kind": "school"}, "Name one of school_id or nces_id."),
        ({"kind": "school", "nces_id": "12"}, "nces_id"),
        ({"kind": "school", "school_id": 1, "domain": "a.example"}, "domain"),
        ({"kind": "planet"}, "planet"),
        ({"kind": "email", "email": ODILE, "reason": "mood"}, "mood"),
    ],
)
async def test_an_entry_that_names_nobody_is_refused_with_all_that_came_with_it(
    api: httpx2.AsyncClient, entry: dict[str, Any], words: str
) -> None:
    answer = await suppress(api, {"kind": "email", "email": ODILE}, entry)
    assert answer.status_code == 422, answer.text
    assert words in answer.text
    assert (await api.get(LIST)).json()["items"] == []


async def test_the_command_line_adds_imports_lists_and_removes(
    shell: Shell, schools: tuple[int, int], tmp_path: Path
) -> None:
    told = await shell.said("suppress", "add", "person", "Ines Quill", "--school", str(schools[1]))
    assert told.endswith("is on the list; 1 people at schools were deleted.\n")
    file = tmp_path / "list.csv"
    rows = (f"email,{ODILE},,,request,by letter", "school,480001200345,,,policy,", "person,Jo Ash,,a.example,,")
    file.write_text("kind,value,school,domain,reason,note\n" + "\n".join(rows), encoding="utf-8")
    assert await shell.lines("suppress", "import", str(file)) == [{"entries": 3, "added": 3, "posts_deleted": 3}]
    told = await shell.said("suppress", "list", "--json")
    listed = [json.loads(line) for line in told.splitlines()]
    assert {entry["kind"] for entry in listed} == {"email", "school", "person"}
    assert "brannock" not in told
    number = str(listed[0]["id"])
    assert await shell.said("suppress", "remove", number) == f"Entry {number} is off the list.\n"
    assert len((await shell.said("suppress", "list")).splitlines()) == len(listed)  # a head, and one entry less
    file.write_text("kind,value\nemail,nobody\n", encoding="utf-8")
    refused = await shell.run("suppress", "import", str(file))
    assert (refused.returncode, "[INVALID_SUPPRESSION]" in refused.stderr) == (1, True)


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        ("name,value\n", 1, "the columns are name, value"),
        ("kind,value\nplanet,x\n", 2, "line 2: an entry has a kind"),
        ("kind,value\nemail,\n", 2, "line 2: an entry has a kind"),
        ("kind,value,school\nemail,a@b.example,7\n", 2, "line 2: only a person has a school"),
        ("kind,value\nschool,Alder\n", 2, "'Alder' is no id of a school"),
    ],
)
def test_a_file_is_looked_through_before_anything_is_sent(tmp_path: Path, content: str, code: int, words: str) -> None:
    file = tmp_path / "list.csv"
    file.write_text(content, encoding="utf-8")
    done = title1("suppress", "import", str(file), TITLE1_API_KEY="t1_x", TITLE1_URL="http://127.0.0.1:9")
    assert (done.returncode, words in done.stderr) == (code, True), done.stderr
