"""Where on a page of a document a value was printed."""

from __future__ import annotations

import msgspec


class Box(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A rectangle on a page, in points (1/72 inch) from the top left corner of the page as it is displayed."""

    left: float
    top: float
    right: float
    bottom: float

    def __or__(self, other: Box) -> Box:
        """The smallest box around both."""
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )


class Printed(msgspec.Struct, frozen=True, omit_defaults=True):
    """A value as printed, what it means, and where it stands.

    `text` literally occurs inside `box` of the row's page; `value` is its normalized form ("Schoolwide" → "schoolwide",
    "34.50%" → "34.5"). `box` is None only when the value was derived; then `derived_from` says from what.
    """

    text: str
    value: str
    box: Box | None = None
    confidence: float = 1.0
    derived_from: str | None = None
