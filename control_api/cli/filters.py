"""Filters as words of a command: `--where state=TX --where role=principal`."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from control_api.cli.errors import CliError


def given_filters(of: str, known: Collection[str], given: Sequence[str]) -> dict[str, str]:
    """The filters by name.

    Raises:
        CliError: one of them is none, or not of this subject.
    """
    found: dict[str, str] = {}
    for one in given:
        name, _, value = one.partition("=")
        if not value or name not in known:
            raise CliError(f"{one!r} is no filter of {of}: NAME=VALUE with one of {', '.join(known)}.", code=2)
        found[name] = value
    return found
