"""The dashboard page: what it may load, and what it promises to everybody's eyes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import html

from extraction.places.states import states
from extraction.staff.roles import role_keys

STATIC = Path(__file__).parents[2] / "control_api" / "dashboard" / "static"


def test_the_page_loads_nothing_from_elsewhere_and_has_nothing_inline() -> None:
    page = html.fromstring((STATIC / "index.html").read_text("utf-8"))

    loaded = page.xpath("//@src | //link/@href")
    assert loaded
    assert all(str(address).startswith("/static/") for address in loaded)
    assert all((STATIC / str(address).removeprefix("/static/")).is_file() for address in loaded)
    assert not page.xpath("//style | //script[not(@src)] | //@style | //@*[starts-with(name(), 'on')]")
    for script in STATIC.glob("*.js"):
        text = script.read_text("utf-8")
        assert not re.search(r"https?://|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", text), script
        assert all((STATIC / name).is_file() for name in re.findall(r'from "\./([^"]+)"', text)), script


def test_every_field_has_a_label_and_every_reference_its_element() -> None:
    page = html.fromstring((STATIC / "index.html").read_text("utf-8"))
    ids = [str(name) for name in page.xpath("//@id")]

    assert len(ids) == len(set(ids))
    assert set(page.xpath("//input/@id | //select/@id")) == set(page.xpath("//label/@for"))
    references = " ".join(map(str, page.xpath("//@aria-labelledby | //@aria-describedby | //@for"))).split()
    assert set(references) <= set(ids)


def test_the_choices_are_the_states_and_roles_that_the_product_knows() -> None:
    page = html.fromstring((STATIC / "index.html").read_text("utf-8"))

    chosen = {option.get("value"): option.text for option in page.xpath("//select[@id='state']/option[@value!='']")}
    assert chosen == {state.code: state.name for state in states().values()}
    assert set(page.xpath("//select[@id='people-role']//option/@value")) == {"", "unknown", *role_keys()}


@pytest.mark.parametrize("key", ["light", "dark"])
def test_texts_and_edges_stand_out_from_what_is_behind_them(key: str) -> None:
    light, dark = re.findall(r":root \{(.*?)\}", (STATIC / "app.css").read_text("utf-8"), re.DOTALL)
    colors = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light if key == "light" else dark))
    grounds = ("paper", "panel", "sunken")
    texts = [(ink, ground) for ink in ("ink", "soft", "accent", "bad") for ground in grounds]
    texts += [(tone, f"{tone}-wash") for tone in ("accent", "busy", "warn", "bad")] + [("accent-ink", "accent")]
    # WCAG 2.2: 4.5 for text (1.4.3), 3 for what shows a control's edge or state (1.4.11).
    edges = [(edge, ground) for edge in ("edge", "accent", "busy") for ground in grounds]

    assert {pair: ratio for pair in texts if (ratio := contrast(*(colors[name] for name in pair))) < 4.5} == {}
    assert {pair: ratio for pair in edges if (ratio := contrast(*(colors[name] for name in pair))) < 3} == {}


def contrast(one: str, other: str) -> float:
    """The ratio of luminances, as WCAG defines it."""
    darker, lighter = sorted(_luminance(color) for color in (one, other))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
