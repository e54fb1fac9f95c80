"""Priorities of jobs. Without the database, so that commands that only name them start quickly."""

from __future__ import annotations

from enum import StrEnum


class Priority(StrEnum):
    """Whose turn comes first among the jobs that wait; see `storage/queries/waiting_rings.sql`."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"

    @property
    def rank(self) -> int:
        """As the table keeps it: the lower, the sooner."""
        return list(Priority).index(self) - 1

    @classmethod
    def of(cls, rank: int) -> Priority:
        """The priority that the table keeps as `rank`."""
        return list(cls)[rank + 1]
