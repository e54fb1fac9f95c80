"""However an address was hidden, what comes out is what went in; and nothing comes out of prose."""

from __future__ import annotations

import base64
import codecs
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extraction.staff import emails

LOCAL = st.from_regex(r"[a-z][a-z0-9]{0,10}([._-][a-z0-9]{1,10})?", fullmatch=True)
DOMAIN = st.from_regex(r"[a-z][a-z0-9]{0,12}(\.k12)?\.(org|net|us|edu)", fullmatch=True)
ADDRESS = st.builds(lambda local, domain: f"{local}@{domain}", LOCAL, DOMAIN).filter(
    lambda address: emails.clean_address(address) is not None
)


@given(ADDRESS, st.integers(0, 255))
def test_cloudflare_is_undone(address: str, key: int) -> None:
    hexadecimal = bytes([key, *(byte ^ key for byte in address.encode())]).hex()
    assert emails.decode_cloudflare(hexadecimal) == address
    assert emails.find_in_link(f"/cdn-cgi/l/email-protection#{hexadecimal}") == [
        emails.FoundEmail(address, "cloudflare")
    ]
    assert emails.find_in_attribute("data-cfemail", hexadecimal)[0].address == address


@given(ADDRESS)
def test_rot13_reversal_base64_and_percent_signs_are_undone(address: str) -> None:
    local, domain = address.split("@")
    assert emails.decode_rot13(codecs.encode(address, "rot13")) == address
    assert emails.decode_reversed(domain[::-1], local[::-1]) == address
    assert emails.decode_base64(base64.b64encode(address.encode()).decode()) == address
    assert emails.decode_mailto(f"mailto:{quote(address, safe='')}?subject=Good%20day") == [address]
    assert emails.decode_character_codes("".join(f"{ord(c):04d}" for c in address)) == address


@given(ADDRESS, st.sampled_from(["", " ", ",", ", ", ";", "-"]))
def test_character_codes_of_a_hidden_field_are_undone(address: str, between: str) -> None:
    codes = between.join(f"{ord(letter):04d}" for letter in address)
    expected = [emails.FoundEmail(address, "character_codes")] if between != ", " else []
    assert emails.find_in_hidden_field(f" {codes} ") == expected


@given(ADDRESS, st.integers(1, 40), st.integers(0, 5_000))
def test_numbers_of_a_link_are_undone_whatever_their_factor_and_constant(
    address: str, factor: int, constant: int
) -> None:
    numbers = "".join(f"{factor * ord(letter) + constant:04d}" for letter in address)
    assert emails.decode_linear_codes(numbers) in (address, None)
    if factor in (1, 2):
        link = f"/apps/email/index.jsp?e={numbers}"
        assert emails.find_in_link(link) == [emails.FoundEmail(address, "character_codes")]


@pytest.mark.parametrize(
    "address", ["jane.roe@school", "jane.roe", "jane@roe@school.test", "jane roe@school.test", "jane/roe@school.test"]
)
def test_numbers_that_spell_no_address_stay_numbers(address: str) -> None:
    numbers = "".join(f"{2 * ord(letter) + 1088}" for letter in address)
    assert emails.decode_linear_codes(numbers) is None
    assert emails.find_in_link(f"/apps/email/index.jsp?e={numbers}") == []


@given(
    ADDRESS,
    st.sampled_from(["[at]", " [AT] ", "(at)", " AT ", " { at } "]),
    st.sampled_from(["[dot]", " DOT ", "(dot)"]),
)
def test_words_for_at_and_dot_are_undone(address: str, at: str, dot: str) -> None:
    local, domain = address.split("@")
    text = f"Write to {local}{at}{domain.replace('.', dot)}"
    assert [found.address for found in emails.find_in_text(text)] == [address]
    assert address.split("@", maxsplit=1)[0] not in emails.without_addresses(text).replace("Write to", "").split()


@given(ADDRESS)
def test_visible_addresses_are_found_and_taken_out(address: str) -> None:
    text = f"Reach me: {address}, or call."
    assert emails.find_in_text(text) == [emails.FoundEmail(address, "text")]
    assert "@" not in emails.without_addresses(text)


@given(st.text(max_size=80))
def test_no_decoder_fails_or_returns_something_that_is_no_address(text: str) -> None:
    found = [
        *emails.find_in_text(text),
        *emails.find_in_link(text),
        *emails.find_in_link(f"/apps/email/index.jsp?e={text}"),
        *emails.find_in_script(text),
        *emails.find_in_hidden_field(text),
        *emails.find_in_attribute("data-email", text),
        *emails.find_in_attribute("data-cfemail", text),
    ]
    assert all(emails.clean_address(email.address) == email.address for email in found)


@pytest.mark.parametrize(
    "text",
    [
        "Meet us at school. Doors open at noon.",
        "The fair is at lincoln.park on Friday",
        "logo@2x.png",
        "user@example.com",
        "a..b@school.org",
        "follow @wildcats",
        "Find us @ wildcats.org",
    ],
)
def test_prose_handles_and_placeholders_are_no_addresses(text: str) -> None:
    assert emails.find_in_text(text) == []


def test_scripts_beside_people_give_up_their_addresses() -> None:
    script = """FS.util.insertEmail("x", "gro.loohcs", "eod.enaj", false); w(swrot13('wnar.qbr@fpubby.bet'))"""
    assert emails.find_in_script(script) == [
        emails.FoundEmail("jane.doe@school.org", "reversed"),
        emails.FoundEmail("jane.doe@school.org", "rot13"),
    ]
    assert emails.find_in_script("mailMe('jane.doe[nospam]school.org')")[0].address == "jane.doe@school.org"
    assert emails.find_in_link("javascript:mailMe('jane[nospam]school.org')")[0].method == "script"
    assert emails.find_in_attribute("onclick", "mailMe('jane[nospam]school.org'); return false;") == [
        emails.FoundEmail("jane@school.org", "script")
    ]


@given(ADDRESS)
def test_links_that_a_script_writes_are_read(address: str) -> None:
    local, domain = address.split("@")
    link = f'<a href="mailto:{address}?subject=Hello">{address}</a>'
    rot13 = f"document.write(swrot13('{codecs.encode(link, 'rot13')}'));"
    assert emails.find_in_script(rot13) == [emails.FoundEmail(address, "rot13")]
    joined = f"""document.write("<a href='mailto:" + "{local}" + "@" + "{domain}" + "'>Write</a>")"""
    assert emails.find_in_script(joined) == [emails.FoundEmail(address, "script")]


@given(ADDRESS, st.sampled_from([" @ ", "@ ", " @"]), st.sampled_from(["", "E-mail: ", "Room 12 | "]))
def test_spaces_around_the_sign_are_undone(address: str, sign: str, lead: str) -> None:
    text = lead + address.replace("@", sign)
    assert emails.find_in_text(text) == [emails.FoundEmail(address, "at_words")]
    assert "@" not in emails.without_addresses(text)


def test_links_with_lists_names_or_parameters() -> None:
    assert emails.decode_mailto("mailto:Jane%20Doe%20%3Cjane@school.org%3E") == ["jane@school.org"]
    assert emails.decode_mailto("mailto:a@school.org,b@school.org") == ["a@school.org", "b@school.org"]
    assert emails.decode_mailto("mailto:jane&#64;school.org") == ["jane@school.org"]
    assert emails.find_in_link("mailto:jane[at]school[dot]org") == [emails.FoundEmail("jane@school.org", "at_words")]
    encoded = base64.b64encode(b"jane@school.org").decode()
    assert emails.find_in_link(f"/contact.aspx?e={quote(encoded)}") == [emails.FoundEmail("jane@school.org", "base64")]
    assert emails.find_in_link("https://school.org/?e=nothing") == []
    assert emails.find_in_attribute("class", "jane@school.org") == []
    assert emails.find_in_attribute("data-email", "Jane@School.org") == [
        emails.FoundEmail("jane@school.org", "attribute")
    ]
