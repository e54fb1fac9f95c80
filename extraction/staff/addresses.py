"""What an e-mail address says of itself: whether it is one, and whether it is an office's or thrown away after use.

Syntax and international domains are email-validator's, whose rules are those of RFC 5321, 6531 and IDNA 2008; domains
of disposable addresses are those of the package disposable-email-domains (MIT). Nothing here asks anybody.
"""

from __future__ import annotations

from functools import cache

from disposable_email_domains import blocklist
from email_validator import EmailNotValidError, validate_email

from extraction.staff.vocabulary import words


def plain_address(text: str) -> str:
    """The address in lower case, its domain in ASCII.

    Raises:
        ValueError: it is none; the message says why.
    """
    try:
        # Whether the domain is one of the Internet's DNS says, also of `.test`.
        read = validate_email(text.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise ValueError(f"{text[:100]!r} is no e-mail address: {error}") from error
    if "." not in read.ascii_domain:
        raise ValueError(f"{text[:100]!r} is no e-mail address: its domain is a single word.")
    return f"{read.local_part}@{read.ascii_domain}".lower()


def is_office_address(address: str) -> bool:
    """Whether an address is a role's or an office's (info@, frontoffice@) rather than a person's own."""
    local = address.rpartition("@")[0].lower().partition("+")[0]
    return "".join(filter(str.isalnum, local)) in _office_names()


def is_disposable(address: str) -> bool:
    """Whether an address is of a service for addresses that are thrown away, or of a domain below one."""
    labels = address.rpartition("@")[2].lower().split(".")
    return any(".".join(labels[place:]) in blocklist for place in range(len(labels) - 1))


@cache
def _office_names() -> frozenset[str]:
    return words("addresses", "office")
