"""Every format: what is written comes back typed and whole, and nothing in it runs."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from control_api.exports.drafts import Draft, FileKind
from control_api.exports.formats.known import Format, Look
from control_api.exports.formats.xlsx_file import CELL_LETTERS
from control_api.exports.layout import Column, Kind, Layout, Preset, layout_of
from control_api.exports.notices import all_notices, notice_codes, notice_lines

SEEN = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


@dataclass(frozen=True)
class Record:
    name: str | None = "Ann Abbott"
    tags: list[str] = field(default_factory=list[str])
    count: int | None = None
    share: float | None = None
    seen: datetime | None = None
    good: bool | None = None
    proof: list[dict[str, Any]] | None = None


COLUMNS = (
    Column("name", width=26),
    Column("tags", Kind.TEXTS),
    Column("count", Kind.WHOLE),
    Column("share", Kind.NUMBER),
    Column("seen", Kind.TIME),
    Column("good", Kind.YES_NO),
    Column("proof", Kind.NESTED),
)
FULL = Record("Zoë Núñez", ["math", "art"], 412, 0.25, SEEN, True, [{"field": "name", "page": 3}])
EMPTY = Record(name=None)
SMALL = layout_of("Small", COLUMNS)


async def written(
    records: list[Record], file_format: Format, *, layout: Layout | None = None, look: Look | None = None
) -> bytes:
    layout = layout or layout_of("Small", COLUMNS, nested=file_format.nested)
    pieces: list[bytes] = []
    async with Draft(FileKind(layout, file_format, look or Look())) as draft:
        for record in records:
            await draft.add([record])
            pieces += [chunk async for chunk in draft.taken()]
        await draft.finish()
        pieces += [chunk async for chunk in draft.taken()]
        file = b"".join(pieces)
        path = await draft.take_all()
        assert path.read_bytes() == file, "what was taken is the file"
        assert (draft.facts.rows, draft.facts.size_bytes) == (len(records), len(file))
    assert not path.parent.exists()
    return file


async def test_csv_has_lines_of_text_and_a_mark_for_excel_when_asked() -> None:
    file = await written([FULL, EMPTY], Format.CSV)
    assert file.startswith(b"name,tags,")
    rows = list(csv.DictReader(StringIO(file.decode())))
    assert rows[0] == {
        "name": "Zoë Núñez",
        "tags": "math; art",
        "count": "412",
        "share": "0.25",
        "seen": "2026-03-04T05:06:07+00:00",
        "good": "true",
    }
    assert set(rows[1].values()) == {""}
    assert (await written([FULL], Format.CSV, look=Look(bom=True))).startswith(b"\xef\xbb\xbfname")


async def test_json_has_typed_values_and_evidence() -> None:
    lines = (await written([FULL, EMPTY], Format.JSONL)).splitlines()
    first, second = map(json.loads, lines)
    assert first["proof"] == [{"field": "name", "page": 3}]
    assert (first["tags"], first["count"], first["good"]) == (["math", "art"], 412, True)
    assert datetime.fromisoformat(first["seen"]) == SEEN
    assert second == dict.fromkeys(first, None) | {"tags": []}
    array = await written([FULL, EMPTY, FULL], Format.JSON)
    assert json.loads(array) == [first, second, first]
    assert json.loads(await written([], Format.JSON)) == []
    assert await written([], Format.JSONL) == b""


async def test_parquet_has_types_bounded_row_groups_and_the_notices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("control_api.exports.formats.parquet_file.GROUP_ROWS", 2)
    file = pq.ParquetFile(BytesIO(await written([FULL, EMPTY, FULL], Format.PARQUET)))
    assert [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)] == [2, 1]
    assert dict(zip(file.schema_arrow.names, file.schema_arrow.types, strict=True)) == {
        "name": pa.string(),
        "tags": pa.list_(pa.string()),
        "count": pa.int64(),
        "share": pa.float64(),
        "seen": pa.timestamp("us", tz="UTC"),
        "good": pa.bool_(),
    }
    rows = file.read().to_pylist()
    assert rows[0] == {
        "name": "Zoë Núñez",
        "tags": ["math", "art"],
        "count": 412,
        "share": 0.25,
        "seen": SEEN,
        "good": True,
    }
    assert rows[1] == dict.fromkeys(rows[0], None) | {"tags": []}
    assert file.schema_arrow.metadata[b"notices"].decode() == "\n".join(notice_lines())
    assert pq.ParquetFile(BytesIO(await written([], Format.PARQUET))).read().num_rows == 0


async def test_a_workbook_has_typed_cells_a_frozen_header_and_the_notices() -> None:
    pacific = SEEN.astimezone(timezone(timedelta(hours=-8)))
    book = load_workbook(BytesIO(await written([FULL, Record(seen=pacific)], Format.XLSX)))
    assert book.sheetnames == ["Small", "Notices"]
    page = book["Small"]
    assert page.freeze_panes == "A2"
    assert page.column_dimensions["A"].width == pytest.approx(26, abs=1)
    head, first, second = page.iter_rows(values_only=True)
    assert head == ("name", "tags", "count", "share", "seen", "good")
    assert first == ("Zoë Núñez", "math; art", 412, 0.25, SEEN.replace(tzinfo=None), True)
    assert second[4] == SEEN.replace(tzinfo=None), "times are those of UTC"
    assert page["E2"].is_date
    assert [row[0] for row in book["Notices"].iter_rows(values_only=True)] == notice_lines()
    assert book.properties.description == "\n".join(notice_lines())


EVIL = ('=HYPERLINK("http://evil.test")', "+1 512 555 0100", "-2+3", "@SUM(A1)", "\t=1", "＝1", '"=1"')


async def test_no_text_of_a_workbook_is_evaluated_or_becomes_a_link() -> None:
    texts = [*EVIL, "https://oak.example/", "mailto:a@oak.example", "12", "2026-03-04", "TRUE", "{=1}"]
    for look, quoted in ((Look(), True), (Look(raw=True), False)):
        file = await written([Record(name=text) for text in texts], Format.XLSX, look=look)
        page = load_workbook(BytesIO(file))["Small"]
        cells = [row[0] for row in page.iter_rows(min_row=2)]
        assert [cell.value for cell in cells] == texts
        assert {cell.data_type for cell in cells} == {"s"}
        assert [bool(cell.quotePrefix) for cell in cells] == [quoted and text in EVIL for text in texts]
        assert all(cell.hyperlink is None for cell in cells)
        with ZipFile(BytesIO(file)) as archive:
            sheet = archive.read("xl/worksheets/sheet1.xml")
            assert not [name for name in archive.namelist() if "rels" in name and "sheet" in name]
        assert b"<f>" not in sheet
        assert b"hyperlink" not in sheet


async def test_more_rows_than_a_sheet_takes_go_on_in_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("control_api.exports.formats.xlsx_file.SHEET_ROWS", 3)
    book = load_workbook(BytesIO(await written([Record(name=f"n{number}") for number in range(5)], Format.XLSX)))
    assert book.sheetnames == ["Small", "Small 2", "Small 3", "Notices"]
    pages = [[row[0] for row in book[name].iter_rows(values_only=True)] for name in book.sheetnames[:3]]
    assert pages == [["name", "n0", "n1"], ["name", "n2", "n3"], ["name", "n4"]]
    assert book["Small 3"].freeze_panes == "A2"


async def test_a_text_longer_than_a_cell_takes_is_cut_between_letters() -> None:
    texts = ["x" * (CELL_LETTERS + 5), "x" + "𝒵" * CELL_LETTERS, "x" * CELL_LETTERS]
    page = load_workbook(BytesIO(await written([Record(name=text) for text in texts], Format.XLSX)))["Small"]
    shown = [str(row[0].value) for row in page.iter_rows(min_row=2)]
    assert [len(text.encode("utf-16-le")) // 2 for text in shown] == [CELL_LETTERS] * 3
    assert all(text.startswith(cut) for text, cut in zip(texts, shown, strict=True))


@settings(max_examples=40)
@given(st.lists(st.text(max_size=20) | st.none(), max_size=4))
async def test_every_text_comes_back_from_every_format(texts: list[str | None]) -> None:
    records = [Record(name=text) for text in texts]
    lines = [json.loads(line)["name"] for line in (await written(records, Format.JSONL)).split(b"\n") if line]
    assert lines == texts
    table = pq.ParquetFile(BytesIO(await written(records, Format.PARQUET))).read()
    assert table.column("name").to_pylist() == texts
    raw = await written(records, Format.CSV, look=Look(raw=True))
    assert [row[0] for row in csv.reader(StringIO(raw.decode(), newline=""))][1:] == [text or "" for text in texts]


@pytest.mark.parametrize("file_format", [Format.JSON, Format.XLSX, Format.PARQUET])
async def test_a_file_that_broke_off_cannot_be_taken_for_a_whole_one(file_format: Format) -> None:
    readers = {Format.JSON: json.load, Format.XLSX: load_workbook, Format.PARQUET: pq.ParquetFile}
    async with Draft(FileKind(SMALL, file_format)) as draft:
        await draft.add([FULL] * 10)
        sent = b"".join([chunk async for chunk in draft.taken()])
        path: Path = draft.path
    assert not path.parent.exists()
    with pytest.raises(Exception, match=r"."):
        readers[file_format](BytesIO(sent))


def test_a_salesforce_field_takes_no_more_than_it_holds() -> None:
    columns = (
        Column("name", named={Preset.SALESFORCE: "Last Name"}, most=4),
        Column("tags", Kind.TEXTS),
        Column("proof", named={Preset.SALESFORCE: "Email"}, most=4, whole=True),
    )
    layout = layout_of("Leads", columns, Preset.SALESFORCE)
    assert layout.headers == ("Last Name", "Email")

    @dataclass
    class Lead:
        name: str | None
        proof: str | None

    rows = layout.rows([Lead("Abbott", "a@b.example"), Lead("Abb", "a@b"), Lead(None, None)])
    assert rows == [("Abbo", None), ("Abb", "a@b"), (None, None)]


def test_each_notice_has_its_words_and_a_state_names_its_own() -> None:
    assert len({notice.code for notice in all_notices()}) == len(all_notices()) == len(notice_lines())
    assert all(notice.text.endswith(".") and notice.source for notice in all_notices())
    assert {state: notice_codes(state) for state in ("KS", "UT", "TX", "None")} == {
        "KS": ("ks-public-records",),
        "UT": ("ut-registry",),
        "TX": (),
        "None": (),
    }
