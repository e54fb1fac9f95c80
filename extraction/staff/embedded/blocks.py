"""The data blocks of a page: scripts of JSON, and the values that scripts assign."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from lxml import html

from extraction.staff.embedded.devalue import revive
from extraction.staff.embedded.literals import decode_json, find_literals
from extraction.staff.vocabulary import table

MOST_BLOCKS = 100
"""Values of the scripts of one page; 72 measured pages have up to 34."""
_OBJECTS = re.compile(r"\[\s*+\{")
_OBJECTS_IN_BYTES = re.compile(rb"\[\s*+\{")


@dataclass(frozen=True, slots=True)
class DataBlock:
    """A value that stands in a page."""

    place: str
    """Where, as an operator would look for it: `script#__NUXT_DATA__`, `script[3] staff`, an XPath."""
    method: str
    """What kind of block: `nuxt_data`, `json_ld`, `script_json`, …"""
    value: Any
    name: str = ""
    """What the page calls the value: the name it is assigned to, or the id of its script."""


def may_hold_data(page: str | bytes) -> bool:
    """Whether the scripts of a page have any mark of data, by a plain search of its markup: some 0.03 ms a page."""
    if has_mark(page, "scripts"):
        return True
    return bool(_OBJECTS_IN_BYTES.search(page) if isinstance(page, bytes) else _OBJECTS.search(page))


def has_mark(page: str | bytes, kind: str) -> bool:
    """Whether one of the marks of a kind occurs in the markup of a page."""
    marks: list[str] = table("embedded/marks")[kind]
    if isinstance(page, bytes):
        return any(mark.encode() in page for mark in marks)
    return any(mark in page for mark in marks)


def find_blocks(root: html.HtmlElement) -> Iterator[DataBlock]:
    """The values of all scripts of a page, in their order."""
    count = 0
    for number, script in enumerate(root.iter("script"), 1):
        text = script.text
        if not text or not _may_name_people(text):
            continue
        for block in _read_script(script, text, number):
            yield block
            count += 1
            if count == MOST_BLOCKS:
                return


@cache
def _mark(kind: str) -> dict[str, str]:
    return table("embedded/marks")[kind]


def _may_name_people(text: str) -> bool:
    """Whether a script has the letters of any key that a person's name stands under."""
    return "ame" in text or "AME" in text or "irst" in text or "itle" in text


def _read_script(script: html.HtmlElement, text: str, number: int) -> Iterator[DataBlock]:
    kind, identity = (script.get("type") or "").lower(), script.get("id") or ""
    if "json" not in kind:
        for name, value in find_literals(text):
            yield DataBlock(f"script[{number}] {name}", _mark("names").get(name, "script_literal"), value, name)
        return
    value = decode_json(text.strip().removeprefix("<!--").removesuffix("-->"))
    place = f"script#{identity}" if identity else f"script[{number}]"
    method = "json_ld" if "ld+json" in kind else _mark("ids").get(identity, "script_json")
    if method == "nuxt_data" or script.get("data-nuxt-data") is not None:
        value, method = revive(value), "nuxt_data"
    if isinstance(value, dict | list):
        yield DataBlock(place, method, value, identity)
