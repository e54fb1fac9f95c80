"""CSV that a spreadsheet shows as it is."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_api.exports.csv_lines import FORMULA_BEGINS, cell, csv_bytes, plain


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (7, "7"),
        (-7, "-7"),
        (0.8765432, "0.8765"),
        (Decimal("61.50"), "61.50"),
        (datetime(2026, 3, 4, 5, 6, 7, 89, tzinfo=UTC), "2026-03-04T05:06:07+00:00"),
        ("Oak Elementary", "Oak Elementary"),
        ("O'Hara = Pine", "O'Hara = Pine"),
        ("=1+1", "'=1+1"),
        ("+1 555 0100", "'+1 555 0100"),
        ("-2", "'-2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("＝1", "'＝1"),
        ("  =1", "'  =1"),
        ("\ufeff=1", "'\ufeff=1"),
        ('"=1+1"', '\'"=1+1"'),
        ("' =1", "'' =1"),
        ("\0=1", "'\0=1"),
        (["=1", "2"], "'=1; 2"),
        (("a", "b"), "a; b"),
        (True, "true"),
        ("", ""),
    ],
)
def test_a_value_is_shown_and_never_evaluated(value: Any, shown: str) -> None:
    assert cell(value) == shown


def test_a_program_gets_texts_as_they_are() -> None:
    assert csv_bytes([["+1 555", "=1", ["@a", "b"], None, 'say "x"']], raw=True) == (
        b'+1 555,=1,@a; b,,"say ""x"""\r\n'
    )
    assert plain("=1") == "=1"


@given(st.lists(st.tuples(st.text(), st.text() | st.none()), max_size=5))
def test_every_text_comes_back_from_csv_defused_and_whole(pairs: list[tuple[str, str | None]]) -> None:
    text = csv_bytes([("first", "second"), *pairs]).decode()
    read = list(csv.reader(StringIO(text, newline="")))
    assert read[0] == ["first", "second"]
    assert len(read) == len(pairs) + 1
    for row, pair in zip(read[1:], pairs, strict=True):
        for shown, value in zip(row, pair, strict=True):
            assert shown[:1] not in FORMULA_BEGINS
            assert shown in {value or "", f"'{value}"}
