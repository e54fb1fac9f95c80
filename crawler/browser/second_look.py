"""The second look at a school of which the first found hardly anybody although a page needs a browser: those, shown.

The first look is the whole ordinary visit. What it notes (the site, and the pages that a script would fill) is enough
to begin the second one anywhere: at once in a crawl by hand with `browser=1`, or in a process of its own for a job,
which finds it in the target's row. Only pages that the first look has not read are followed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from crawler.browser.settings import browser_settings, why_none
from crawler.middlewares.polite_downloader import SHOWN
from crawler.sites import page_key
from crawler.targets import SchoolTarget
from crawler.visits import Noted, Step, Visit
from extraction.staff.records import StaffPage

_MOST_SHELLS = 20
_HARDLY_ANYBODY = 3
"""People whom a page about the principal or the office names, while the list itself is a shell."""
_PROMISING = 0.5
"""Where somebody was found, only pages that promised a list by at least this score are shown."""


class SecondLook:
    """Whether and how the visits of a crawl go on in a browser.

    Args:
        asked: Whether this crawl was told to show pages (`browser=1`).
        for_job: Whether a job's worker can start another process that shows them.
    """

    def __init__(self, *, asked: bool, for_job: bool) -> None:
        self.asked = asked
        self._none = why_none()
        self.here = asked and self._none is None
        """Whether this process has a browser."""
        self._elsewhere = for_job and not asked and self._none is None

    def judged(self, page: StaffPage, visit: Visit, step: Step, url: str) -> StaffPage:
        """Notes a page that needs a browser; of a page that was shown in one, that is no excuse any more."""
        if page.outcome != "needs_browser":
            return page
        if visit.showing:
            return msgspec.structs.replace(page, outcome="no_staff", reason="A browser showed it, and it names nobody.")
        if len(visit.shells) < _MOST_SHELLS:
            # Shown in the order in which they were asked for: what promised most comes first.
            visit.shells.append(Step(url, "link", step.score, step.depth, step.note))
        return page

    def begin(self, visit: Visit) -> bool:
        """Begins the second look if this is its time and place."""
        shells = _worth_showing(visit)
        if not self.here or visit.showing or not shells:
            return False
        visit.showing, visit.guessed = True, True
        visit.seconds, visit.outcome, visit.reason = 0.0, "", ""
        visit.frontier = shells
        return True

    def spent(self, visit: Visit, seconds: float) -> bool:
        """Whether a visit has had its pages in the browser, or kept its servers busy for so many seconds."""
        return visit.shown >= browser_settings().pages_per_school or visit.seconds >= seconds

    def taken(self, visit: Visit, step: Step | None) -> Step | None:
        """The page that a visit asks for next, shown in the browser if that is where the visit is."""
        if step is None or not visit.showing:
            return step
        visit.shown += 1
        return msgspec.structs.replace(step, shown=True)

    def waits(self, visit: Visit) -> bool:
        """Whether a visit ends for this process only."""
        return self._elsewhere and bool(_worth_showing(visit))

    def explained(self, visit: Visit, reason: str) -> str:
        """The reason of a visit's end, with how to get a browser where one would have shown more."""
        if visit.showing or not _worth_showing(visit):
            return reason
        more = ". More may stand on pages that need a browser." if visit.people else ""
        return f"{reason}{more} {self._none or 'Ask for its pages to be shown: -a browser=1.'}"


def noted(visit: Visit) -> Noted:
    """What a visit leaves for another process."""
    return Noted(visit.site, _worth_showing(visit), visit.people, visit.answered)


def _worth_showing(visit: Visit) -> list[Step]:
    """The pages of a visit that a browser should show, if any."""
    if visit.people:
        enough = len(visit.people) > _HARDLY_ANYBODY
        return [] if enough else [step for step in visit.shells if step.score >= _PROMISING]
    return list(visit.shells) if visit.outcome == "needs_browser" else []


def shown_meta() -> dict[str, Any]:
    """The meta of a request whose page is to be shown.

    When it comes back, its document has been retried, redirected and paced; what is left of a refresh in its markup is
    one that the browser would wait for.
    """
    return {SHOWN: True, "dont_retry": True, "dont_redirect": True, "autothrottle_dont_adjust_delay": True}


def resumed(school: SchoolTarget, left: Noted, visited: Iterable[str], reason: str) -> Visit:
    """The visit of a school as its first look left it."""
    return Visit(
        school,
        site=left.site,
        shells=list(left.shells),
        people=list(left.people),
        answered=left.answered,
        seen=[page_key(url) for url in visited],
        outcome="needs_browser",
        reason=reason,
        guessed=True,
    )
