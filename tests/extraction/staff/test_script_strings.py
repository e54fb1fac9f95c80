"""Addresses that a short script joins from parts."""

from __future__ import annotations

import pytest

from extraction.staff.emails import find_in_parts, find_in_script
from extraction.staff.script_strings import LONGEST_SCRIPT, joined_strings

_CLOAK = """
var prefix = '&#109;a' + 'i&#108;' + '&#116;o';
var addy7 = '&#105;vy.roe' + '&#64;';
addy7 = addy7 + 'l&#97;rk' + '&#46;' + 'example';
document.getElementById('cloak7').innerHTML += '<a ' + path + '\\'' + prefix + ':' + addy7 + '\\'>' + addy7 + '<\\/a>';
"""


@pytest.mark.parametrize(
    "script",
    [
        _CLOAK,
        """var u = "ivy.roe"; var d = "lark.example"; document.write('<a href="mailto:' + u + '@' + d + '">@</a>');""",
        """var s = 'ivy.roe'; s += '@'; s += 'lark.example'; show(s);""",
    ],
)
def test_parts_are_joined_as_the_script_joins_them(script: str) -> None:
    assert [found.address for found in find_in_script(script)] == ["ivy.roe@lark.example"]


@pytest.mark.parametrize(
    "script",
    [
        "var a = '@' + host() + '.example'; var u = 'ivy';",
        "location.href = 'mailto:' + box.dataset.user + '@' + box.dataset.domain;",
        "var a = 'ivy' + unknown + '@' + 'lark.example';",
    ],
)
def test_what_a_script_does_not_spell_is_no_address(script: str) -> None:
    assert find_in_script(script) == []


def test_long_scripts_are_left_alone() -> None:
    assert list(joined_strings("var a = 'x' + '@';" * LONGEST_SCRIPT)) == []


@pytest.mark.parametrize(
    ("attributes", "address"),
    [
        ({"class": "mail", "data-user": "ivy.roe", "data-domain": "lark.example"}, "ivy.roe@lark.example"),
        ({"data-name": "ivy", "data-domain": "@lark.example"}, "ivy@lark.example"),
        ({"data-name": "Ivy Roe", "data-domain": "lark.example"}, None),
        ({"data-user": "ivy", "data-domain": "staff"}, None),
        ({"data-domain": "lark.example"}, None),
    ],
)
def test_halves_in_attributes_are_one_address(attributes: dict[str, str], address: str | None) -> None:
    assert [found.address for found in find_in_parts(attributes)] == ([address] if address else [])
