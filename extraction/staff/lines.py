"""What one line of a page says: a name alone, a name with a title, a labelled value, a button, or prose."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import zip_longest

from extraction.staff.document import Line, Node, Piece
from extraction.staff.emails import without_addresses
from extraction.staff.name_parts import begins_family, is_stopped, key_of
from extraction.staff.names import IN_COMPANY, PersonName, parse_name
from extraction.staff.phones import find_phones
from extraction.staff.roles import UNKNOWN, role_of
from extraction.staff.spacing import squeeze
from extraction.staff.vocabulary import given_names, phrases, table, words

SURE = 0.85
"""The likelihood of a text that is a name whatever stands around it."""
LONGEST_TITLE = 110
LONGEST_LINE = 180
"""Characters; a line with a name, a title and contacts stays below, prose does not."""

_SEPARATOR = re.compile(r"\s+[-–—|•·:~]+\s+|\s*[–—|•]\s*|:\s*|,\s+|\s+-|-\s+|\s*\(|\t|\s+/\s+|\.{3,}\s*")
_EMPTY_BRACKETS = re.compile(r"\(\s*\)|\[\s*\]|<\s*>")
_EDGES = " \t,;:|-–—•·~/.…()"
_NEXT_NAME = re.compile(r"\s*[,;]\s*(?:(?:and|&)\s+)?|\s+(?:and|&|/)\s+")
_MARK = re.compile(r"[,;&/]|\band\b")
_NEXT_TURNED = re.compile(r"\s*;\s*")
_LONGEST_LIST = 600
_ODD_SHARE = 0.25
"""Of the names behind each other, those that read as none and are left out."""
_LABEL = re.compile(r"^([A-Za-z][A-Za-z /-]{1,18}?)\s*:\s*(.*)$")
_LABEL_BEHIND = re.compile(
    r"(?:[,;|/(–-]\s*)?\b(?:e-?mail|phone|tel|telephone|office|cell|ext|fax|ph)\b\s*[.:]*\s*[)]?\s*$", re.IGNORECASE
)
_GRADE = re.compile(
    r"^(?:grades?\s*)?(?:pre-?k|tk|pk|k|[1-9]|1[0-2])(?:st|nd|rd|th)?(?:\s*[-–/&]\s*(?:k|[1-9]|1[0-2])(?:st|nd|rd|th)?)?(?:\s+grade)?$",
    re.IGNORECASE,
)
_ROOM = r"(?:room|rm|portable|port|classroom|bldg|ext|x)\b\.?\s*#?\s*[A-Za-z]?-?\d{1,5}[A-Za-z]?"
_ONLY_ROOM = re.compile(_ROOM, re.IGNORECASE)
_BESIDE_ROOM = re.compile(rf"^{_ROOM}\s*[-–—|,:;]+\s*|\s*[-–—|,:;]+\s*{_ROOM}$", re.IGNORECASE)
_LETTERS = re.compile(
    r"(?:last names?:?\s*)?\(?[A-Z][A-Za-z]{0,3}\s*(?:[-–—]|to|thru)\s*[A-Z][A-Za-z]{0,3}\)?", re.IGNORECASE
)
"""Whose surnames somebody looks after: "A–F", "Last names Da - Hi"."""
_LONGEST_LABEL = 40
_GIVEN = re.compile(r"\S+(?: \w\.?)?")
"""A given name, with an initial perhaps."""
_GRADES = re.compile(r"[1-9]\s*[-–/&]\s*(?:[2-9]|1[0-2])")
"""Two grades without a word."""
_CLASS_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_PROSE = re.compile(
    r"\b(?:is|was|has|have|had|are|were|will|i|i'm|my|we|he|she|they|his|her|joined|received|earned|enjoys|loves|lives|born)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Reading:
    """A line that names a person."""

    line: Line
    name: PersonName
    title: str | None
    node: Node
    """The innermost element around the name."""


def read_line(line: Line) -> Reading | None:
    """The person that a line names, with the title if the line has it; None for every other line."""
    if not line.text or len(line.text) > LONGEST_LINE:
        return None
    label = labelled(line.text)
    text = bare_text(label[1] if label and label[0] == "name" else line.text)
    name = _name_within(text, line.text)
    first = parse_name(line.pieces[0].text) if name and len(line.pieces) > 1 else None
    # "<b>Jane Doe</b> Lark Hollow" has the shape of one long name; its markup says where the name ends.
    if name and not (first and _goes_on(first, name)):
        return Reading(line, name, None, _node_of(line, name))
    for split in (_by_pieces, _by_separators, _behind_label):
        if found := split(line, text):
            name, title = found
            return Reading(line, name, title, _node_of(line, name))
    return None


def _goes_on(first: PersonName, whole: PersonName) -> bool:
    """Whether the name of a line's first piece is all of the name, and what follows is something else."""
    rest = whole.text.removeprefix(first.text)
    return first.text != whole.text and (whole.text.count(" ") > 2 or is_title(rest.strip(" ,;:|-–—")))


def read_names(line: Line) -> list[Reading]:
    """The people that one line names behind each other; none for a line that names one person or nobody."""
    return [Reading(line, name, title, _node_of(line, name)) for name, title in split_names(line.text)]


def split_names(text: str) -> list[tuple[PersonName, str | None]]:
    """The names of a text that lists nothing else, as in "1st Grade: Mrs. Roe, Ms. Poe and Mr. Loe", with that title.

    Two names with a comma between them are "Last, First" unless both are names for sure.
    """
    if len(text) > _LONGEST_LIST or not _MARK.search(text):
        return []
    lead, colon, rest = text.partition(":")
    if colon and not is_title(lead.strip()) and not phrases("sections", "staff").search(lead):
        # What the names stand behind says that they are something else: authors, sponsors.
        return []
    title = lead.strip() if colon and is_title(lead.strip()) else None
    text = bare_text(rest if colon else text)
    parts = [part for part in (_NEXT_TURNED if ";" in text else _NEXT_NAME).split(text) if part]
    parsed = [parse_name(part) for part in parts]
    names = [name for name in parsed if name and name.likelihood > IN_COMPANY]
    odd = [part for part, name in zip(parts, parsed, strict=True) if name not in names]
    if len(names) < (3 if odd else 2) or len(odd) > _ODD_SHARE * len(parts) or parts[0] in odd:
        return []
    if any(not word[0].isupper() for part in odd for word in part.split()):
        return []
    if len(names) == 2 and "," in text and ";" not in text and not all(name.likelihood >= SURE for name in names):
        return []
    return [(name, title) for name in names]


def split_text(text: str) -> tuple[PersonName, str | None] | None:
    """A name, or a name and a title, of a text without markup, such as a table cell."""
    bare = bare_text(text)
    if name := _name_within(bare, text):
        return name, None
    return _separate(bare)


def _name_within(bare: str, printed: str) -> PersonName | None:
    """The name that a text is, without its addresses and numbers; what stood around one of these is no one name."""
    name = parse_name(bare)
    return name if name and name.text in squeeze(printed) else None


# A cell is asked what it is by several votes, and titles repeat on a page.
@lru_cache(maxsize=8192)
def bare_text(text: str) -> str:
    """The text without addresses, telephone numbers and the labels that stood before them."""
    text = _EMPTY_BRACKETS.sub(" ", without_addresses(text.replace("[email protected]", " ")))
    for phone in reversed(find_phones(text)):
        text = text[: phone.start] + " " + text[phone.end :]
    return squeeze(_LABEL_BEHIND.sub("", squeeze(text))).strip(" \t,;:|-–—•·~/")


@lru_cache(maxsize=8192)
def is_title(text: str) -> bool:
    """Whether a short text says what somebody does."""
    return len(text) <= LONGEST_TITLE and not is_prose(text) and (role_of(text) != UNKNOWN or bool(_GRADE.match(text)))


def is_prose(text: str) -> bool:
    """Sentences, quotations and long texts."""
    count = text.count(" ") + 1
    if count > 14 or text.startswith(('"', "“", "”")):
        return True
    return count > 4 and (bool(_PROSE.search(text)) or text.endswith((".", "!", "?")))


def labelled(text: str) -> tuple[str, str] | None:
    """The kind of value and the value of "Title: Teacher"; None where the line has no label that is known."""
    found = _LABEL.match(text) if ":" in text else None
    kind = _labels().get(found[1].strip().lower()) if found else None
    return (kind, found[2].strip()) if found and kind else None


def labelled_values(lines: tuple[Line, ...]) -> Iterator[tuple[str, str, Line]]:
    """Kind, value and line of every value behind a label, also where the label has a line of its own."""
    waiting: str | None = None
    for line in lines:
        label = labelled(line.text)
        if label and label[1]:
            yield *label, line
        elif waiting and line.text and not label:
            yield waiting, line.text, line
        head = _labels().get(line.text.lower()) if line.node.tag in ("th", "dt") else None
        waiting = head or (label[0] if label and not label[1] else waiting if not line.text else None)


def said_by_class(node: Node) -> str | None:
    """The kind of value that the class of an element names: `title` for `<p class="staff-title">`."""
    return next((kind for name in reversed(node.classes) if (kind := _kind_of_class(name))), None)


@lru_cache(maxsize=4096)
def _kind_of_class(name: str) -> str | None:
    kinds = _class_words()
    if words("lines", "titles_of_pages") & {word.lower() for word in _CLASS_WORD.findall(name)}:
        return None
    return next((kind for word in reversed(_CLASS_WORD.findall(name)) if (kind := kinds.get(word.lower()))), None)


def is_noise(text: str) -> bool:
    """Buttons, empty labels, rooms, and texts without a letter."""
    bare = text.strip(_EDGES + "»›>→[]").lower()
    return bare in _noise() or bare in _labels() or not any(c.isalpha() for c in bare) or _is_room(bare)


def _is_room(text: str) -> bool:
    return any(c.isdigit() for c in text[-2:]) and bool(_ONLY_ROOM.fullmatch(text))


def invites(text: str) -> bool:
    """Whether a line speaks to the visitor ("Meet your counselor"), so that it is nobody's title."""
    return text.partition(" ")[0].lower() in words("lines", "invitations") and " " in text


def is_vacancy(text: str) -> bool:
    """A post that nobody holds, or a room that stands in the place of a person."""
    return bool(phrases("sections", "vacancies").fullmatch(text.strip(_EDGES))) or bool(
        re.match(r"(?:vacan(?:t|cy)|tb[da]|open position)\b", text.strip(_EDGES), re.IGNORECASE)
    )


def is_off_title(text: str) -> bool:
    """The title of somebody who does not work at the school."""
    lower = text.lower()
    if words("sections", "off_title_words") & {lower.rpartition(" ")[2], lower.partition(",")[0]}:
        return True
    return bool(phrases("sections", "off_titles").search(text)) and not phrases("sections", "off_except").search(text)


@cache
def _class_words() -> dict[str, str]:
    return {word: kind for kind, classes in table("lines")["classes"].items() for word in classes}


@cache
def _labels() -> dict[str, str]:
    return {label: kind for kind, labels in table("lines")["labels"].items() for label in labels}


@cache
def _noise() -> frozenset[str]:
    return frozenset(table("lines")["noise"]["lines"])


def _by_pieces(line: Line, _: str) -> tuple[PersonName, str | None] | None:
    """A name in an element of its own ("<b>Jane Doe</b> Principal"), before or behind its title."""
    pieces = [p for p in line.pieces if said_by_class(p.node) != "department" and not _is_button(p)]
    texts = [squeeze(without_addresses(piece.text)) for piece in pieces]
    for cut in range(1, len(texts)):
        left, right = (_trim(squeeze(" ".join(part))) for part in (texts[:cut], texts[cut:]))
        if (name := parse_name(left)) and not _is_title_before_name(left, right):
            return _with_title(name, bare_text(right))
        name = parse_name(bare_text(right))
        if name and is_title(left):
            return name, left
    return None


def _is_button(piece: Piece) -> bool:
    """Whether a piece is a link that tells what it does: "Send E-mail", "[web]"."""
    node, above = piece.node, piece.node.parent
    return (node.tag == "a" or (above is not None and above.tag == "a")) and is_noise(piece.text)


def _is_title_before_name(left: str, right: str) -> bool:
    """Whether the first of two texts that read as names is the title of the second: "JV Coach: Jane Doe"."""
    return is_title(left) and not is_title(right) and parse_name(bare_text(right)) is not None


def _by_separators(_: Line, text: str) -> tuple[PersonName, str | None] | None:
    return _separate(text)


def _behind_label(line: Line, text: str) -> tuple[PersonName, str | None] | None:
    """Somebody behind letters ("A–F: Jane Doe") or, beside contacts, behind a task ("Bus stops: Jane Doe")."""
    if ":" not in text:
        return None
    label, _, rest = (part.strip() for part in text.partition(":"))
    if not rest or len(label) > _LONGEST_LABEL or is_prose(label) or is_prose(rest):
        return None
    if not (_LETTERS.fullmatch(label) or line.emails or find_phones(line.text)):
        return None
    name = parse_name(rest)
    return (name, None) if name else _separate(rest)


def _separate(text: str) -> tuple[PersonName, str | None] | None:
    matches = [*_SEPARATOR.finditer(text)]
    for match, after in zip_longest(matches, matches[1:]):
        left, right = text[: match.start()].strip(" ,"), text[match.end() :]
        right = right.strip(" ,;:)") if "(" in match[0] else _trim(right)
        if not left or not right:
            continue
        if (name := parse_name(left)) and not _is_title_before_name(left, right):
            if (
                match[0].strip() == ","
                and after
                and _is_given(text[match.end() : after.start()].strip(), left, after[0])
            ):
                continue
            if match[0].strip() in (",", "/", "") and not is_title(right):
                continue
            if is_prose(right):
                return None
            return _with_title(name, right)
        name = parse_name(right)
        if name and is_title(left) and not is_prose(left):
            return name, left
    return None


def _is_given(text: str, family: str, after: str) -> bool:
    """Whether what stands behind a comma is the given name to a family's of several words: "De La Cruz, Ana – Nurse".

    A place may stand there as well ("Sven Aldrich, Rose, grade 5"), but then a comma comes after it.
    """
    first = family.partition(" ")[0]
    if (
        "," in after
        or not _GIVEN.fullmatch(text)
        or is_title(text)
        or is_stopped(text)
        or key_of(first) in given_names()
    ):
        return False
    is_known = key_of(text.partition(" ")[0]) in given_names()
    return is_known or (begins_family(first) and parse_name(f"{family}, {text}") is not None)


def _trim(text: str) -> str:
    """The text without marks around it, but for the last point of "P.E."."""
    bare = text.strip(_EDGES)
    return f"{bare}." if "." in bare.rpartition(" ")[2] and f"{bare}." in text else bare


def _with_title(name: PersonName, title: str) -> tuple[PersonName, str | None] | None:
    title = _BESIDE_ROOM.sub("", title.strip(" ,;:|-–—•·~/"))
    if title.startswith("(") and title.endswith(")"):
        title = title[1:-1].strip()
    if is_prose(title):
        return None
    if not title or (is_noise(title) and not _GRADES.fullmatch(title)) or len(title) > LONGEST_TITLE:
        return name, None
    return name, title


def _node_of(line: Line, name: PersonName) -> Node:
    """The element of the pieces that spell the name."""
    for piece in line.pieces:
        if name.text in squeeze(piece.text):
            return piece.node
    return _around(line.pieces, name) or line.node


def _around(pieces: tuple[Piece, ...], name: PersonName) -> Node | None:
    first_word = name.text.split()[0]
    return next((p.node.parent or p.node for p in pieces if first_word in p.text), None)
