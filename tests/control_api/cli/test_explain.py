"""What was read, to be looked at: one CSV for all files, and a page that shows every row where it stands."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from fpdf import FPDF
from lxml import html

from control_api.cli.explain.folder import PAGES_A_BATCH, explained, folder_of
from control_api.cli.school_table import CSV_COLUMNS, csv_rows, csv_text
from extraction.errors import PdfError
from extraction.evidence import Box, Printed
from extraction.schools.cage import read_pages
from extraction.schools.records import Damage, FieldName, PageReading, SchoolRow
from tests.control_api.cli.shell import title1

HEADER = ("School Name", "District", "City", "Title I Status", "Poverty")


def write_list(path: Path, *, pages: int = 1, name: str = "Quillfern {} Elementary School") -> Path:
    pdf = FPDF(orientation="landscape")
    pdf.set_font("helvetica", size=10)
    for page in range(pages):
        pdf.add_page()
        pdf.cell(0, 8, "Texas Education Agency - Title I Schools", new_x="LMARGIN", new_y="NEXT")
        with pdf.table(col_widths=(60, 50, 40, 30, 20)) as table:
            table.row(HEADER)
            for number in range(6):
                table.row([name.format(6 * page + number), "Quillfern ISD", "Austin", "SW", f"{40 + number}.50%"])
    path.parent.mkdir(exist_ok=True)
    pdf.output(str(path))
    return path


def test_csv_has_one_header_for_all_files_and_values_by_what_they_mean(tmp_path: Path) -> None:
    files = [str(write_list(tmp_path / "one.pdf")), str(write_list(tmp_path / "two.pdf", pages=2))]
    answer = title1("extract", "schools", *files, "--csv")
    assert answer.returncode == 0, answer.stderr
    rows = list(csv.DictReader(io.StringIO(answer.stdout)))
    assert tuple(rows[0]) == CSV_COLUMNS
    assert [(row["file"], row["page"], row["row"]) for row in rows[5:8]] == [
        (files[0], "1", "6"),
        (files[1], "1", "1"),
        (files[1], "1", "2"),
    ]
    assert len(rows) == 18
    assert (
        rows[1].items()
        >= {
            "name": "Quillfern 1 Elementary School",
            "district": "Quillfern ISD",
            "city": "Austin",
            "state": "TX",
            "title1_status": "schoolwide",
            "title1_status_printed": "SW",
            "low_income_pct": "41.5",
            "phone": "",
            "method": "ruled",
        }.items()
    )
    assert 0 < float(rows[1]["confidence"]) <= 1


def test_every_field_has_a_column() -> None:
    assert set(get_args(FieldName)) <= set(CSV_COLUMNS)


def test_no_value_runs_as_a_formula() -> None:
    fields: dict[Any, Printed] = {"name": Printed("=HYPERLINK(1)", "x"), "phone": Printed("x", "+1 512 555 0100")}
    reading = PageReading(1, 1, "ruled", (SchoolRow(1, 1, Box(0, 0, 1, 1), fields, 0.5),), 0.5)
    [row] = csv.reader(io.StringIO(csv_text(csv_rows("@list.pdf", [reading]))))
    kept = dict(zip(CSV_COLUMNS, row, strict=True))
    assert (kept["file"], kept["name"], kept["phone"]) == ("'@list.pdf", "'=HYPERLINK(1)", "'+1 512 555 0100")


def test_missing_rows_are_told_beside_a_csv(tmp_path: Path) -> None:
    pdf = FPDF()
    pdf.set_font("helvetica", size=10)
    pdf.add_page()
    pdf.multi_cell(0, 6, "A letter to parents. " * 40)
    pdf.output(str(tmp_path / "letter.pdf"))
    answer = title1("extract", "schools", str(tmp_path / "letter.pdf"), "--csv")
    assert answer.stdout == ",".join(CSV_COLUMNS) + "\n"
    assert re.search(r"letter\.pdf: page 1: no list of schools was recognized", answer.stderr)


def test_json_and_csv_exclude_each_other(tmp_path: Path) -> None:
    answer = title1("extract", "schools", str(write_list(tmp_path / "list.pdf")), "--json", "--csv")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "--json and --csv exclude each other" in answer.stderr


def test_the_explanation_shows_every_row_where_it_stands(tmp_path: Path) -> None:
    path = write_list(tmp_path / "list.pdf", pages=2)
    answer = title1("extract", "schools", str(path), "--json", "--explain", str(tmp_path / "seen"))
    assert answer.returncode == 0, answer.stderr
    folder = tmp_path / "seen" / "list"
    assert answer.stderr == f"title1: {path}: see {folder / 'index.html'}\n"
    assert sorted(file.name for file in folder.iterdir()) == ["index.html", "page-0001.png", "page-0002.png"]
    page = html.fromstring((folder / "index.html").read_text("utf-8"))
    assert page.xpath("string(//title)") == "list.pdf: what was read"
    assert page.xpath("string(//header/p)").startswith("12 schools on 2 pages")
    assert page.xpath("//section/@id") == ["page-1", "page-2"]
    assert page.xpath("//nav//a/@href") == ["#page-1", "#page-2"]
    names = [str(name) for name in page.xpath("//td[@data-field='name']/text()")]
    assert names == [f"Quillfern {number} Elementary School" for number in range(12)]
    assert page.xpath("string(//tr[@data-row='p1r1']/td[@data-field='title1_status'])") == "SWschoolwide"
    for row in page.xpath("//tr[@data-row]"):
        [box] = page.xpath(f"//figure/i[@class='row'][@data-row='{row.get('data-row')}']")
        places = {side: float(share) for side, share in re.findall(r"(\w+):([\d.]+)%", box.get("style"))}
        assert 0 <= places["left"] < places["left"] + places["width"] <= 100
        assert 0 <= places["top"] < places["top"] + places["height"] <= 100
    tops = [re.findall(r"top:([\d.]+)%", style)[0] for style in page.xpath("(//figure)[1]/i[@class='row']/@style")]
    assert tops == sorted(tops, key=float)
    for reference in page.xpath("//img/@src | //figure/a/@href"):
        assert (folder / str(reference)).read_bytes().startswith(b"\x89PNG")


def test_the_explanation_loads_nothing_and_runs_only_its_own_script(tmp_path: Path) -> None:
    path = write_list(tmp_path / "list.pdf")
    for _ in explained(path, read_pages(path, explain=True), tmp_path / "seen"):
        pass
    text = (tmp_path / "seen" / "index.html").read_text("utf-8")
    page = html.fromstring(text)
    [script] = page.xpath("//script")
    digest = base64.b64encode(hashlib.sha256(script.text.encode()).digest()).decode()
    [policy] = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert not re.search(r"https?://", text)
    assert page.xpath("//img[not(@alt)] | //th[not(@scope)] | //@*[starts-with(name(), 'on')]") == []
    assert len(page.xpath("//@id")) == len(set(page.xpath("//@id")))


def test_what_a_document_says_stays_text(tmp_path: Path) -> None:
    path = write_list(tmp_path / "<img src=x>.pdf", name="<script>{}</script> \"Quill\" & 'Fern' School")
    for _ in explained(path, read_pages(path, explain=True), tmp_path / "seen"):
        pass
    page = html.fromstring((tmp_path / "seen" / "index.html").read_text("utf-8"))
    assert page.xpath("string(//h1)") == "<img src=x>.pdf"
    assert len(page.xpath("//script")) == 1
    assert page.xpath("string(//td[@data-field='name'])") == "<script>0</script> \"Quill\" & 'Fern' School"


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    path = write_list(tmp_path / "list.pdf")
    (tmp_path / "seen").write_text("a file where the folder should be")
    answer = title1("extract", "schools", str(path), "--explain", str(tmp_path / "seen"))
    assert answer.returncode == 1
    assert "cannot be made: Not a directory. Name another one to --explain." in answer.stderr
    assert "Traceback" not in answer.stderr


def test_files_of_one_name_get_folders_of_their_own() -> None:
    taken: set[Path] = set()
    folders = [folder_of(Path(name), Path("seen"), taken) for name in ("a/list.pdf", "b/list.pdf", "list.PDF", "x.pdf")]
    assert folders == [Path("seen/list"), Path("seen/list-2"), Path("seen/list-3"), Path("seen/x")]


def test_more_pages_than_a_batch_are_all_explained(tmp_path: Path) -> None:
    pages = PAGES_A_BATCH + 1
    path = write_list(tmp_path / "list.pdf", pages=pages)
    readings = list(explained(path, read_pages(path, explain=True), tmp_path / "seen"))
    assert [reading.page for reading in readings] == list(range(1, pages + 1))
    assert {reading.sketch for reading in readings} == {None}
    assert len(list((tmp_path / "seen").glob("page-*.png"))) == pages
    page = html.fromstring((tmp_path / "seen" / "index.html").read_text("utf-8"))
    assert len(page.xpath("//tr[@data-row]")) == 6 * pages


def test_a_reading_that_was_stopped_is_explained_as_far_as_it_came(tmp_path: Path) -> None:
    path = write_list(tmp_path / "list.pdf", pages=3)

    def stopped() -> Iterator[PageReading]:
        yield from read_pages(path, pages={1}, explain=True)
        raise PdfError("Reading was stopped at page 2: it took too long.")

    with pytest.raises(PdfError, match="stopped at page 2"):
        list(explained(path, stopped(), tmp_path / "seen"))
    page = html.fromstring((tmp_path / "seen" / "index.html").read_text("utf-8"))
    assert page.xpath("string(//header/*[@role='alert'])") == "Reading was stopped at page 2: it took too long."
    assert len(page.xpath("//tr[@data-row]")) == 6


def test_a_page_that_cannot_be_drawn_does_not_hide_the_others(tmp_path: Path) -> None:
    path = write_list(tmp_path / "list.pdf", pages=3)
    first, second, third = read_pages(path, explain=True)
    beyond = PageReading(7, 3, "ruled", second.rows, 0.9, 8, ("page 7 is odd",), Damage(joined=3, lost=1), scanned=True)
    for _ in explained(path, [first, beyond, third], tmp_path / "seen"):
        pass
    page = html.fromstring((tmp_path / "seen" / "index.html").read_text("utf-8"))
    assert page.xpath("//img/@src") == ["page-0001.png", "page-0003.png"]
    section = str(page.xpath("string(//section[@id='page-7'])"))
    assert "There is no picture of this page" in section
    assert "page 7 is odd" in section
    assert "6 rows of about 8" in section
    assert "in a scan" in section
    assert "3 flaws of the text layer mended, 1 with a lost letter" in section
    assert page.xpath("//nav//a[@href='#page-7']/@class") == ["warned"]
