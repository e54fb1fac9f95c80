"""The content-management systems of the simulated schools, one module a layout.

Each module offers `ROBOTS` (lines of its robots file beyond the usual), `staff_path(site)`, `frame(site, title, body)`
and `staff_pages(site)`; `layout(name)` returns the four together, and what a reader needs to see the list.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Literal

from tests.school_web.layouts import (
    apptegy,
    blackboard,
    edlio,
    eschoolview,
    finalsite,
    foxbright,
    googlesites,
    handtyped,
    nuxtshell,
    pdf,
    presence,
    sharpschool,
    sheet,
    smartsites,
    socs,
    wordpress,
)
from tests.school_web.markup import Page, SchoolSite
from tests.school_web.world import LayoutName

Need = Literal["page", "browser", "pdf", "sheet", "challenge"]
"""What it takes to read a staff list: its pages as they are sent, a browser that runs their scripts, a document, a
spreadsheet on another host; behind a challenge nobody can, but a person."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How one content-management system writes pages."""

    robots: tuple[str, ...]
    staff_path: Callable[[SchoolSite], str]
    frame: Callable[[SchoolSite, str, str], str]
    staff_pages: Callable[[SchoolSite], list[Page]]
    publishes_email: bool = True
    needs: Need = "page"


def _layout(module: ModuleType, *, publishes_email: bool = True, needs: Need = "page") -> Layout:
    return Layout(module.ROBOTS, module.staff_path, module.frame, module.staff_pages, publishes_email, needs)


_LAYOUTS: dict[LayoutName, Layout] = {
    "finalsite": _layout(finalsite),
    "blackboard": _layout(blackboard),
    "edlio": _layout(edlio, publishes_email=False),
    "smartsites": _layout(smartsites),
    "presence": _layout(presence),
    "wordpress": _layout(wordpress),
    "handtyped": _layout(handtyped),
    "apptegy": _layout(apptegy),
    "nuxtshell": _layout(nuxtshell, needs="browser"),
    "sharpschool": _layout(sharpschool, needs="browser"),
    "eschoolview": _layout(eschoolview, publishes_email=False),
    "googlesites": _layout(googlesites),
    "foxbright": _layout(foxbright),
    "socs": _layout(socs),
    "pdf": _layout(pdf, needs="pdf"),
    "sheet": _layout(sheet, needs="sheet"),
}


def layout(name: LayoutName) -> Layout:
    """The layout of a name."""
    return _LAYOUTS[name]
