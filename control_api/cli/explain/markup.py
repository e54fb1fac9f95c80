"""The words and tags of `index.html`. Every text of a document is escaped; nothing is loaded from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Sequence
from functools import cache
from html import escape
from importlib.resources import files
from typing import get_args

import msgspec

from extraction.evidence import Box, Printed
from extraction.schools.records import FieldName, PageReading, SchoolRow

FIELDS: tuple[FieldName, ...] = get_args(FieldName)
SURE, UNSURE = 0.85, 0.6
"""At and above the first a value is shown as sure, below the second as doubtful."""

METHODS = {
    "ruled": "ruled table",
    "columns": "columns by alignment",
    "blocks": "stacked blocks",
    "no_table": "no list recognized",
    "needs_ocr": "a scan; needs OCR",
    "empty": "empty page",
}
LEGEND = (("region", "table"), ("column", "column"), ("band", "row"), ("field", "value that was read"))


class Picture(msgspec.Struct, frozen=True):
    """A page's picture beside `index.html`, and the size of the page in points; without a name, why there is none."""

    name: str | None
    width: float
    height: float
    missing: str = ""


class PageFacts(msgspec.Struct, frozen=True):
    """What the head of the explanation says of a page."""

    page: int
    method: str
    confidence: float
    rows: int
    expected: int | None
    warnings: int

    @classmethod
    def of(cls, reading: PageReading) -> PageFacts:
        """The facts of a reading."""
        return cls(
            reading.page,
            reading.method,
            reading.confidence,
            len(reading.rows),
            reading.rows_expected,
            len(reading.warnings),
        )


def opening(filename: str, facts: Sequence[PageFacts], stopped: str | None) -> str:
    """The document up to the first page's section."""
    script = _script()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src 'self' file:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    found, expected = sum(fact.rows for fact in facts), sum(fact.expected or fact.rows for fact in facts)
    methods = Counter(METHODS.get(fact.method, fact.method) for fact in facts if fact.rows or fact.method != "empty")
    listed = ", ".join(f"{escape(name)} ({_pages(count)})" for name, count in methods.most_common())
    legend = "".join(f'<li><i class="{kind}"></i>{words}</li>' for kind, words in LEGEND)
    alarm = f'<p class="warning" role="alert">{escape(stopped)}</p>' if stopped else ""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">
<title>{escape(filename)}: what was read</title>
<style>{_style()}</style>
<script type="module">{script}</script>
</head>
<body>
<header>
<h1>{escape(filename)}</h1>
<p class="figures"><strong>{found:,}</strong> {"school" if found == 1 else "schools"} on {_pages(len(facts))}{
        f", of about <strong>{expected:,}</strong> rows" if expected != found else ""
    }. {"Read as " + listed + "." if listed else ""}</p>
{alarm}<ul class="legend" aria-label="Colours of the drawings">{legend}</ul>
<nav aria-label="Pages"><ol>{"".join(map(_page_link, facts))}</ol></nav>
</header>
<main>
"""


def closing() -> str:
    """What follows the last page's section."""
    return "</main>\n</body>\n</html>\n"


def page_section(reading: PageReading, picture: Picture) -> str:
    """One page: its picture with a box a row over it, and beside it the rows."""
    number = reading.page
    warnings = "".join(f"<li>{escape(warning)}</li>" for warning in reading.warnings)
    return f"""<section id="page-{number}" aria-labelledby="page-{number}-title">
<div class="head"><h2 id="page-{number}-title">Page {number}</h2>
<p>{escape(METHODS.get(reading.method, reading.method))}{" in a scan" if reading.scanned else ""}</p>
{_meter("Confidence", reading.confidence)}{_counted(reading)}{_damage(reading)}
</div>
{f'<ul class="warnings">{warnings}</ul>' if warnings else ""}
<div class="spread">
<div class="paper">{_figure(reading, picture)}</div>
<div class="rows">{_table(reading)}</div>
</div>
</section>
"""


def _figure(reading: PageReading, picture: Picture) -> str:
    if picture.name is None:
        return f'<p class="warning">There is no picture of this page. {escape(picture.missing)}</p>'
    boxes = "".join(_row_boxes(row, picture) for row in reading.rows)
    return (
        f'<figure><a href="{picture.name}"><img src="{picture.name}" loading="lazy"'
        f' width="{picture.width:.0f}" height="{picture.height:.0f}"'
        f' alt="Page {reading.page} with what was read drawn on it"></a>{boxes}</figure>'
    )


def _row_boxes(row: SchoolRow, picture: Picture) -> str:
    """The row's box, and those of its values within it."""
    key = _key(row)
    values = "".join(
        f'<i class="value" data-row="{key}" data-field="{field}" style="{_place(printed.box, picture)}"></i>'
        for field, printed in row.fields.items()
        if printed.box is not None
    )
    return f'<i class="row" data-row="{key}" style="{_place(row.box, picture)}"></i>{values}'


def _place(box: Box, picture: Picture) -> str:
    left, top = box.left / picture.width, box.top / picture.height
    wide, high = (box.right - box.left) / picture.width, (box.bottom - box.top) / picture.height
    return f"left:{left:.3%};top:{top:.3%};width:{wide:.3%};height:{high:.3%}"


def _key(row: SchoolRow) -> str:
    return f"p{row.page}r{row.row}"


def _table(reading: PageReading) -> str:
    if not reading.rows:
        return '<p class="nothing">No school was read on this page.</p>'
    shown: list[FieldName] = [field for field in FIELDS if any(field in row.fields for row in reading.rows)]
    heads = "".join(f'<th scope="col">{field.replace("_", " ")}</th>' for field in shown)
    rows = "".join(_row(row, shown) for row in reading.rows)
    return (
        f'<table><caption class="hidden">Rows of page {reading.page}</caption>'
        f'<thead><tr><th scope="col"><span class="hidden">Row</span></th>{heads}<th scope="col">sure</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _row(row: SchoolRow, shown: Sequence[FieldName]) -> str:
    cells = "".join(_cell(field, row.fields.get(field)) for field in shown)
    return (
        f'<tr tabindex="0" data-row="{_key(row)}"><td class="number">{row.row}</td>{cells}'
        f'<td class="number {_tone(row.confidence)}">{row.confidence:.0%}</td></tr>'
    )


def _cell(field: FieldName, printed: Printed | None) -> str:
    if printed is None:
        return '<td class="none">–</td>'
    said = [f"{printed.confidence:.0%} sure"]
    if printed.derived_from:
        said.append(f"from the {printed.derived_from}")
    value = "" if printed.value == printed.text else f'<span class="value">{escape(printed.value)}</span>'
    sure = "" if printed.confidence >= SURE else f'<span class="sure">{printed.confidence:.0%}</span>'
    kind = " ".join(filter(None, [_tone(printed.confidence), "derived" if printed.box is None else ""]))
    classes = f' class="{kind}"' if kind else ""
    return (
        f'<td{classes} data-field="{field}" title="{escape(", ".join(said))}">{escape(printed.text)}{value}{sure}</td>'
    )


def _counted(reading: PageReading) -> str:
    found, expected = len(reading.rows), reading.rows_expected
    if expected is None or expected == found:
        return f"<p>{found} {'row' if found == 1 else 'rows'}{', as expected' if expected == found else ''}</p>"
    return f'<p class="doubtful">{found} rows of about {expected}</p>'


def _damage(reading: PageReading) -> str:
    damage = reading.damage
    mended = damage.total - damage.lost
    said = [f"{mended} flaws of the text layer mended"] if mended else []
    said += [f"{damage.lost} with a lost letter"] if damage.lost else []
    return f'<p class="unsure">{", ".join(said)}</p>' if said else ""


def _meter(label: str, share: float) -> str:
    return (
        f'<p class="meter {_tone(share)}">{label} <meter min="0" max="1" low="{UNSURE}" high="{SURE}" optimum="1"'
        f' value="{share:.3f}" aria-hidden="true"></meter> {share:.0%}</p>'
    )


def _page_link(fact: PageFacts) -> str:
    expected = fact.rows if fact.expected is None else fact.expected
    words = f"Page {fact.page}: {METHODS.get(fact.method, fact.method)}, {fact.rows} of {expected} rows"
    tone = _tone(fact.confidence) or ("warned" if fact.warnings else "good")
    return f'<li><a class="{tone}" href="#page-{fact.page}" title="{escape(words)}">{fact.page}</a></li>'


def _tone(share: float) -> str:
    return "" if share >= SURE else "unsure" if share >= UNSURE else "doubtful"


def _pages(count: int) -> str:
    return f"{count:,} {'page' if count == 1 else 'pages'}"


@cache
def _style() -> str:
    return (files("control_api.cli.explain") / "look.css").read_text("utf-8")


@cache
def _script() -> str:
    return (files("control_api.cli.explain") / "pointing.js").read_text("utf-8")
