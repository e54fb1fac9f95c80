"""Read the data of one page: its blocks → people in them → the same checks as for people in the text."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urldefrag

from extraction.staff.document import Document
from extraction.staff.drafts import Judgement, Verdict, finish
from extraction.staff.embedded.blocks import DataBlock, find_blocks, has_mark, may_hold_data
from extraction.staff.embedded.layout import Layout, Placed
from extraction.staff.embedded.metadata import find_metadata
from extraction.staff.embedded.people import PeopleSearch
from extraction.staff.embedded.turning import data_address, find_turns, next_public_page
from extraction.staff.records import Person
from extraction.staff.sections import Sections

_SOUGHT = "JSON scripts, __NUXT_DATA__, __NEXT_DATA__, clientWorkStateTemp, values of scripts, JSON-LD, microdata"
_MOST_NAMED = 3
"""Places that a reason names."""


@dataclass(frozen=True, slots=True)
class EmbeddedStaff:
    """What the data of a page says about staff."""

    people: list[Person]
    method: str = ""
    next_pages: tuple[str, ...] = ()
    remark: str = ""
    """A sentence on what lies where it is not fetched, empty mostly."""
    search: str = f"The page carries no data of its own; looked for {_SOUGHT}."
    """A sentence on what was looked through when nobody was found."""
    verdicts: list[Verdict] = field(default_factory=list[Verdict])
    """On every record that names somebody."""


def read_embedded(document: Document, sections: Sections, page: str | bytes) -> EmbeddedStaff:
    """The people whom the data of a page lists.

    Args:
        document: The parsed page.
        sections: Its headings.
        page: Its markup, in which marks of data are looked for first.
    """
    blocks: list[DataBlock] = []
    if document.root is not None and may_hold_data(page):
        blocks.extend(find_blocks(document.root.element))
    if has_mark(page, "metadata"):
        blocks.extend(find_metadata(document, sections))
    if not blocks:
        return EmbeddedStaff([])
    searches = [(block, PeopleSearch(block.value, block.name)) for block in blocks]
    records = [Placed(listed, block.place, block.method) for block, found in searches for listed in found.people]
    layout = Layout(records, document)
    found = finish(layout.drafts, layout.document, Sections(layout.document)) if records else Judgement([], [])
    people = found.people
    listing = {record.place for record in records} if people else set[str]()
    next_pages, remark = _turn([block for block in blocks if not people or block.place in listing], document, people)
    return EmbeddedStaff(
        people,
        method=Counter(record.method for record in records).most_common(1)[0][0] if people else "",
        next_pages=next_pages,
        remark=remark,
        search=f"Its data ({_places(blocks)}) lists no staff; looked for {_SOUGHT}.",
        verdicts=found.verdicts,
    )


def _places(blocks: list[DataBlock]) -> str:
    """Where the data stands, what is known by its name first."""
    known_first = sorted(blocks, key=lambda block: block.method == "script_literal")
    places = list(dict.fromkeys(block.place for block in known_first))
    return ", ".join(places[:_MOST_NAMED]) + (" …" if len(places) > _MOST_NAMED else "")


def _turn(blocks: list[DataBlock], document: Document, people: list[Person]) -> tuple[tuple[str, ...], str]:
    """The next pages of the lists, and what is to be said about those that are no pages."""
    pages: dict[str, None] = {}
    hidden: list[str] = []
    for block in blocks:
        turns, lists = find_turns(block.value)
        for address in turns if people else lists:
            if people and (url := next_public_page(address, document)):
                pages.setdefault(url)
            elif place := data_address(address, document):
                hidden.append(place)
    pages.pop(urldefrag(document.url)[0], None)
    if pages or not hidden:
        return tuple(pages), ""
    what = f"The list goes on at {hidden[0]}" if people else f"Its data points to {hidden[0]} for the list"
    return (), f"{what}, which is no page of the site and is not asked."
