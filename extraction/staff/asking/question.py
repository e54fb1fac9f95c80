"""The question for doubtful blocks: the blocks alone, with the headings over them, never the page."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Literal, get_args

import msgspec

from extraction.llm.questions import Answer, Question
from extraction.staff.asking.blocks import DoubtfulBlock

BLOCKS_AT_ONCE = 20
"""Models leave out blocks of longer lists."""
_TOKENS_PER_BLOCK = 120
"""Of an answer: a person takes about 60, and servers that indent their JSON twice as many."""
_LONGEST_HEADING = 90
_MOST_HEADINGS = 3
"""The innermost ones."""
_MOST_ADDRESSES = 6

NumberedBlock = tuple[int, DoubtfulBlock]
Kind = Literal["staff", "student", "board", "parent", "nobody"]


class ToldPerson(msgspec.Struct, frozen=True):
    """Somebody as the model tells it; `PEOPLE_SCHEMA` asks for this."""

    name: str
    title: str | None
    department: str | None
    email: str | None
    phone: str | None
    kind: Kind


class BlockAnswer(msgspec.Struct, frozen=True):
    """What the model says of one block."""

    block: int
    people: tuple[ToldPerson, ...]


_TEXT_OR_NULL = {"type": ["string", "null"]}
PEOPLE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["blocks"],
    "properties": {
        "blocks": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["block", "people"],
                "properties": {
                    "block": {"type": "integer"},
                    "people": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "additionalProperties": False,
                            "required": ["name", "title", "department", "email", "phone", "kind"],
                            "properties": {
                                "name": {"type": "string"},
                                "title": _TEXT_OR_NULL,
                                "department": _TEXT_OR_NULL,
                                "email": _TEXT_OR_NULL,
                                "phone": _TEXT_OR_NULL,
                                "kind": {"type": "string", "enum": list(get_args(Kind))},
                            },
                        },
                    },
                },
            },
        }
    },
}


def portions(blocks: Sequence[DoubtfulBlock]) -> list[list[NumberedBlock]]:
    """The blocks with their numbers, from 1, as many at once as a model answers without leaving some out."""
    numbered = list(enumerate(blocks, start=1))
    return [numbered[at : at + BLOCKS_AT_ONCE] for at in range(0, len(numbered), BLOCKS_AT_ONCE)]


def staff_question(blocks: Sequence[NumberedBlock]) -> Question:
    """Ask whom these blocks name."""
    lines: list[str] = []
    headings: tuple[str, ...] = ()
    for number, block in blocks:
        over = block.headings[-_MOST_HEADINGS:]
        if over != headings:
            lines.append("# " + " › ".join(_piece(text)[:_LONGEST_HEADING] for text in over))
            headings = over
        lines.append(f"[{number}] " + " | ".join(_pieces(block)))
    return Question(
        purpose="staff_blocks",
        instructions=_instructions(),
        data="\n".join(lines),
        schema_name="staff_blocks",
        schema=PEOPLE_SCHEMA,
        max_output_tokens=200 + _TOKENS_PER_BLOCK * len(blocks),
        version="staff-1",
    )


def told_people(answer: Answer, asked: Sequence[NumberedBlock]) -> dict[int, tuple[ToldPerson, ...]]:
    """The people of each block that was asked about and answered, each entry checked by itself; the first one counts.

    A block of which an entry makes no sense is left out, as if it had not been answered.
    """
    numbers = {number for number, _ in asked}
    told: dict[int, tuple[ToldPerson, ...]] = {}
    for item in answer.items("blocks"):
        try:
            one = msgspec.convert(item, BlockAnswer)
        except msgspec.ValidationError:
            continue
        if one.block in numbers:
            told.setdefault(one.block, one.people)
    return told


def _pieces(block: DoubtfulBlock) -> list[str]:
    pieces = [_piece(line) for line in block.lines]
    printed = " ".join(block.lines).lower()
    hidden = [found.address for found in block.emails if found.address not in printed][:_MOST_ADDRESSES]
    return [*pieces, "addresses: " + ", ".join(hidden)] if hidden else pieces


def _piece(text: str) -> str:
    return text.replace("|", "/")


@cache
def _instructions() -> str:
    return files("extraction.staff.asking").joinpath("prompts/staff.txt").read_text("utf-8")
