"""Where a list in data goes on: the addresses of its next pages, as far as they are pages of the site.

Interfaces that serve data are not asked: the robots rules of the systems that have them forbid it, or nobody said that
they are for visitors. What stays behind them is said in a sentence instead.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urldefrag, urlsplit

from extraction.staff.document import Document
from extraction.staff.embedded.keys import is_one_of, key_words
from extraction.staff.embedded.literals import DEEPEST_VALUE
from extraction.staff.paging import is_page_of, with_parameter
from extraction.staff.vocabulary import table


def find_turns(value: Any) -> tuple[list[str], list[str]]:
    """The addresses under "next" keys, and those under keys of staff lists, in the order of the data."""
    turns: list[str] = []
    lists: list[str] = []
    seen: set[int] = set()
    stack: list[tuple[Any, int]] = [(value, 0)]
    while stack:
        inner, depth = stack.pop()
        if not isinstance(inner, dict | list) or id(inner) in seen or depth > DEEPEST_VALUE:
            continue
        seen.add(id(inner))
        for key, below in inner.items() if isinstance(inner, dict) else ():
            if address := _address(below):
                if key_words(key) in table("embedded/marks")["paging"]["next"]:
                    turns.append(address)
                elif is_one_of(key, "lists", "staff"):
                    lists.append(address)
        below_all = inner.values() if isinstance(inner, dict) else inner
        stack.extend((below, depth + 1) for below in reversed(list(below_all)) if isinstance(below, dict | list))
    return turns, lists


def next_public_page(address: str, document: Document) -> str | None:
    """The page of the site that shows what an address of the data leads to; None where only data lies behind it."""
    url, here = document.absolute(address), urldefrag(document.url)[0]
    if url is None:
        return None
    if is_page_of(url, here):
        return urldefrag(url)[0]
    parts = urlsplit(url)
    parameters: dict[str, str] = table("embedded/marks")["paging"]["public_parameters"]
    for host, parameter in parameters.items():
        number = parse_qs(parts.query).get(parameter, [""])[0]
        if f".{parts.hostname}".endswith(f".{host}") and number.isdecimal() and len(number) < 5:
            return with_parameter(here, parameter, number)
    return None


def data_address(address: str, document: Document) -> str | None:
    """Host and path of an address that is no page of the site; None for one that may be."""
    url = document.absolute(address)
    if url is None:
        return None
    parts = urlsplit(url)
    on_site = parts.netloc == urlsplit(document.url).netloc
    return None if on_site and "api" not in parts.path.lower().split("/") else f"{parts.netloc}{parts.path}"


def _address(value: Any) -> str | None:
    if isinstance(value, dict):
        value = value.get("href") or value.get("url")
    # A "next" that is a slug or a word is none.
    is_address = isinstance(value, str) and value.startswith(("http://", "https://", "/", "?")) and len(value) < 2_000
    return value if is_address else None
