"""Where a district's pages lead to one of its schools: links of all menus, lists of schools, the sitemap.

Pure: facts in, addresses out.
"""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from crawler.discovery.page_facts import Link, PageFacts
from crawler.discovery.school_names import SchoolName
from crawler.discovery.scoring import leads_only, names_school_list
from crawler.domains import registered
from crawler.sitemaps import read_sitemap
from crawler.sites import clean_url, host_name, page_key

MOST_LINKED = 3
_MOST_LISTS = 2
_LONGEST_LABEL = 100
_LEAST_SQUEEZED = 5
"""Letters of a school's own words that a host's label must have in a row to be told from chance."""


def links_to(facts: PageFacts, name: SchoolName, *, by_address: bool) -> list[str]:
    """Returns the addresses that a page links to under a school's name, the surest first.

    A link's own text comes first, then a text such as "Visit site" inside the school's card or row, then, with
    `by_address`, an address whose path or host names the school: on a district's pages that is enough.
    """
    found: dict[str, tuple[int, str]] = {}
    for link in facts.links:
        url = clean_url(link.url)
        sureness = _sureness(link, name, by_address=by_address) if url is not None else None
        if url is not None and sureness is not None:
            known = found.get(page_key(url))
            if known is None or sureness < known[0]:
                found[page_key(url)] = (sureness, url)
    return [url for _, url in sorted(found.values(), key=lambda entry: entry[0])][:MOST_LINKED]


def school_lists(facts: PageFacts) -> list[str]:
    """Returns the addresses of the pages on which a district lists its schools."""
    found = [clean_url(link.url) for link in facts.links if names_school_list(link.text)]
    return list(dict.fromkeys(url for url in found if url is not None))[:_MOST_LISTS]


def sitemap_links(body: bytes, name: SchoolName) -> tuple[list[str], list[str]]:
    """Reads a sitemap: the shortest addresses that name the school, and the sitemaps that it refers to."""
    found = read_sitemap(body)
    homes = dict.fromkeys(home for url in found.pages if (home := _home_in(url, name)) is not None)
    return sorted(homes, key=len)[:MOST_LINKED], found.sitemaps


def _sureness(link: Link, name: SchoolName, *, by_address: bool) -> int | None:
    """Says how a link names the school: 0 by its text, 1 by its block, 2 by its address; None if it does not."""
    if link.text and len(link.text) <= _LONGEST_LABEL and name.is_named_in(link.text):
        return 0
    if name.is_other_school(link.text):
        return None
    if link.near and leads_only(link.text) and name.is_named_in(link.near):
        return 1
    return 2 if by_address and _named_by(link.url, name) else None


def _named_by(url: str, name: SchoolName) -> bool:
    """Whether the last part of a path, or the first label of a sub-domain, names the school."""
    parts = urlsplit(url)
    segments = [unquote(part) for part in parts.path.split("/") if part]
    if segments:
        return len(segments) <= 3 and _slug_names(segments[-1], name)
    return _label_names(host_name(url), name)


def _slug_names(segment: str, name: SchoolName) -> bool:
    """Whether a part of a path is the school's name and nothing else, not "pine-hollow-wins-award"."""
    slug = re.sub(r"[-_+]+", " ", re.sub(r"\.\w{2,5}$", "", segment))
    return bool(name.own) and name.is_named_in(slug) and SchoolName(slug).own <= name.own


def _label_names(host: str, name: SchoolName) -> bool:
    own = "".join(word for word in name.words if word in name.own)
    label = host.removesuffix(registered(host)[1]).rstrip(".") or registered(host)[0]
    return len(own) >= _LEAST_SQUEEZED and own in re.sub(r"[^a-z0-9]", "", label)


def _home_in(url: str, name: SchoolName) -> str | None:
    """Returns an address up to the part of its path that names the school."""
    parts = urlsplit(url)
    segments = [part for part in parts.path.split("/") if part]
    for place, segment in enumerate(segments[:3]):
        if _slug_names(unquote(segment), name):
            return f"{parts.scheme}://{parts.netloc}/{'/'.join(segments[: place + 1])}"
    return None
