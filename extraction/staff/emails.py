"""E-mail addresses as pages publish and hide them. Each decoder is a pure function; none of them builds an address."""

from __future__ import annotations

import base64
import binascii
import codecs
import math
import re
from collections import Counter
from collections.abc import Mapping
from html import unescape
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from extraction.staff.script_strings import joined_strings
from extraction.staff.vocabulary import words

_LOCAL = r"[A-Za-z0-9](?:[A-Za-z0-9._%+'’-]{0,62}[A-Za-z0-9_+-])?"
_DOMAIN = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,18}"
_ADDRESS = re.compile(rf"(?<![\w.%+@/-]){_LOCAL}@{_DOMAIN}(?![\w@-])")
_AT_WORD, _DOT_WORD = r"\s*(?:[Aa]t|AT|@)\s*", r"\s*(?:[Dd]ot|DOT)\s*"
_AT = rf"\s*(?:\[{_AT_WORD}\]|\({_AT_WORD}\)|\{{{_AT_WORD}\}}|<{_AT_WORD}>)\s*|\s+(?:AT|at)\s+"
_DOT = rf"\s*(?:\[{_DOT_WORD}\]|\({_DOT_WORD}\)|\{{{_DOT_WORD}\}})\s*|\s+(?:DOT|dot)\s+|\."
_AT_WORDS = re.compile(
    rf"(?<![\w.@])([A-Za-z0-9][\w+-]*(?:(?:{_DOT})[\w+-]+)*)(?:{_AT})([A-Za-z0-9-]+(?:(?:{_DOT})[A-Za-z0-9-]+)+)(?![\w@])"
)
_SURELY_HIDDEN = re.compile(r"[\[({<]\s*(?:at|dot|@|AT|DOT|At|Dot)\s*[\])}>]|\s(?:AT|DOT|dot)\s")
_INSERT_EMAIL = re.compile(
    r"""insertEmail\(\s*(["'])[^"']*\1\s*,\s*(["'])(?P<domain>[^"']+)\2\s*,\s*(["'])(?P<user>[^"']+)\4"""
)
_ROT13 = re.compile(r"""swrot13\(\s*(["'])(?P<text>(?:(?!\1).){4,600}?)\1\s*\)""")
_MAILTO_IN_SCRIPT = re.compile(r"""mailto:([^"'\s<>?\\]{4,120})""")
_PLUS = re.compile(r"""(["'])\s*\+\s*\1""")
"""Between two strings of a script that are one."""
_SPACED_AT = re.compile(rf"(?:^|[:|(–—,;-]\s*)({_LOCAL})\s*@\s*({_DOMAIN})(?=$|[\s|),;])")
"""With a space beside the @; not behind a word, or "Find us @ school.org" would be an address."""
_MAIL_ME = re.compile(r"""mailMe\(\s*(["'])(?P<text>[^"']+)\1""")
_ADDRESS_LINK = re.compile(r"mail|javascript:|[?&]e=|&#", re.IGNORECASE)
"""What a link that holds an address has; most have nothing of it."""
_CLOUDFLARE_LINK = re.compile(r"/cdn-cgi/l/email-protection#(?P<hex>[0-9a-fA-F]{4,})")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){3,}")
_IN_ANGLES = re.compile(r"<([^<>]+)>")
_BETWEEN = re.compile(r"[,;\s]+")
"""What parts the addresses of one link."""
_NO_SPAM = re.compile(r"\[?\(?\s*(?:nospam|no-spam|remove|removethis)\s*\)?\]?", re.IGNORECASE)
_CODES = re.compile(r"(?:0\d{3}[\s,;|-]?){6,}")
_LONGEST_CODES = 1_300
"""Characters: five for each of the longest address."""
_CODE_GROUPS = re.compile(r"(?:\d{4}){6,100}")
_PLACEHOLDER_DOMAINS = ("example.com", "example.org", "domain.com", "email.com", "sentry.io", "yourdomain.com")


class FoundEmail(msgspec.Struct, frozen=True):
    """An address and how it was published."""

    address: str
    method: str


def clean_address(text: str) -> str | None:
    """The one address that the text is, lower-cased; None where it is none."""
    bare = text.strip().strip("<>,;:.").strip()
    if not _ADDRESS.fullmatch(bare):
        return None
    address = bare.lower().replace("’", "'")
    local, domain = address.rsplit("@", 1)
    if ".." in local or domain in _PLACEHOLDER_DOMAINS or domain.endswith((".png", ".jpg", ".gif", ".webp", ".svg")):
        return None
    return address


def find_in_text(text: str) -> list[FoundEmail]:
    """Addresses in visible text: as they are, or with [at] and [dot] words."""
    if "@" not in text and not _SURELY_HIDDEN.search(text):
        return []
    found = [FoundEmail(a, "text") for m in _ADDRESS.finditer(text) if (a := clean_address(m[0]))]
    if not found and "@" in text:
        spaced = _SPACED_AT.finditer(text.strip())
        found = [FoundEmail(a, "at_words") for m in spaced if (a := clean_address(f"{m[1]}@{m[2]}"))]
    if not found and _SURELY_HIDDEN.search(text):
        found = [FoundEmail(a, "at_words") for a in decode_at_words(text)]
    return found


def without_addresses(text: str) -> str:
    """The text with every address taken out."""
    if "@" in text:
        text = _ADDRESS.sub(" ", text)
        text = _SPACED_AT.sub(" ", text)
    return _AT_WORDS.sub(" ", text) if _SURELY_HIDDEN.search(text) and decode_at_words(text) else text


def decode_at_words(text: str) -> list[str]:
    """`jane [at] school [dot] org`; plain " at " counts only beside a "dot" word or capitals, or prose would match."""
    addresses: list[str] = []
    for match in _AT_WORDS.finditer(text):
        if not _SURELY_HIDDEN.search(match[0]):
            continue
        local, domain = (re.sub(rf"(?:{_DOT})", ".", part) for part in match.groups())
        if address := clean_address(f"{local}@{domain}"):
            addresses.append(address)
    return addresses


def decode_mailto(href: str) -> list[str]:
    """`mailto:` links: percent-encoded, with several addresses, with ?subject, with a name in angle brackets."""
    href = unescape(href).strip()
    if not href.lower().startswith("mailto:"):
        return []
    target = unquote(href[7:].split("?", 1)[0])
    parts = (_IN_ANGLES.findall(target) if "<" in target else []) or _BETWEEN.split(_NO_SPAM.sub("", target))
    return [address for part in parts if (address := clean_address(part))]


def decode_cloudflare(hexadecimal: str) -> str | None:
    """`data-cfemail`: the first byte is the key that the others were XORed with."""
    if not _HEX.fullmatch(hexadecimal):
        return None
    key, *rest = bytes.fromhex(hexadecimal)
    text = bytes(byte ^ key for byte in rest).decode("utf-8", "replace")
    return clean_address(text.split("?", 1)[0])


def decode_cloudflare_link(href: str) -> str | None:
    """`/cdn-cgi/l/email-protection#…`, which hides an address together with its ?subject."""
    found = _CLOUDFLARE_LINK.search(href)
    return decode_cloudflare(found["hex"]) if found else None


def decode_reversed(domain: str, user: str) -> str | None:
    """Finalsite's `insertEmail`: domain and user are written backwards."""
    return clean_address(f"{user[::-1]}@{domain[::-1]}")


def decode_rot13(text: str) -> str | None:
    """Blackboard's `swrot13`: letters are moved by 13; sometimes a whole link is."""
    plain = codecs.decode(text, "rot13")
    found = _ADDRESS.search(unescape(plain).replace("mailto:", " "))
    return clean_address(found[0]) if found else None


def decode_base64(text: str) -> str | None:
    """An address in Base64, as Smart Sites' `data-staff-email` and Cyberschool's `?e=` have it."""
    text = unquote(text).strip()
    if not 8 <= len(text) <= 400:
        return None
    try:
        plain = base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    return clean_address(plain)


def decode_character_codes(digits: str) -> str | None:
    """Older Edlio: four digits a character ("0106" is "j"), in one run or parted by a space or a mark."""
    if len(digits) > _LONGEST_CODES or not _CODES.fullmatch(digits):
        return None
    return clean_address("".join(chr(int(code)) for code in re.findall(r"\d{4}", digits)))


def decode_linear_codes(digits: str) -> str | None:
    """Older Edlio's links: four digits a character, which are a multiple of its code and a constant.

    Sites may have numbers of their own, so both are searched; None where no or more than one make an address of the
    digits. The one @ of an address fixes the constant: it is a group that occurs once.
    """
    if not _CODE_GROUPS.fullmatch(digits):
        return None
    groups = [int(digits[i : i + 4]) for i in range(0, len(digits), 4)]
    widest = math.gcd(*(group - groups[0] for group in groups))
    single = [group for group, count in Counter(groups).items() if count == 1]
    found = {
        text
        for factor in range(1, widest + 1)
        if widest % factor == 0
        for at in single
        if (text := _address_of([(group - at) // factor + ord("@") for group in groups]))
    }
    return found.pop() if len(found) == 1 else None


def _address_of(codes: list[int]) -> str | None:
    if not all(0 < code < 128 for code in codes):
        return None
    text = "".join(map(chr, codes))
    # Before and behind the marks that `clean_address` takes off stands no address.
    return clean_address(text) if _ADDRESS.fullmatch(text) else None


def find_in_script(script: str) -> list[FoundEmail]:
    """Addresses that a script beside the person writes into the page."""
    found = [(decode_reversed(m["domain"], m["user"]), "reversed") for m in _INSERT_EMAIL.finditer(script)]
    found += [(decode_rot13(m["text"]), "rot13") for m in _ROT13.finditer(script)]
    found += [(clean_address(_NO_SPAM.sub("@", m["text"])), "script") for m in _MAIL_ME.finditer(script)]
    found += [(clean_address(unquote(m[1])), "script") for m in _MAILTO_IN_SCRIPT.finditer(_PLUS.sub("", script))]
    if not any(address for address, _ in found):
        written = (address for text in joined_strings(script) if "@" in text for address in _ADDRESS.findall(text))
        found = [(clean_address(address), "script") for address in dict.fromkeys(written)]
    return [FoundEmail(address, method) for address, method in found if address]


def find_in_link(href: str) -> list[FoundEmail]:
    """Addresses that a link hides or shows."""
    if not _ADDRESS_LINK.search(href):
        return []
    if found := decode_mailto(href):
        return [FoundEmail(address, "mailto") for address in found]
    if href.lower().startswith("mailto:"):
        return [FoundEmail(address, "at_words") for address in decode_at_words(unquote(href[7:]))]
    if address := decode_cloudflare_link(href):
        return [FoundEmail(address, "cloudflare")]
    if href.lower().startswith("javascript:"):
        return find_in_script(unquote(href))
    return _find_in_query(href)


def _find_in_query(href: str) -> list[FoundEmail]:
    if "?e=" not in href and "&e=" not in href:
        return []
    values = parse_qs(urlsplit(href).query).get("e", [])
    found = [FoundEmail(address, "base64") for value in values if (address := decode_base64(value))]
    return found or [
        FoundEmail(address, "character_codes") for value in values if (address := decode_linear_codes(value))
    ]


def find_in_parts(attributes: Mapping[str, str]) -> list[FoundEmail]:
    """The address whose user and domain stand in attributes of their own, as in `data-user` and `data-domain`."""
    domain = next((attributes[name] for name in attributes if name in words("markup", "domain_attributes")), "")
    user = next((attributes[name] for name in attributes if name in words("markup", "user_attributes")), "")
    address = clean_address(f"{user.strip()}@{domain.strip().lstrip('@')}") if user and "." in domain else None
    return [FoundEmail(address, "attribute")] if address else []


def find_in_hidden_field(value: str) -> list[FoundEmail]:
    """The address that a form field which no visitor sees keeps for a script."""
    address = decode_character_codes(value.strip())
    return [FoundEmail(address, "character_codes")] if address else []


def find_in_attribute(name: str, value: str) -> list[FoundEmail]:
    """Addresses in the attributes of an element, such as `data-cfemail`, `data-staff-email` and `onclick`."""
    if name.startswith("on"):
        return find_in_script(value)
    if name == "data-cfemail":
        address = decode_cloudflare(value)
        return [FoundEmail(address, "cloudflare")] if address else []
    if not name.startswith("data-") or "mail" not in name:
        return []
    if address := clean_address(value):
        return [FoundEmail(address, "attribute")]
    if address := decode_base64(value):
        return [FoundEmail(address, "base64")]
    return []
