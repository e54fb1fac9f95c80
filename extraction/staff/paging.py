"""The further pages of a staff list, and the pages about its people."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urldefrag, urlencode, urlsplit, urlunsplit

from extraction.staff.document import Document, Link, Node
from extraction.staff.records import Person
from extraction.staff.vocabulary import words

MOST_NEXT_PAGES = 60
"""Pages of one list; the longest that was seen has 41."""
MOST_PROFILES = 400
_PAGE_PARAMETERS = words("markup", "page_parameters")
_NEXT = re.compile(r"^(?:next(?: page)?|older entries)?\s*(?:[›»→>]+|&gt;)?$", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
_PAGE_PATH = re.compile(r"/page/(\d{1,3})/?$")


def next_pages(document: Document) -> tuple[str, ...]:
    """The addresses of the further pages of the same list, nearest first."""
    here = urldefrag(document.url)[0]
    found: dict[str, None] = {}
    last = 0
    for link in _links(document):
        is_next = _is_next(link)
        if not is_next and not _DIGIT.search(link.href):
            continue  # before the address is taken apart, which most of a page's links need not be
        url = document.absolute(link.href)
        if url is not None and (_same_list(url, here) if is_next else is_page_of(url, here)):
            found.setdefault(urldefrag(url)[0])
    for node in _marked(document, "fsLastPageLink"):
        number = node.element.get("data-page") or ""
        last = max(last, int(number)) if number.isdecimal() and len(number) < 4 else last
    for number in range(2, min(last, MOST_NEXT_PAGES) + 1):
        found.setdefault(with_parameter(here, "const_page", str(number)))
    found.pop(here, None)
    ordered = sorted(found, key=lambda url: _page_number(url, here) or 0)
    return tuple(ordered[:MOST_NEXT_PAGES])


def profiles(document: Document, people: list[Person]) -> tuple[str, ...]:
    """The pages about single people of this list that may tell what the list omits."""
    here = urldefrag(document.url)[0]
    urls = [person.profile_url for person in people if person.profile_url and not (person.email and person.title)]
    same_site = [url for url in urls if urlsplit(url).netloc == urlsplit(here).netloc and urldefrag(url)[0] != here]
    return tuple(dict.fromkeys(same_site))[:MOST_PROFILES]


def is_page_of(url: str, here: str) -> bool:
    """Whether an address is another page of the list at `here`."""
    return _same_list(url, here) and _page_number(url, here) is not None


def with_parameter(url: str, key: str, value: str) -> str:
    """The address with one query parameter set."""
    parts = urlsplit(url)
    query = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if k != key]
    return urlunsplit(parts._replace(query=urlencode([*query, (key, value)]), fragment=""))


def _links(document: Document) -> list[Link]:
    """The anchors of the page, and the `link rel=next` of its head."""
    links = [link for line in document.lines for link in line.links]
    if document.root is not None:
        heads = document.root.element.iterfind(".//link[@rel='next']")
        links.extend(Link(href, "next", document.root) for head in heads if (href := head.get("href")))
    return links


def _marked(document: Document, wanted: str) -> list[Node]:
    return [link.node for line in document.lines for link in line.links if wanted in link.node.classes]


def _is_next(link: Link) -> bool:
    if link.node.element.get("rel") == "next" or "fsNextPageLink" in link.node.classes:
        return True
    label = (link.node.element.get("aria-label") or "").lower()
    return bool(link.text and _NEXT.match(link.text)) or label in ("next", "next page", "go to next page")


def _same_list(url: str, here: str) -> bool:
    there, base = urlsplit(url), urlsplit(here)
    if there.netloc != base.netloc:
        return False
    return _list_path(there.path) == _list_path(base.path)


def _list_path(path: str) -> str:
    return _PAGE_PATH.sub("", path).rstrip("/")


def _page_number(url: str, here: str) -> int | None:
    """The page number of an address that differs from this page's in nothing else."""
    there, base = urlsplit(url), urlsplit(here)
    if match := _PAGE_PATH.search(there.path):
        return int(match[1])
    new, old = dict(parse_qsl(there.query)), dict(parse_qsl(base.query))
    changed = {key for key in new.keys() | old.keys() if new.get(key) != old.get(key)}
    if len(changed) != 1:
        return None
    key = changed.pop()
    value = new.get(key, "")
    return int(value) if key.lower() in _PAGE_PARAMETERS and value.isdecimal() and len(value) < 5 else None
