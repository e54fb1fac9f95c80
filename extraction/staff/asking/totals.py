"""What asking about staff pages has brought, in numbers: in a run's report, a crawl's stats, a job's result."""

from __future__ import annotations

import msgspec

STATS = "asking"
"""What the numbers' names begin with in the stats of a crawl: `asking/pages_asked`."""


class StaffTotals(msgspec.Struct, frozen=True, omit_defaults=True):
    """What asking has brought so far."""

    pages_asked: int = 0
    """Pages with doubtful blocks, whether or not a question about them was sent and answered."""
    pages_unanswered: int = 0
    """Pages of which at least one question brought no answer."""
    blocks_asked: int = 0
    blocks_unanswered: int = 0
    people_added: int = 0
    people_dropped: int = 0
    people_changed: int = 0
    people_confirmed: int = 0
    dropped_values: int = 0
    """Values of answers that their block does not print."""
    dropped_people: int = 0
    """People of answers whose name their block does not print, or who are refused."""
