"""Legends: lines in which a list explains its own codes ("SW = Schoolwide   TA = Targeted Assistance")."""

from __future__ import annotations

import re
from collections.abc import Iterable

from extraction.schools.fields import title1_status
from extraction.schools.vocabulary import plain

_CODE = re.compile(r"(?<![\w/])([A-Z][A-Z0-9/]{0,5}|\d)\s*(?:=|–|-|:)\s+|(?<![\w/])([A-Z][A-Z0-9/]{0,5}|\d)=(?=\w)")

_SIGNS = frozenset("=–-:")


def legend_of(lines: Iterable[str]) -> dict[str, str]:
    """The Title I status that each explained code stands for, by the code as `plain` gives it.

    Two codes at least have to be explained; one alone may be any line with a dash in it.
    """
    found: dict[str, str] = {}
    for line in lines:
        if _SIGNS.isdisjoint(line):
            continue
        codes = list(_CODE.finditer(line))
        ends = [after.start() for after in codes[1:]] + [len(line)]
        for code, end in zip(codes, ends[: len(codes)], strict=True):
            meaning = line[code.end() : end].strip(" ,;.|")
            status = title1_status(meaning) if meaning else None
            if status is not None:
                found[plain(code[1] or code[2])] = status
    return found if len(found) > 1 else {}
