"""What a web page says about the staff of a school."""

from __future__ import annotations

from typing import Literal

import msgspec

PageOutcome = Literal["staff", "no_staff", "needs_browser", "needs_ocr", "blocked"]
EmailState = Literal["published", "form_only", "none"]


class Person(msgspec.Struct, frozen=True, omit_defaults=True):
    """One member of staff as one page shows them. Every value occurs in the person's own block of that page."""

    name: str
    """The name as printed."""
    first: str | None = None
    """What the person is called by, whichever order the name is printed in."""
    last: str | None = None
    middle: str | None = None
    honorific: str | None = None
    suffix: str | None = None
    credentials: tuple[str, ...] = ()
    """Degrees, licences and certificates behind the name."""
    nickname: str | None = None
    """What stands in quotes or brackets within the name."""
    title: str | None = None
    """The job title as printed."""
    role: str = "unknown"
    """A key of `extraction/staff/roles.toml`."""
    subjects: tuple[str, ...] = ()
    """Keys of `extraction/staff/subjects.toml` that title, department or heading name."""
    grades: tuple[str, ...] = ()
    """The grades that they name, of `PK`, `K`, `1` to `12`, lowest first."""
    department: str | None = None
    location: str | None = None
    """The school or building where the list says that they work, as printed."""
    headings: tuple[str, ...] = ()
    """What stands over the person's block, the outermost first."""
    email: str | None = None
    """Lower-cased, decoded; never built from a pattern."""
    email_state: EmailState = "none"
    email_method: str | None = None
    """How the address was published: `mailto`, `cloudflare`, `rot13`, `reversed`, `base64`, `at_words`,
    `character_codes`, `data` (a script's or metadata's value), `text`."""
    phone: str | None = None
    """As printed."""
    phone_e164: str | None = None
    """None where no area code is printed."""
    extension: str | None = None
    profile_url: str | None = None
    snippet: str = ""
    """The text of the person's block, or the 300 characters of it that hold the values; these alone where they are far
    apart."""
    path: str = ""
    """Where the block stands in the page, as an XPath; in data, its script and a JSON path
    (`script#__NUXT_DATA__ $.directories[3]`); where both told something, both, joined by ` + `."""
    page: int | None = None
    """The page of a PDF, from 1; its `path` is then a page and a line."""
    confidence: float = 1.0
    method: str = ""
    """`llm` where the readers were unsure of the block and a model said how to read it; empty for all others."""


class StaffPage(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one page says. `reason` explains the outcome in a sentence for the operator."""

    outcome: PageOutcome
    reason: str
    people: tuple[Person, ...] = ()
    next_pages: tuple[str, ...] = ()
    """Absolute addresses of the further pages of the same list."""
    profiles: tuple[str, ...] = ()
    """Absolute addresses of pages about single people of this list, worth reading for what the list omits."""
    method: str = ""
    """Which reader found the people: `table`, `cards`, `lines`, …; `nuxt_data`, `json_ld`, … for data."""


class RankedLink(msgspec.Struct, frozen=True, omit_defaults=True):
    """A link that may lead to the staff list."""

    url: str
    text: str
    score: float
    """From 0 to 1; comparable within one page."""
    reasons: tuple[str, ...] = ()
