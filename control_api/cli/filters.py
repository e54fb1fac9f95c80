"""Filters as words of a command: `--where state=TX --where role=principal`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from control_api.cli.client import ApiClient
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


def saved_search(client: ApiClient, kind: str, name: str | None) -> dict[str, Any]:
    """The filter `saved` for a saved search of people or schools by its name; none for no name.

    Raises:
        CliError: there is none of that name and kind that the key's user may see.
    """
    return {} if name is None else {"saved": search_named(client, name, kind)["id"]}


def search_named(client: ApiClient, name: str, kind: str | None = None) -> dict[str, Any]:
    """The saved search of this name.

    Raises:
        CliError: there is none, or none of that kind, that the key's user may see.
    """
    found = client.get("/api/v1/searches", name=name, kind=kind)["items"]
    if not found:
        of = f" of {kind}" if kind else ""
        raise CliError(f"There is no saved search{of} named {name!r}; `title1 searches list` shows which there are.")
    return found[0]
