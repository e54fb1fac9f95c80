"""Roles: what a user may do. Without the database, so that commands that only name them start quickly."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a user may do; each role may do what the ones before it may."""

    VIEWER = "viewer"
    """Look at everything of the organization."""
    OPERATOR = "operator"
    """Upload documents and run jobs."""
    ADMIN = "admin"
    """Manage users, keys and budgets."""

    def includes(self, other: Role) -> bool:
        """Whether this role may do what `other` may."""
        order = list(Role)
        return order.index(self) >= order.index(other)
