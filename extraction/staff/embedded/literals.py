"""Values that scripts write down: JSON behind `=`, JSON in `JSON.parse("…")`, and object literals of JavaScript.

Nothing is run. A literal that holds anything but constants is read up to where it stops being one, and left.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import islice
from typing import Any

LARGEST_LITERAL = 4_000_000
"""Characters; what is longer is not read."""
MOST_TRIES = 200
"""Places of one script at which a literal is tried; the scripts of 72 measured pages have up to 61."""
DEEPEST_VALUE = 60
"""Levels below which no staff list was ever seen. What nests deeper is not read."""

_NAMED = r"(?<![\w$])(?P<name>[\w$]{1,60}+)[\"']?\]?\s*+"
_PARSED = re.compile(
    rf"(?:{_NAMED}[=:]\s*)?JSON\.parse\(\s*(?P<text>\"(?:[^\"\\]++|\\.)*+\"|'(?:[^'\\]++|\\.)*+'|`(?:[^`\\]++|\\.)*+`)",
    re.DOTALL,
)
_START = re.compile(rf"{_NAMED}[=:(]\s*(?=[\[{{])")
_FUNCTION = re.compile(rf"{_NAMED}=\s*\(?\s*function\s*\((?P<names>[\w$,\s]*)\)\s*\{{")
_CALL = re.compile(r"\s*;?\s*\}\s*\)?\s*\(")
_RETURN = re.compile(r"return\s*(?=[\[{])")
_ESCAPE = re.compile(
    r"\\(?:u\{(?P<long>[0-9a-fA-F]{1,6})\}|u(?P<four>[0-9a-fA-F]{4})|x(?P<two>[0-9a-fA-F]{2})|(?P<one>.))", re.DOTALL
)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": ""}
_TOKEN = re.compile(
    r"""\s*+(?:(?P<mark>[\[\]{}(),:])
    |(?P<text>"(?:[^"\\\n]++|\\.)*+"|'(?:[^'\\\n]++|\\.)*+'|`(?:[^`\\$]++|\\.)*+`)
    |(?P<number>-?(?:0[xX][0-9a-fA-F]+|\d*\.?\d+(?:[eE][+-]?\d+)?)\.?)
    |(?P<word>!0|!1|void\ 0|[A-Za-z_$][\w$]*+)
    |(?P<comment>//|/\*))""",
    re.DOTALL | re.VERBOSE,
)
_TRUTHS = {"true": True, "false": False, "!0": True, "!1": False}
_CONSTANTS = _TRUTHS | dict.fromkeys(("null", "undefined", "NaN", "void 0"))
_CLOSING = {"[": "]", "{": "}", "(": ")"}
_KEYS = ("text", "number", "word")


def find_literals(script: str) -> Iterator[tuple[str, Any]]:
    """The constant values of a script that hold objects, each with the name that it is assigned to.

    The cost is linear in the length of the script: what was read is not read again, and all tries together read no more
    than a few times its characters.
    """
    if len(script) > LARGEST_LITERAL:
        return
    spans: dict[int, int] = {}
    for name, value, start, end in [*_parsed_texts(script), *_called_functions(script)]:
        spans[start] = end
        yield name, value
    starts = sorted(spans)
    position, tries, budget = 0, 0, 4 * len(script) + 10_000
    while tries < MOST_TRIES and budget > 0 and (start := _START.search(script, position)):
        around = bisect_right(starts, start.start()) - 1
        if around >= 0 and start.start() < spans[starts[around]]:
            position = spans[starts[around]]
            continue
        value, end, complete = read_literal(script, start.end())
        tries, budget = tries + 1, budget - (end - start.end())
        if complete:
            yield start["name"], value
        # Inside of what is no literal there may be one: `init({mount: function () {}, staff: [...]})`.
        position = end if complete else start.end() + 1


def _parsed_texts(script: str) -> Iterator[tuple[str, Any, int, int]]:
    """`JSON.parse("…")`: name, value, where it begins and ends."""
    for found in _PARSED.finditer(script):
        value = decode_json(unescape(found["text"][1:-1]))
        if isinstance(value, dict | list):
            yield found["name"] or "JSON.parse", value, found.start(), found.end()


def decode_json(text: str) -> Any:
    """The value of a JSON text; None for what is none, is too long, or nests too deep to be read."""
    if len(text) > LARGEST_LITERAL:
        return None
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None


def unescape(text: str) -> str:
    r"""The content of a string literal of JavaScript: `\"`, `\n`, `\x27`, `\u0027`, `\u{1f600}`.

    >>> unescape(r"it\u0027s \"here\"")
    'it\'s "here"'
    """
    if "\\" not in text:
        return text
    plain = _ESCAPE.sub(_escaped, text)
    # Pairs of surrogates are one character; single ones are dropped.
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "ignore")


def _escaped(match: re.Match[str]) -> str:
    code = match["long"] or match["four"] or match["two"]
    if code:
        number = int(code, 16)
        return chr(number) if number < 0x110000 else ""
    return _LETTERS.get(match["one"], match["one"])


def read_literal(script: str, start: int, names: dict[str, Any] | None = None) -> tuple[Any, int, bool]:
    """The literal that begins at a place.

    Args:
        script: The text around it.
        start: Where its bracket stands.
        names: The values of identifiers that may stand in it.

    Returns:
        The value, where reading ended, and whether the literal was complete.
    """
    return _Literal(script, start, {} if names is None else names).read()


def _called_functions(script: str) -> Iterator[tuple[str, Any, int, int]]:
    """`window.__NUXT__=(function(a,b){return {…}}("x",null))`: the constants of the call stand for the names."""
    functions = list(islice(_FUNCTION.finditer(script), MOST_TRIES))
    ends = [*(following.start() for following in functions[1:]), len(script)]
    for found, last in zip(functions, ends, strict=False):
        # The nearest function before the word is the one that returns.
        returned = _RETURN.search(script, found.end(), last)
        if returned is None:
            continue
        _, end, complete = read_literal(script, returned.end(), _Any())
        call = _CALL.match(script, end) if complete else None
        if call is None:
            continue
        arguments, end, complete = read_literal(script, call.end() - 1)
        if not complete:
            continue
        parameters = [name.strip() for name in found["names"].split(",")]
        value, _, complete = read_literal(script, returned.end(), dict(zip(parameters, arguments, strict=False)))
        if complete:
            yield found["name"], value, found.start(), end


class _Any(dict[str, Any]):
    """Every identifier is known: for a look at where a literal ends."""

    def __contains__(self, key: object) -> bool:
        return True

    def __missing__(self, key: str) -> None:
        return None


class _Literal:
    """One pass over the tokens with an explicit stack of the containers that are open."""

    def __init__(self, script: str, start: int, names: dict[str, Any]) -> None:
        self.script = script
        self.names = names
        self.position = start
        self.open: list[tuple[str, list[Any] | dict[str, Any]]] = []
        self.key: list[str | None] = []
        self.root: Any = None
        self.is_due = True
        """Whether a value may stand here, and not a comma."""

    def read(self) -> tuple[Any, int, bool]:
        while match := _TOKEN.match(self.script, self.position):
            kind, token = match.lastgroup or "", match[match.lastgroup or 0]
            begin, self.position = match.start(kind), match.end()
            if kind == "comment":
                if not self._skip_comment(token):
                    return None, begin, False
                continue
            if not (self._mark(token) if kind == "mark" else self._constant(kind, token)):
                return None, begin, False
            if not self.open:
                return self.root, self.position, True
        return None, self.position, False

    def _skip_comment(self, opening: str) -> bool:
        end = "\n" if opening == "//" else "*/"
        found = self.script.find(end, self.position)
        self.position = found + len(end)
        return found >= 0

    def _mark(self, mark: str) -> bool:
        if mark in _CLOSING:
            return self._open(mark)
        if mark == ",":
            allowed = bool(self.open) and self.key[-1] is None and not self.is_due
            self.is_due = True
            return allowed
        # A colon is read together with its key.
        if mark == ":" or not self.open:
            return False
        self.is_due = False
        return self.key.pop() is None and _CLOSING[self.open.pop()[0]] == mark

    def _open(self, mark: str) -> bool:
        # An opening round bracket is the list of arguments of a call, and only ever the outermost.
        if (mark == "(" and self.open) or len(self.open) >= DEEPEST_VALUE:
            return False
        container: list[Any] | dict[str, Any] = {} if mark == "{" else []
        if not self.open:
            self.root = container
        elif not self._add(container):
            return False
        self.open.append((mark, container))
        self.key.append(None)
        self.is_due = True
        return True

    def _constant(self, kind: str, token: str) -> bool:
        if not self.open:
            return False
        if self.open[-1][0] == "{" and self.key[-1] is None:
            return self.is_due and self._read_key(kind, token)
        if kind == "text":
            return self._add(unescape(token[1:-1]))
        if kind == "number":
            return self._add(_number(token))
        if token in _CONSTANTS:
            return self._add(_CONSTANTS[token])
        return token in self.names and self._add(self.names[token])

    def _read_key(self, kind: str, token: str) -> bool:
        colon = _TOKEN.match(self.script, self.position)
        if colon is None or colon["mark"] != ":" or kind not in _KEYS:
            return False
        self.position = colon.end()
        self.key[-1] = unescape(token[1:-1]) if kind == "text" else token
        return True

    def _add(self, value: Any) -> bool:
        if not self.is_due:
            return False
        container, key = self.open[-1][1], self.key[-1]
        if isinstance(container, dict):
            if key is None:
                return False
            container[key] = value
            self.key[-1] = None
        else:
            container.append(value)
        self.is_due = False
        return True


def _number(token: str) -> int | float | str:
    try:
        return int(token, 0) if token.lstrip("-").isdigit() or "x" in token.lower() else float(token)
    except ValueError:
        return token
