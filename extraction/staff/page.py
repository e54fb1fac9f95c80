"""Read one page: from its bytes to the people it lists, with the reason when it lists none.

Flow: `walk` (lines and elements) → `sections` (what the headings say) → the readers `cms`, `tables`, `cards`, each
with the lines that the ones before it left → `drafts` (evidence, contacts, checks) → `embedded` (what stands in scripts
and metadata, through the same checks) → `StaffPage`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from urllib.parse import urlsplit

from extraction.staff.cards import mine_cards
from extraction.staff.cms import mine_cms
from extraction.staff.document import Document
from extraction.staff.drafts import Draft, Judgement, Verdict, finish
from extraction.staff.embedded.merging import merge_people
from extraction.staff.embedded.reader import EmbeddedStaff, read_embedded
from extraction.staff.labels import names_only_in_labels
from extraction.staff.outcome import judge_empty
from extraction.staff.paging import next_pages, profiles
from extraction.staff.records import Person, StaffPage
from extraction.staff.sections import Sections
from extraction.staff.tables import mine_tables
from extraction.staff.walk import read_document


@dataclass(frozen=True, slots=True)
class StaffReading:
    """What a page says, and how that came about."""

    page: StaffPage
    document: Document
    sections: Sections
    closed: frozenset[int]
    """Lines of tables whose header says that no staff follows."""
    shown: Judgement
    """Of the blocks of the text that a reader took for somebody."""
    data: list[Verdict]
    """On every record of the page's data."""


def read_staff_page(html: bytes | str, url: str, *, encoding: str | None = None) -> StaffPage:
    """What a page says about the staff of a school.

    Args:
        html: The page, as received or decoded.
        url: Its address; links are resolved against it, and its words say what the page is about.
        encoding: The charset of the HTTP header, if it named one.

    Returns:
        The people with evidence, or the reason why there are none.
    """
    return read_with_verdicts(html, url, encoding=encoding).page


def read_with_verdicts(html: bytes | str, url: str, *, encoding: str | None = None) -> StaffReading:
    """As `read_staff_page`, with the verdicts that it rests on."""
    document = read_document(html, url, encoding=encoding)
    if names := names_only_in_labels(document):
        document = read_document(html, url, encoding=encoding, shown_labels=names)
    sections = Sections(document)
    drafts, closed = _mine(document, sections)
    found = finish(drafts, document, sections)
    data = read_embedded(document, sections, html)
    page = _conclude(html, document, drafts, found.people, data)
    return StaffReading(page, document, sections, closed, found, data.verdicts)


def _conclude(
    html: bytes | str, document: Document, drafts: list[Draft], shown: list[Person], data: EmbeddedStaff
) -> StaffPage:
    """The outcome of a page by the people of its text and of its data."""
    people = merge_people(shown, data.people)
    if not people:
        markup = html if isinstance(html, str) else html.decode("latin-1")
        outcome, reason = judge_empty(document, markup, f"{data.search} {data.remark}".strip())
        return StaffPage(outcome, reason)
    where = "listed on" if shown else "listed in the data of"
    reason = f"{len(people)} people are {where} {urlsplit(document.url).netloc or 'the page'}."
    return StaffPage(
        outcome="staff",
        reason=f"{reason} {data.remark if data.people else ''}".strip(),
        people=tuple(people),
        next_pages=tuple(dict.fromkeys((*next_pages(document), *data.next_pages))),
        profiles=profiles(document, people),
        method=Counter(draft.method for draft in drafts).most_common(1)[0][0] if shown else data.method,
    )


def _mine(document: Document, sections: Sections) -> tuple[list[Draft], frozenset[int]]:
    """Every reader in turn; the lines of a block that one of them read are closed to the next.

    Also the lines of tables that list no staff.
    """
    drafts: list[Draft] = []
    taken: set[int] = set()
    closed: set[int] = set()
    for mined in (mine_cms(document), mine_tables(document, closed)):
        drafts.extend(draft for draft in mined if draft.start not in taken)
        taken.update(number for draft in mined for number in range(draft.start, draft.end))
    drafts.extend(mine_cards(document, sections, taken | closed))
    return sorted(drafts, key=lambda draft: draft.start), frozenset(closed)
