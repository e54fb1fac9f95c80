"""The strings that a short script joins: what `document.write('<a href="mailto:' + user + '@' + host + '">')` writes.

Only literals, names that were given a string before, and `+` are understood. Joomla's mail cloak and most scripts of
hand-made pages hide addresses in this way; nothing of the script is run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

LONGEST_SCRIPT = 5_000
"""Characters; scripts that hide one address are far shorter."""
_LONGEST_STRING = 500
_TERM = r"""(?:'(?:[^'\\\n]|\\.){0,300}'|"(?:[^"\\\n]|\\.){0,300}"|[A-Za-z_$][\w$]{0,60})"""
_JOINED = re.compile(
    rf"(?:(?P<name>[A-Za-z_$][\w$]{{0,60}})\s{{0,9}}(?P<more>\+?)=\s{{0,9}})?(?P<terms>{_TERM}(?:\s{{0,9}}\+\s{{0,9}}{_TERM})*)"
)
_ONE = re.compile(_TERM)
_ESCAPED = re.compile(r"\\(.)")
_UNKNOWN = "\n"
"""In the place of a name whose value is not known: no address reaches over it."""


def joined_strings(script: str) -> Iterator[str]:
    """Every string that a script joins or keeps, in its order, with character references resolved."""
    if len(script) > LONGEST_SCRIPT or "+" not in script or ("@" not in script and "&#64;" not in script):
        return
    known: dict[str, str] = {}
    for found in _JOINED.finditer(script):
        text = "".join(_value(term[0], known) for term in _ONE.finditer(found["terms"]))[:_LONGEST_STRING]
        if name := found["name"]:
            text = known.get(name, _UNKNOWN) + text if found["more"] else text
            known[name] = text[:_LONGEST_STRING]
        yield text


def _value(term: str, known: dict[str, str]) -> str:
    if term[0] not in "'\"":
        return known.get(term, _UNKNOWN)
    return unescape(_ESCAPED.sub(r"\1", term[1:-1]))
