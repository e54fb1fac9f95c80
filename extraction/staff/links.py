"""Which links of a page lead to the list of a school's staff, best first; and where such lists usually stand.

The crawler asks this of home pages and of whatever it reached from there. What the words weigh is in `links.toml`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from urllib.parse import unquote, urljoin, urlsplit

from lxml import html as lxml_html

from extraction.staff.markup import parse_html
from extraction.staff.names import parse_name
from extraction.staff.records import RankedLink
from extraction.staff.spacing import squeeze
from extraction.staff.vocabulary import phrase_pattern, table

LONGEST_LINK_TEXT = 140
_MOST_LINKS = 5000
_FILES = re.compile(r"\.(?:pdf|docx?|xlsx?|pptx?|jpe?g|png|gif|svg|zip|mp4|mp3|ics|ashx)$", re.IGNORECASE)
_WORDS = re.compile(r"[^a-z0-9]+")
SECTION = "a section of this staff page"
"""The reason of a link that leads further into the list, however far the list is from the home page."""
_SECTION_WEIGHT = 4.0
_STAFF_PATH = 3.0
"""What words of a path weigh that say "staff" plainly."""
_MIDDLE = 3.2
"""The weight at which a link is as likely right as wrong."""


def rank_links(html: bytes | str, url: str, *, limit: int = 20, prefix: str | None = None) -> list[RankedLink]:
    """The links of a page that may lead to its staff list, best first.

    Args:
        html: The page.
        url: Its address.
        limit: How many to return at most.
        prefix: The address at which the school's own pages start ("https://district.org/o/school"). Links outside of
            it count only when they stay on its host, and less.

    Returns:
        Links with a positive weight, each address once, with the reasons of its score.
    """
    root = parse_html(html)
    if root is None:
        return []
    base = base_address(root, url)
    best: dict[str, RankedLink] = {}
    for element in list(root.iter("a", "area"))[:_MOST_LINKS]:
        target = _target(element, base, url)
        if target is None:
            continue
        ranked = _rank(target, link_text(element), _menu(element), url, prefix)
        if ranked and (target not in best or ranked.score > best[target].score):
            best[target] = ranked
    # Equal scores keep the order of the page: what stands first in a menu is meant first.
    return sorted(best.values(), key=lambda link: -link.score)[:limit]


def rank_addresses(addresses: Iterable[str], site: str, *, limit: int = 5) -> list[RankedLink]:
    """The addresses of a sitemap that may be staff lists, best first, by the words of their paths below `site`."""
    found = [ranked for address in addresses if (ranked := _rank(address, "", "", site, None))]
    return sorted(found, key=lambda link: (-link.score, len(link.url)))[:limit]


def known_paths(base_url: str) -> list[str]:
    """Addresses below `base_url` at which staff lists usually stand, the most frequent first."""
    start = base_url.split("?", 1)[0].split("#", 1)[0].rstrip("/") + "/"
    return [urljoin(start, path) for path in _paths()]


def _rank(target: str, text: str, menu: str, url: str, prefix: str | None) -> RankedLink | None:
    path = _path_words(target, prefix or url)
    weight, reasons = 0.0, list[str]()
    for kind, where in (("text", text), ("path", path)):
        found = _heaviest(kind, where)
        if found:
            weight += found[0]
            reasons.append(f"{kind}: {found[1].lower()}")
    if _is_section(target, text, url):
        weight += _SECTION_WEIGHT
        reasons.append(SECTION)
    if not reasons:
        return None
    if menu and (found := _heaviest("text", menu)) and found[0] >= 4.5:
        weight += 0.8
        reasons.append(f"menu: {found[1].lower()}")
    spoiled = _heaviest("spoils", text) or _heaviest("spoils", path)
    if spoiled:
        weight += spoiled[0]
        reasons.append(f"spoiled: {spoiled[1].lower()}")
    # Long texts are teasers of news; a menu entry has a few words.
    weight -= 0.12 * max(0, text.count(" ") - 3)
    reach = _reach(target, url, prefix)
    weight += reach
    if reach:
        reasons.append("elsewhere")
    if weight <= 0:
        return None
    return RankedLink(target, text, round(1 / (1 + math.exp(_MIDDLE - weight)), 4), tuple(reasons))


def _is_section(target: str, text: str, url: str) -> bool:
    """Whether a link leads below a staff page, as to its departments, and not to the page of one person."""
    here, there = (unquote(urlsplit(address).path).rstrip("/") for address in (url, target))
    if (
        _host(target) != _host(url)
        or len(here) < 2
        or not there.startswith(here)
        or there[len(here) :][:1] not in "/|-"
    ):
        return False
    staff = _heaviest("path", _WORDS.sub(" ", here.lower()))
    return (
        there != here
        and bool(staff and staff[0] >= _STAFF_PATH)
        and 0 < len(text.split()) <= 5
        and not parse_name(text)
    )


def _heaviest(kind: str, text: str) -> tuple[float, str] | None:
    """The weight of the strongest group of phrases that occurs in the text, and the phrase."""
    for weight, pattern in _patterns(kind):
        if found := pattern.search(text):
            # A text that is the phrase says more than one that contains it.
            whole = kind == "text" and len(found[0]) >= len(text) - 4
            return weight + (0.7 if whole else 0.0), found[0]
    return None


@cache
def _patterns(kind: str) -> tuple[tuple[float, re.Pattern[str]], ...]:
    return tuple((entry["weight"], phrase_pattern(entry["words"])) for entry in table("links")[kind])


@cache
def _paths() -> tuple[str, ...]:
    text = files("extraction.staff").joinpath("known_paths.txt").read_text("utf-8")
    return tuple(line for line in text.splitlines() if line and not line.startswith("#"))


def base_address(root: lxml_html.HtmlElement, url: str) -> str:
    """What the relative links of a page are relative to."""
    base = root.find(".//base")
    href = base.get("href") if base is not None else None
    try:
        return urljoin(url, href) if href else url
    except ValueError:
        return url


def _target(element: lxml_html.HtmlElement, base: str, url: str) -> str | None:
    """The absolute address; fragments are kept only where they are routes of a script application."""
    href = (element.get("href") or "").strip()
    if not href or (href.startswith("#") and not href.startswith(("#/", "#!/"))):
        return None
    try:
        target = urljoin(base, href)
        parts = urlsplit(target)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.netloc or _FILES.search(parts.path):
        return None
    if not parts.fragment.startswith(("/", "!/")):
        target = target.split("#", 1)[0]
    return None if target == url else target


def link_text(element: lxml_html.HtmlElement) -> str:
    """What a link shows, or tells those who cannot see it."""
    text = squeeze(element.text_content())
    if not text:
        images = (image.get("alt") or "" for image in element.iter("img"))
        text = squeeze(element.get("aria-label") or element.get("title") or element.get("alt") or " ".join(images))
    return text[:LONGEST_LINK_TEXT]


def _menu(element: lxml_html.HtmlElement) -> str:
    """The text of the menu entry under which a link stands."""
    parent = element.getparent()
    item = parent.getparent() if parent is not None else None
    for _ in range(3):
        if item is None:
            return ""
        if item.tag == "li":
            first = next(iter(item), None)
            return (
                squeeze(first.text_content())[:60] if first is not None and first.tag in ("a", "span", "button") else ""
            )
        item = item.getparent()
    return ""


def _path_words(target: str, start: str) -> str:
    """The words of an address behind the school's own start, which says nothing ("/schools/news-creek/")."""
    parts = urlsplit(target)
    route = parts.fragment if parts.fragment.startswith(("/", "!/")) else ""
    own = (
        urlsplit(start).path.rpartition("/")[0]
        if start.endswith((".html", ".htm", ".php", "/"))
        else urlsplit(start).path
    )
    path = parts.path.removeprefix(own) if _host(target) == _host(start) else parts.path
    path = re.sub(r"\.(?:html?|php|aspx?|jsp|cfm)$", "", unquote(path), flags=re.IGNORECASE)
    return _WORDS.sub(" ", f"{path} {route}".lower()).strip()


def _reach(target: str, url: str, prefix: str | None) -> float:
    """What a link loses by leaving the school's own pages."""
    there = _host(target)
    if prefix is not None:
        if target.startswith(prefix.rstrip("/")):
            return 0.0
        return -1.0 if there == _host(prefix) else -20.0
    here = _host(url)
    if there == here:
        return 0.0
    return -1.0 if there.endswith("." + here) or here.endswith("." + there) else -2.5


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")
