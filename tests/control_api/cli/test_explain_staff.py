"""How a staff page was read, in the terminal and beside the page, which can do nothing any more."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest
from lxml import html

from control_api.cli.explain.overlay import overlay, write_overlay
from extraction.staff.explanation import explain_staff_page
from extraction.staff.page import read_with_verdicts
from tests.control_api.cli.shell import title1
from tests.control_api.cli.test_commands import HOME, PAGE

URL = "https://quillfern.test/staff/"
CASES = Path(__file__).parents[2] / "extraction" / "staff" / "cases"
HOSTILE = """
<html onload="alert(1)"><head><base href="https://evil.test/"><meta http-equiv="refresh"
 content="0;url=https://evil.test/go">
<link rel="stylesheet" href="//evil.test/a.css">
<style>@import url(https://evil.test/b.css); p {background: url(x.png)}</style>
<script src="https://evil.test/a.js"></script><title>Staff </title></title><script>alert(2)</script></head>
<body background="https://evil.test/c.png" onload=alert(3)
 style="background:url(//evil.test/d.png)">
<h1>Staff Directory</h1>
<form action="https://evil.test/take"><input name=q value="x" autofocus
 onfocus=alert(4)>
<button formaction="//evil.test">Go</button>
<textarea></textarea><script>alert(5)</script></textarea></form>
<iframe src="https://evil.test/f" srcdoc="<script>alert(6)</script>"></iframe><object data="//evil.test/o"></object>
<embed src="//evil.test/e"><video src="//evil.test/v" poster="//evil.test/p"></video><audio src="//evil.test/u"></audio>
<svg onload=alert(7)><a xlink:href="javascript:alert(8)"><text>x</text></a><use href="//evil.test/s#x"/></svg>
<math><mtext><style><img src=x onerror=alert(9)></style></mtext></math>
<noscript><p title="</noscript><img src=x onerror=alert(10)>"></noscript>
<template><img src=x onerror=alert(11)></template><plaintext-x onclick=alert(12)>y</plaintext-x>
<table>
<tr><td onmouseover="alert(13)">Rosalind Aldermere</td><td>Principal</td>
<td><a href="mailto:raldermere@quillfern.test">mail</a>
<img src="//evil.test/t.gif" srcset="//evil.test/t2.gif"
 onerror=alert(14) alt="&lt;script>alert(15)&lt;/script>"></td></tr>
<tr><td><a href="javascript:alert(16)">Tobias Quennell</a></td>
<td>School Counselor</td><td>tquennell@quillfern.test</td></tr>
<tr><td><a href=" java&#10;script:alert(17)">Imelda Farrowby</a></td>
<td>Teacher &lt;img src=x onerror=alert(18)&gt;</td><td>ifarrowby@quillfern.test</td></tr>
<tr><td><a href="../bio/7?x=&quot;><script>"
 target=_top ping="//evil.test/ping" style="position:fixed"
 id=lit class=kept data-block=1 data-verdict=1 tabindex=-1>
Odalys Brightwater</a></td><td>Nurse</td><td>obrightwater@quillfern.test</td></tr>
</table><aside data-verdict="2">Not a verdict</aside><main>Not the page</main>
<xmp><script>alert(19)</script></xmp><a href="data:text/html,<script>alert(20)</script>">data</a></body></html>
"""
QUIET = {
    *("class", "colspan", "rowspan", "data-block", "data-kind", "data-state", "data-verdict", "tabindex", "title"),
    *("aria-label", "charset", "content", "http-equiv", "lang", "name", "type"),
}
"""The attributes that an overlay may have: none of them loads, sends or runs anything."""


def shown(page: str, url: str = URL) -> str:
    return overlay(page, None, "staff.html", explain_staff_page(read_with_verdicts(page, url)))


def test_a_hostile_page_can_do_nothing() -> None:
    text = shown(HOSTILE)
    root = html.document_fromstring(text)
    assert {str(name) for element in root.iter() for name in element.attrib} <= QUIET
    assert len(root.findall(".//script")) == len(root.findall(".//style")) == 1
    forbidden = "a area audio base button embed form frame iframe img input link math object select svg textarea video"
    assert not [element.tag for element in root.iter() if element.tag in forbidden.split()]
    assert not re.search(r"<(?:script|style)[^>]*(?:src|href)", text)
    assert [meta.get("http-equiv") for meta in root.iter("meta") if meta.get("http-equiv")] == [
        "Content-Security-Policy"
    ]
    assert "@import" not in text
    assert "url(" not in text
    assert "javascript:" not in text
    # What is left of the page's words is text.
    main = root.find(".//main")
    assert main is not None
    assert "Rosalind Aldermere" in main.text_content()
    assert "<img src=x onerror=alert(18)>" in main.text_content()
    assert len(root.findall(".//main")) == len(root.findall(".//aside")) == 1


def test_a_link_leads_nowhere_but_tells_its_whole_address() -> None:
    root = html.document_fromstring(
        shown('<p><a href="../about">About</a> <a href="mailto:a@quillfern.test">x</a></p>')
    )
    links = root.xpath('//*[@data-kind="link"]')
    assert isinstance(links, list)
    assert [(link.tag, link.get("title")) for link in links if isinstance(link, html.HtmlElement)] == [
        ("span", "https://quillfern.test/about"),
        ("span", "mailto:a@quillfern.test"),
    ]


def test_the_policy_allows_our_own_style_and_script_and_nothing_else() -> None:
    root = html.document_fromstring(shown(PAGE))
    [policy] = [meta.get("content", "") for meta in root.iter("meta") if meta.get("http-equiv")]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules.keys() == {"default-src", "base-uri", "form-action", "style-src", "script-src"}
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    for tag in ("style", "script"):
        written = root.findtext(f".//{tag}") or ""
        digest = base64.b64encode(hashlib.sha256(written.encode()).digest()).decode()
        assert rules[f"{tag}-src"] == f"'sha256-{digest}'"


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir()))
def test_every_block_of_the_text_is_outlined_and_has_a_verdict(case: str) -> None:
    url = json.loads((CASES / case / "expected.json").read_text("utf-8"))["url"]
    page = (CASES / case / "page.html").read_bytes()
    explanation = explain_staff_page(read_with_verdicts(page, url))
    root = html.document_fromstring(overlay(page, None, case, explanation))
    outlined: dict[str, set[str]] = {}
    for element in root.iter():
        for number in (element.get("data-block") or "").split():
            outlined.setdefault(number, set()).add(element.get("data-state") or "")
    verdicts = [item for item in root.iter("li") if item.get("data-verdict")]
    assert [item.get("data-verdict") for item in verdicts] == [str(block.number) for block in explanation.blocks]
    for block in explanation.blocks:
        if block.paths[0].startswith("/"):
            assert outlined[str(block.number)], block
            assert not block.kept or outlined[str(block.number)] == {"kept"}


def test_several_people_of_one_paragraph_are_told_apart_by_their_names() -> None:
    people = (("Rosalind Aldermere", "Principal"), ("Tobias Quennell", "Counselor"), ("Imelda Farrowby", "Nurse"))
    lines = "<br>".join(f"{name}, {title}, {name.split()[1].lower()}@quillfern.test" for name, title in people)
    root = html.document_fromstring(shown(f"<h1>Staff</h1><p>{lines}</p>"))
    marked = [(element.get("data-block"), element.text) for element in root.iter("span") if element.get("data-block")]
    assert marked == [(str(number), name) for number, (name, _) in enumerate(people, 1)]


def test_a_tag_with_a_colon_is_outlined_too() -> None:
    text = shown("<h1>Staff</h1><o:p><ul><li>Rosalind Aldermere - Principal - 423-555-0101</li></ul></o:p>")
    assert html.document_fromstring(text).xpath('string(//*[@data-block="1"])') == (
        "Rosalind Aldermere - Principal - 423-555-0101"
    )


def test_files_of_one_name_and_addresses_get_files_of_their_own(tmp_path: Path) -> None:
    taken: set[Path] = set()
    explanation = explain_staff_page(read_with_verdicts(PAGE, URL))
    names = [
        "a/page.html",
        "b/page.html",
        "https://quillfern.test/o/../staff.aspx?x=1",
        "../..",
        "https://q.test/" + "a" * 300,
    ]
    written = [write_overlay(PAGE.encode(), None, name, explanation, tmp_path / "seen", taken) for name in names]
    assert [path.name for path in written[:4]] == [
        "page.html",
        "page-2.html",
        "quillfern.test-o-..-staff.aspx.html",
        "page-3.html",
    ]
    assert {path.parent for path in written} == {tmp_path / "seen"}
    assert all(path.stat().st_size for path in written)


def test_the_terminal_the_json_and_the_folder(tmp_path: Path) -> None:
    page, seen = tmp_path / "staff.html", tmp_path / "seen"
    page.write_text(PAGE)
    answer = title1("extract", "staff", str(page), "--explain", "--explain-html", str(seen))
    assert answer.returncode == 0, answer.stderr
    assert "1 Rosalind Aldermere [table] kept" in answer.stdout
    assert re.search(r"\d\.\d\d ≥ 2\.40 = 0\.90 reads as a name \+ ", answer.stdout)
    assert f"see {seen / 'staff.html'}" in answer.stderr
    assert "Rosalind Aldermere" in (seen / "staff.html").read_text("utf-8")
    line = json.loads(title1("extract", "staff", str(page), "--explain", "--json").stdout)
    assert line["explanation"]["enough"] == 2.4
    assert [block["reader"] for block in line["explanation"]["blocks"]] == ["table"] * 3
    assert "explanation" not in json.loads(title1("extract", "staff", str(page), "--json").stdout)


def test_a_folder_that_cannot_be_made_is_told_in_one_line(tmp_path: Path) -> None:
    page = tmp_path / "staff.html"
    page.write_text(PAGE)
    answer = title1("extract", "staff", str(page), "--explain-html", str(page))
    assert answer.returncode == 1
    assert "Name another folder to --explain-html." in answer.stderr
    assert "Traceback" not in answer.stderr


def test_links_tell_their_reasons_when_asked(tmp_path: Path) -> None:
    home = tmp_path / "home.html"
    home.write_text(HOME)
    arguments = ("extract", "links", str(home), "--url", "https://quillfern.test/")
    assert "text: staff directory" in title1(*arguments, "--explain").stdout
    assert "text: staff directory" not in title1(*arguments).stdout
