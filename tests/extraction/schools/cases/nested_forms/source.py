"""The whole page is a form within a form, each moved by its own matrix."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pypdf
from pypdf.generic import ArrayObject, DecodedStreamObject, DictionaryObject, FloatObject, NameObject, StreamObject

from tests.extraction.schools.cases.printing import Column, draw_table, letterhead, truth
from tests.extraction.schools.papers import paper, write

COLUMNS = (
    Column("District", 150, "{district}"),
    Column("School", 180, "{name}"),
    Column("City", 90, "{city}"),
    Column("Title I", 90, "{title1_status}"),
    Column("Membership", 60, "{enrollment}", "right"),
)


def draw(path: Path) -> None:
    pdf = paper(size=8)
    for rows in truth(__file__).values():
        pdf.add_page()
        draw_table(pdf, COLUMNS, rows, top=letterhead(pdf, "Title I Buildings"), left=10)
    write(pdf, path)
    writer = pypdf.PdfWriter(clone_from=path)
    for page in writer.pages:
        _wrap(writer, page)
    writer.write(path)


def _wrap(writer: pypdf.PdfWriter, page: pypdf.PageObject) -> None:
    """Page → outer form (half the size, moved right) → inner form (twice the size, moved up) → the old content."""
    contents = page.get_contents()
    assert contents is not None
    inner = _form(page, contents.get_data(), cast("DictionaryObject", page["/Resources"]), (2, 0, 0, 2, 0, 20))
    resources = _holding("/Inner", writer, inner)
    outer = _form(page, b"q /Inner Do Q", resources, (0.5, 0, 0, 0.5, 24, 0))
    page[NameObject("/Resources")] = _holding("/Outer", writer, outer)
    stream = DecodedStreamObject()
    stream.set_data(b"q /Outer Do Q")
    page[NameObject("/Contents")] = writer._add_object(stream)


def _form(
    page: pypdf.PageObject, content: bytes, resources: DictionaryObject, matrix: tuple[float, ...]
) -> StreamObject:
    form = DecodedStreamObject()
    form.set_data(content)
    form[NameObject("/Type")] = NameObject("/XObject")
    form[NameObject("/Subtype")] = NameObject("/Form")
    form[NameObject("/BBox")] = ArrayObject([FloatObject(number) for number in (-1000, -1000, 3000, 3000)])
    form[NameObject("/Matrix")] = ArrayObject([FloatObject(number) for number in matrix])
    form[NameObject("/Resources")] = resources
    return form


def _holding(name: str, writer: pypdf.PdfWriter, form: StreamObject) -> DictionaryObject:
    forms = DictionaryObject({NameObject(name): writer._add_object(form)})
    return DictionaryObject({NameObject("/XObject"): forms})
