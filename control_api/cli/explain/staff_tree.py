"""`title1 extract staff --explain`: how a page was read, as a tree for the terminal."""

from __future__ import annotations

from typing import Any

from rich.text import Text
from rich.tree import Tree

from extraction.staff.explanation import Block, StaffExplanation


def staff_tree(file: str, explanation: StaffExplanation) -> Tree:
    """The outcome of a page, and below it every block that names somebody."""
    page = explanation.page
    tree = Tree(Text(f"{file}: {page.outcome}: {page.reason}"))
    for block in explanation.blocks:
        branch = tree.add(_head(block))
        for words in _told(block, explanation.enough):
            branch.add(Text(words))
    return tree


def asked_tree(asked: list[dict[str, Any]]) -> Tree:
    """The blocks about which a model was asked, each with the answer and what came of it."""
    tree = Tree(Text(f"asked the model about {len(asked)} doubtful blocks"))
    for block in asked:
        found = block["found"] or "nobody"
        was = f"{found}, {'kept' if block['kept'] else 'left out'}" if block["found"] else "nobody was read"
        result = block["result"].replace("_", " ")
        branch = tree.add(Text.assemble((found, "bold"), f" [{block['doubt'].replace('_', ' ')}] {was} → {result}"))
        branch.add(Text("shown: " + " | ".join(block["lines"])))
        for said in block["said"] or ["nobody, or nothing"]:
            branch.add(Text(f"answered: {said}"))
        branch.add(Text("now: " + (", ".join(block["people"]) or "nobody")))
    return tree


def _head(block: Block) -> Text:
    told = "kept" if block.kept else "left out"
    head = Text.assemble(f"{block.number} ", (block.name, "bold"), f" [{block.reader}] ")
    return head.append(told, "green" if block.kept else "yellow").append(f": {_reason(block)}" if block.reason else "")


def _reason(block: Block) -> str:
    return f"{block.reason} (block {block.same_as})" if block.same_as else block.reason


def _told(block: Block, enough: float) -> list[str]:
    told: list[str] = [*block.paths] if block.page else []
    if block.headings:
        told.append("under " + " › ".join(block.headings))
    if block.values:
        told.append("; ".join(f"{key}: {value}" for key, value in block.values.items()))
    if block.evidence is not None:
        sign = "≥" if block.evidence >= enough else "<"
        weights = " + ".join(f"{weight:.2f} {words}" for words, weight in block.weights)
        told.append(f"{block.evidence:.2f} {sign} {enough:.2f} = {weights}")
    return [*told, *block.notes]
