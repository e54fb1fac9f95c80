"""`title1 extract staff --explain-html`: the page made harmless, its blocks outlined, beside the verdict on each."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import defaultdict
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

from lxml import etree, html

from control_api.cli.errors import CliError
from control_api.cli.explain.folder import folder_of
from control_api.cli.explain.harmless import Element, harmless_copy
from extraction.staff.explanation import Block, StaffExplanation
from extraction.staff.markup import parse_html

_UNFIT = re.compile(r"[^\w.-]+")
_PREFIXED = re.compile(r"/([\w.-]+:[\w.:-]+)")
"""A step of a path to `<o:p>`, which XPath takes for a name in a namespace."""
_LONGEST_NAME = 100
"""Characters of a file's name, of the 255 bytes that file systems allow."""


def write_overlay(
    page: bytes | str, encoding: str | None, name: str, explanation: StaffExplanation, folder: Path, taken: set[Path]
) -> Path:
    """Writes `<folder>/<name>.html` and returns its path; a page of the same name gets a number.

    Raises:
        CliError: The file cannot be written.
    """
    path = Path(f"{folder_of(Path(f'{_file_name(name)}.html'), folder, taken)}.html")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(overlay(page, encoding, name, explanation), "utf-8")
    except OSError as error:
        raise CliError(f"{path} cannot be written: {error.strerror}. Name another folder to --explain-html.") from error
    return path


def overlay(page: bytes | str, encoding: str | None, name: str, explanation: StaffExplanation) -> str:
    """The document: it needs no network, and nothing in it is the page's but text."""
    root = parse_html(page, encoding=encoding)
    body = _page(root, explanation) if root is not None else ""
    policy = (
        f"default-src 'none'; base-uri 'none'; form-action 'none'; "
        f"style-src 'sha256-{_digest('overlay.css')}'; script-src 'sha256-{_digest('overlay.js')}'"
    )
    kept = sum(block.kept for block in explanation.blocks)
    items = "".join(_item(block, explanation.enough) for block in explanation.blocks)
    verdicts = f"<ol>{items}</ol>" if items else '<p class="nothing">No block of this page names anybody.</p>'
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(name)}: how it was read</title>
<style>{_asset("overlay.css")}</style>
<script type="module">{_asset("overlay.js")}</script>
</head>
<body>
<main aria-label="The page, without scripts, styles and pictures">{body}</main>
<aside aria-label="Verdicts">
<h1>{escape(name)}</h1>
<p class="outcome"><strong>{escape(explanation.page.outcome)}</strong> {escape(explanation.page.reason)}</p>
<p class="legend"><i class="kept"></i> {kept} kept <i class="left"></i> {len(explanation.blocks) - kept} left out</p>
{verdicts}
</aside>
</body>
</html>
"""


def _page(root: Element, explanation: StaffExplanation) -> str:
    """The page as markup, its blocks marked."""
    held: defaultdict[Element, list[Block]] = defaultdict(list)
    tree = root.getroottree()
    for block in explanation.blocks:
        for path in block.paths:
            for element in _elements(tree, path):
                held[element].append(block)
    copy, twins = harmless_copy(root, explanation.base_url, held.keys())
    for element, twin in twins.items():
        blocks = held[element]
        # Several people in one element are told apart by their names.
        whole = _mark_names(twin, blocks) if len(blocks) > 1 else blocks
        if whole:
            _mark(twin, whole)
    return html.tostring(copy, encoding="unicode", method="html")


def _mark(element: Element, blocks: list[Block]) -> None:
    kept_first = sorted(blocks, key=lambda block: not block.kept)
    element.set("data-block", " ".join(str(block.number) for block in kept_first))
    element.set("data-state", "kept" if kept_first[0].kept else "left")
    element.set("tabindex", "0")


def _mark_names(element: Element, blocks: list[Block]) -> list[Block]:
    """Sets the names of blocks within an element apart; returns those whose name stands there in no one piece.

    Names are sought in the order of the page, each from the one before on, so that a long list takes one pass.
    """
    places = [
        (part, event == "end")
        for event, part in etree.iterwalk(element, events=("start", "end"))
        if (part is not element if event == "end" else part.get("data-block") is None)
    ]
    reached, whole = 0, list[Block]()
    for block in blocks:
        name = re.compile(r"\s+".join(map(re.escape, block.name.split())))
        for number in range(reached, len(places)):
            part, is_behind = places[number]
            if found := name.search((part.tail if is_behind else part.text) or ""):
                places[number], reached = (_set_apart(part, found, block, is_behind=is_behind), True), number
                break
        else:
            whole.append(block)
    return whole


def _set_apart(part: Element, found: re.Match[str], block: Block, *, is_behind: bool) -> Element:
    """The name in an element of its own, between the text before it and the text after it."""
    span = html.Element("span")
    span.text, span.tail = found[0], found.string[found.end() :]
    _mark(span, [block])
    parent = part.getparent() if is_behind else part
    if parent is not None:
        parent.insert(parent.index(part) + 1 if is_behind else 0, span)
    if is_behind:
        part.tail = found.string[: found.start()]
    else:
        part.text = found.string[: found.start()]
    return span


def _elements(tree: etree._ElementTree[Element], path: str) -> list[Element]:
    """The element at a path, also of a record of microdata; none for what stands in a script."""
    if not path.startswith("/"):
        return []
    try:
        found = tree.xpath(_PREFIXED.sub(r"/*[name()='\1']", path.partition(" ")[0]))
    except etree.XPathError:
        return []
    return [one for one in found if isinstance(one, Element)] if isinstance(found, list) else []


def _item(block: Block, enough: float) -> str:
    state = "kept" if block.kept else "left"
    headings = f'<p class="headings">{escape(" › ".join(block.headings))}</p>' if block.headings else ""
    reason = f'<p class="reason">{escape(block.reason)}{_same(block)}</p>' if block.reason else ""
    values = "".join(f"<dt>{escape(key)}</dt><dd>{escape(value)}</dd>" for key, value in block.values.items())
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in block.notes)
    values = f"<dl>{values}</dl>" if values else ""
    place = "" if any(path.startswith("/") for path in block.paths) else escape(" ".join(block.paths))
    place = f'<p class="place">{place}</p>' if place else ""
    return (
        f'<li tabindex="0" class="{state}" data-verdict="{block.number}">'
        f'<p class="head"><b>{block.number}</b> <strong>{escape(block.name)}</strong>'
        f' <span class="reader">{escape(block.reader)}</span></p>{reason}{headings}'
        f"{values}{_weights(block, enough)}{notes}{place}</li>"
    )


def _same(block: Block) -> str:
    return f" (block {block.same_as})" if block.same_as else ""


def _weights(block: Block, enough: float) -> str:
    if block.evidence is None:
        return ""
    rows = "".join(f"<tr><td>{escape(words)}</td><td>{weight:.2f}</td></tr>" for words, weight in block.weights)
    return (
        f"<table><tbody>{rows}</tbody><tfoot><tr><th>evidence; enough is {enough:.2f}</th>"
        f"<th>{block.evidence:.2f}</th></tr></tfoot></table>"
    )


def _file_name(name: str) -> str:
    """A file's own name, or the host and path of an address, as the name of a file."""
    parts = urlsplit(name)
    text = f"{parts.netloc}{parts.path}" if parts.scheme in ("http", "https") else Path(name).stem
    return _UNFIT.sub("-", text)[:_LONGEST_NAME].strip("-.") or "page"


def _digest(asset: str) -> str:
    return base64.b64encode(hashlib.sha256(_asset(asset).encode()).digest()).decode()


@cache
def _asset(name: str) -> str:
    return (files("control_api.cli.explain") / name).read_text("utf-8")
