"""Roles and scopes: what a user, and a key of theirs, may do.

Without the database, so that commands that only name them start quickly.
"""

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


class Scope(StrEnum):
    """The most that an API key may do; it never may more than its user."""

    READ = "read"
    """Look."""
    RUN = "run"
    """Look, upload and run jobs."""
    ADMIN = "admin"
    """Everything that its user may, also make keys."""

    @property
    def role(self) -> Role:
        """The role that a key of this scope has at most."""
        return list(Role)[list(Scope).index(self)]

    def cap(self, role: Role) -> Role:
        """The role that a key of this scope has when its user has `role`."""
        return self.role if role.includes(self.role) else role
