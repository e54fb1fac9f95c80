"""Which documents of a page hold the list of a school's staff: PDFs it links to, and spreadsheets it shows or links to.

Handbooks, newsletters, menus, calendars and forms name staff, too, and are never offered: a document must say that it
is a list, by its link or its name. What the words weigh is in `documents.toml`.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Iterator
from html import escape
from urllib.parse import parse_qsl, unquote, urljoin, urlsplit

from lxml import html as lxml_html

from extraction.staff.links import LONGEST_LINK_TEXT, base_address, link_text
from extraction.staff.markup import parse_html
from extraction.staff.records import RankedLink
from extraction.staff.sections import is_staff_page, says_staff
from extraction.staff.spacing import squeeze
from extraction.staff.vocabulary import phrase_pattern, phrases, table

MOST_SCORE = 0.49
"""A document comes behind every page that likely is the list: it is older, and says less."""
FRAMED_SCORE = 0.9
"""A spreadsheet that stands in a frame of a staff page is that page's list."""

_PUBLISHED = re.compile(
    r"^(?:/a/[\w.-]+)?/(?:spreadsheets|document)(?:/u/\d+)?/d/(?:e/[\w-]{20,}/pub(?:html)?|[\w-]{20,}/(?:pubhtml|htmlview|gviz/tq))$"
)
_FORMS_OF_SHEETS = {"tqx": ("out:csv", "out:html"), "output": ("csv", "html", "pdf")}
_PDF = re.compile(r"\.pdf$", re.IGNORECASE)
_MOST_LINKS = 5000
_MIDDLE = 3.2
"""The weight at which a document is as likely right as wrong, as for links to pages."""
_ON_STAFF_PAGE = 3.5
_YEARS = re.compile(r"(?<!\d)(20\d\d)(?:\s?[-–/_]\s?(20\d\d|\d\d))?(?!\d)|(?<!\d)(\d\d)\s?[-–/]\s?(\d\d)(?!\d)")
_SPLIT = re.compile(r"[^A-Za-z0-9&'’]+")
_JOINTS = re.compile(r"(?<=[a-z])(?=[A-Z])")
_HEADINGS = 6
"""Headings of a page that may say what it is."""
_LARGEST_CSV = 4 * 2**20
_MOST_CELLS = 200_000


def staff_documents(html: bytes | str, url: str) -> list[RankedLink]:
    """The documents of a page that may be its staff list, best first; of several years the newest only.

    Args:
        html: The page.
        url: Its address.

    Returns:
        PDFs and published spreadsheets, each address once, with the reasons of its score.
    """
    root = parse_html(html)
    if root is None:
        return []
    base = base_address(root, url)
    lists_staff = _lists_staff(root, url)
    best: dict[str, RankedLink] = {}
    for target, text, framed in _targets(root, base):
        published = is_published(target)
        if not published and (framed or not names_pdf(target)):
            continue
        ranked = _framed(target, text) if framed and lists_staff else _rank(target, text, lists_staff=lists_staff)
        if ranked and (target not in best or ranked.score > best[target].score):
            best[target] = ranked
    return newest(sorted(best.values(), key=lambda link: -link.score))


def newest(documents: Iterable[RankedLink]) -> list[RankedLink]:
    """The documents without those that say that they are of an earlier year than another one."""
    dated = [(document, years_of(document)) for document in documents]
    last = max((years for _, years in dated if years), default=None)
    return [document for document, years in dated if years in (None, last)]


def years_of(document: RankedLink) -> tuple[int, int] | None:
    """The last and the first year that a document says it is of, in its link, else in its name; None for neither."""
    return next((years for text in (document.text, _file_name(document.url)) if (years := _years(text))), None)


def is_published(url: str) -> bool:
    """Whether an address is the published form of a spreadsheet or text of Google's, which anybody may read.

    Addresses of its editor, or behind a sign-in, are none: `/edit`, `/view`, `/preview`.
    Format: https://support.google.com/docs/answer/183965
    """
    parts = urlsplit(url)
    if not _PUBLISHED.match(parts.path) or ("/document/" in parts.path and "/d/e/" not in parts.path):
        return False
    asked = dict(parse_qsl(parts.query))
    return all(asked.get(key, allowed[0]) in allowed for key, allowed in _FORMS_OF_SHEETS.items())


def names_pdf(url: str) -> bool:
    """Whether the path of an address, or the file that its query names, is a PDF."""
    parts = urlsplit(url)
    return bool(_PDF.search(parts.path)) or any(_PDF.search(value) for _, value in parse_qsl(parts.query))


def names_csv(url: str) -> bool:
    """Whether an address is that of a published spreadsheet in CSV."""
    asked = dict(parse_qsl(urlsplit(url).query))
    return is_published(url) and (asked.get("output") == "csv" or asked.get("tqx") == "out:csv")


def csv_page(body: bytes) -> str:
    """A spreadsheet in CSV as a page with one table, for the readers of staff pages."""
    text = body[:_LARGEST_CSV].decode("utf-8-sig", "replace")
    rows: list[str] = []
    cells = 0
    for row in csv.reader(io.StringIO(text)):
        cells += len(row)
        if cells > _MOST_CELLS:
            break
        rows.append("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>")
    return "<html><body><table>\n" + "\n".join(rows) + "\n</table></body></html>"


def _targets(root: lxml_html.HtmlElement, base: str) -> Iterator[tuple[str, str, bool]]:
    """The address and the text of each link and frame, and whether it is a frame."""
    for element in list(root.iter("a", "area", "iframe", "embed", "object"))[:_MOST_LINKS]:
        framed = element.tag not in ("a", "area")
        href = (
            element.get("href") or element.get("src") or element.get("data-src") or element.get("data") or ""
        ).strip()
        try:
            target = urljoin(base, href).partition("#")[0]
        except ValueError:
            continue
        if href and target.startswith(("http://", "https://")):
            text = squeeze(element.get("title") or element.get("aria-label") or "") if framed else link_text(element)
            yield target, text[:LONGEST_LINK_TEXT], framed


def _lists_staff(root: lxml_html.HtmlElement, url: str) -> bool:
    """Whether a page says, in its title, address or first headings, that it lists staff."""
    headings = [squeeze(element.text_content()) for element in list(root.iter("h1", "h2"))[:_HEADINGS]]
    return is_staff_page(squeeze(root.findtext(".//title") or ""), url) or any(map(says_staff, headings))


def _framed(target: str, text: str) -> RankedLink | None:
    if phrases("documents", "never").search(text):
        return None
    return RankedLink(target, text, FRAMED_SCORE, ("framed on a staff page",))


def _rank(target: str, text: str, *, lists_staff: bool) -> RankedLink | None:
    name = _words(_file_name(target))
    if any(phrases("documents", "never").search(where) for where in (text, name)):
        return None
    weight, reasons = 0.0, list[str]()
    for kind, where in (("text", text), ("name", name)):
        if found := _heaviest(where):
            weight += found[0]
            reasons.append(f"{kind}: {found[1].lower()}")
    if not reasons and lists_staff and phrases("documents", "says_nothing").fullmatch(_bare(text)):
        weight, reasons = _ON_STAFF_PAGE, ["on a staff page"]
    if weight < _MIDDLE:
        return None
    score = MOST_SCORE / (1 + math.exp(_MIDDLE - weight))
    return RankedLink(target, text, round(score, 4), tuple(reasons))


def _heaviest(text: str) -> tuple[float, str] | None:
    """The weight of what a text says a document is; "staff" alone must be all that it says."""
    for entry in table("documents")["list"]:
        if found := phrase_pattern(entry["words"]).search(text):
            return entry["weight"], found[0]
    if (bare := _bare(text)) and (found := phrases("documents", "staff").search(bare)) and found.end() == len(bare):
        return table("documents")["staff_weight"], found[0]
    return None


def _bare(text: str) -> str:
    """The text without years and words that say how a document is offered."""
    return squeeze(phrases("documents", "offered").sub(" ", _YEARS.sub(" ", text))).strip(" ,.:()[]-–")


def _file_name(url: str) -> str:
    """The last part of an address's path, or the file that its query names, without its ending."""
    parts = urlsplit(url)
    named = [value for _, value in parse_qsl(parts.query) if _PDF.search(value)]
    last = named[-1] if named else unquote(parts.path).rstrip("/").rpartition("/")[2]
    return _PDF.sub("", last)


def _words(name: str) -> str:
    return _SPLIT.sub(" ", _JOINTS.sub(" ", name)).strip()


def _years(text: str) -> tuple[int, int] | None:
    """The last and first year of a text; of several pairs the latest."""
    found: list[tuple[int, int]] = []
    for match in _YEARS.finditer(text):
        whole, rest, short, next_short = match.groups()
        if whole:
            first = int(whole)
            last = int(rest) if rest and len(rest) == 4 else first // 100 * 100 + int(rest) if rest else first
            found.append((last, first) if last in (first, first + 1) else (first, first))
        elif int(next_short) == int(short) + 1:
            found.append((2000 + int(next_short), 2000 + int(short)))
    return max(found, default=None)
