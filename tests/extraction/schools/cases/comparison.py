"""What a reading lacks, invents or says otherwise than the truth."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import SequenceMatcher

from extraction.schools.records import PageReading, SchoolRow

Row = dict[str, str]


def rows_of(readings: Iterable[PageReading], columns: Collection[str]) -> list[Row]:
    """The schools as rows of an `expected.csv` with these columns.

    A column `field` asks for the words as printed, `field:value` for what they mean. Where only the meaning is asked,
    it is open which words stand for it (an X under "Schoolwide"). A column `x_…` is printed, but nobody can know what
    it is.
    """
    return [_row(school, columns) for reading in readings for school in reading.rows]


def compare(expected: list[Row], found: list[Row]) -> list[str]:
    """What is missing, what is invented, and which values differ, in the order of the document."""
    differences: list[str] = []
    matcher = SequenceMatcher(None, [_key(row) for row in expected], [_key(row) for row in found], autojunk=False)
    for kind, start, end, found_start, found_end in matcher.get_opcodes():
        if kind == "equal":
            for want, row in zip(expected[start:end], found[found_start:found_end], strict=True):
                differences += _field_differences(want, row)
            continue
        differences += [f"page {row['page']}: not found {row['name']!r}" for row in expected[start:end]]
        differences += [f"page {row['page']}: invented {row}" for row in found[found_start:found_end]]
    return differences


def _row(school: SchoolRow, columns: Collection[str]) -> Row:
    row = {"page": str(school.page)}
    for field, printed in school.fields.items():
        if printed.derived_from == "zip":
            continue  # a state that only the ZIP tells is not printed
        if f"{field}:value" in columns:
            row[f"{field}:value"] = printed.value
        if f"{field}:value" not in columns or field in columns:
            row[field] = " ".join(printed.text.split())
    return row


def _key(row: Row) -> tuple[str, str]:
    return row["page"], row["name"]


def _field_differences(want: Row, row: Row) -> list[str]:
    return [
        f"page {want['page']} {want['name']!r}: {field} is {want.get(field, '')!r}, read {row.get(field, '')!r}"
        for field in want | row
        if not field.startswith("x_")
        if want.get(field, "") != row.get(field, "")
    ]
