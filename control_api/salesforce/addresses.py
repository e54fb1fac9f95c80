"""Which addresses are Salesforce's: https at `*.salesforce.com`, and networks that a setting opens for rehearsals."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

from control_api.salesforce.errors import SalesforceAddressError

_DOMAIN = ".salesforce.com"
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+salesforce\.com")
_SHARED_LOGINS = ("login", "test")
_OPENED = "title1-opened"
"""Stands for an opened address where simple-salesforce wants a name before `.salesforce.com`."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses that may be asked.

    Args:
        opened: networks that are open although they are not Salesforce's.
    """

    opened: tuple[IPv4Network | IPv6Network, ...] = ()

    def login_url(self, text: str) -> str:
        """A login address as it is kept: scheme and host, nothing behind.

        Raises:
            SalesforceAddressError: it is not Salesforce's, or not https.
        """
        parts = self._checked(text.strip())
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise SalesforceAddressError(f"{text!r}: give the address without anything behind its host.")
        return f"{parts.scheme}://{parts.netloc.lower()}"

    def asked(self, url: str, login_url: str) -> str:
        """The address that is really asked for one that simple-salesforce or an answer of the org names.

        Raises:
            SalesforceAddressError: it is not Salesforce's, or not https.
        """
        parts = urlsplit(url)
        if parts.hostname == _OPENED + _DOMAIN:
            parts = parts._replace(scheme=urlsplit(login_url).scheme, netloc=urlsplit(login_url).netloc)
        elif self._is_opened(parts):
            parts = parts._replace(scheme="http")  # simple-salesforce writes https before every host
        self._checked(parts.geturl())
        return parts.geturl()

    def domain(self, login_url: str) -> str:
        """What simple-salesforce is told of a login address: the name before `.salesforce.com`."""
        parts = urlsplit(login_url)
        return _OPENED if self._is_opened(parts) else (parts.hostname or "").removesuffix(_DOMAIN)

    def is_shared_login(self, login_url: str) -> bool:
        """Whether this is one of the logins of all orgs, and not the org's own."""
        return self.domain(login_url) in _SHARED_LOGINS

    def audience(self, login_url: str) -> str:
        """Whom an assertion is for: `login`, or `test` for sandboxes."""
        domain = self.domain(login_url)
        return "test" if domain == "test" or ".sandbox." in f"{domain}." else "login"

    def _checked(self, url: str) -> SplitResult:
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise SalesforceAddressError(f"{url!r} is no address: {error}.") from error
        if self._is_opened(parts):
            return parts
        host = parts.hostname or ""
        if parts.scheme != "https" or parts.username or port not in (None, 443) or not _HOST.fullmatch(host):
            raise SalesforceAddressError(
                f"{url!r} is no address of Salesforce. Give the org's own, such as https://acme.my.salesforce.com."
            )
        return parts

    def _is_opened(self, parts: SplitResult) -> bool:
        try:
            address = ip_address(parts.hostname or "")
        except ValueError:
            return False
        return parts.scheme in {"http", "https"} and any(address in network for network in self.opened)
