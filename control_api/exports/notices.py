"""What goes with each file: notices on responsible use (`notices.toml`), for all schools or for those of a state."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

import msgspec

NOTICES_PATH = "/api/v1/notices"
_FILE = Path(__file__).with_name("notices.toml")


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One notice."""

    code: str
    text: str
    source: str
    """Where to read on."""
    states: list[str] = []
    """The states whose schools it concerns; none: all."""


@cache
def all_notices() -> tuple[Notice, ...]:
    """Every notice there is."""
    return tuple(msgspec.convert(tomllib.loads(_FILE.read_text(encoding="utf-8"))["notice"], list[Notice]))


@cache
def notice_codes(state: str) -> tuple[str, ...]:
    """The codes of the notices for schools of a state, without those that concern all."""
    return tuple(notice.code for notice in all_notices() if state in notice.states)


def notice_lines() -> list[str]:
    """All notices as lines of text, as they go with a file."""
    return [f"{_head(notice)}: {notice.text} [{notice.source}]" for notice in all_notices()]


def _head(notice: Notice) -> str:
    return f"{notice.code} ({', '.join(notice.states)})" if notice.states else notice.code
