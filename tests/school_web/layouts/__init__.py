"""The content-management systems of the simulated schools, one module a layout.

Each module offers `ROBOTS` (lines of its robots file beyond the usual), `staff_path(site)`, `frame(site, title, body)`
and `staff_pages(site)`; `layout(name)` returns the four together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.school_web.layouts import blackboard, edlio, finalsite, handtyped, presence, smartsites, wordpress
from tests.school_web.markup import Page, SchoolSite
from tests.school_web.world import LayoutName


@dataclass(frozen=True, slots=True)
class Layout:
    """How one content-management system writes pages."""

    robots: tuple[str, ...]
    staff_path: Callable[[SchoolSite], str]
    frame: Callable[[SchoolSite, str, str], str]
    staff_pages: Callable[[SchoolSite], list[Page]]
    publishes_email: bool = True


_LAYOUTS: dict[LayoutName, Layout] = {
    "finalsite": Layout(finalsite.ROBOTS, finalsite.staff_path, finalsite.frame, finalsite.staff_pages),
    "blackboard": Layout(blackboard.ROBOTS, blackboard.staff_path, blackboard.frame, blackboard.staff_pages),
    "edlio": Layout(edlio.ROBOTS, edlio.staff_path, edlio.frame, edlio.staff_pages, publishes_email=False),
    "smartsites": Layout(smartsites.ROBOTS, smartsites.staff_path, smartsites.frame, smartsites.staff_pages),
    "presence": Layout(presence.ROBOTS, presence.staff_path, presence.frame, presence.staff_pages),
    "wordpress": Layout(wordpress.ROBOTS, wordpress.staff_path, wordpress.frame, wordpress.staff_pages),
    "handtyped": Layout(handtyped.ROBOTS, handtyped.staff_path, handtyped.frame, handtyped.staff_pages),
}


def layout(name: LayoutName) -> Layout:
    """The layout of a name."""
    return _LAYOUTS[name]
