"""HTTP to Salesforce: only to Salesforce's hosts, never without end, and an outage is told as one.

simple-salesforce is given this session in the place of its own, which has no timeouts, follows redirects anywhere and
takes a maintenance page for a wrong password.
"""

from __future__ import annotations

import time
from typing import Any

import requests

from control_api.salesforce.addresses import Addresses
from control_api.salesforce.errors import SalesforceUnavailableError
from control_api.salesforce.settings import SalesforceSettings

CONNECT_SECONDS = 10.0
LIMIT_SECONDS = 900.0
"""How long to wait where the org has no requests left; its limit is one of any 24 hours."""
_OUTAGES = frozenset({429, 500, 502, 503, 504})
_LIMITS = frozenset({"REQUEST_LIMIT_EXCEEDED", "LIMIT_EXCEEDED", "API_CURRENTLY_DISABLED"})
_OUTAGE_CODES = frozenset({"SERVER_UNAVAILABLE", "UNKNOWN_EXCEPTION"}) | _LIMITS
_LOGINS = ("/services/oauth2/token", "/services/Soap/u/")


class SalesforceSession(requests.Session):
    """A session with one org.

    Args:
        settings: how it is asked.
        login_url: where one logs in.
    """

    def __init__(self, settings: SalesforceSettings, login_url: str) -> None:
        super().__init__()
        self.trust_env = False  # else a .netrc could put another login in the place of the token
        self._settings = settings
        self._addresses = Addresses(settings.allow_addresses)
        self._login_url = login_url

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """Sends a request; what changes nothing is repeated where no answer came.

        Raises:
            SalesforceUnavailableError: there is no answer, or one that says to come later.
            SalesforceAddressError: the address is not Salesforce's.
        """
        address = self._addresses.asked(str(url), self._login_url)
        kwargs["timeout"] = (CONNECT_SECONDS, self._settings.timeout_seconds)
        kwargs["allow_redirects"] = False
        repeatable = str(method).upper() == "GET" or any(login in address for login in _LOGINS)
        for attempt in range(self._settings.retries + 1 if repeatable else 1):
            try:
                return self._sent(method, address, *args, **kwargs)
            except SalesforceUnavailableError as error:
                if attempt == self._settings.retries or not repeatable or error.wait_seconds:
                    raise
                time.sleep(0.25 * 2**attempt)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _sent(self, method: Any, address: str, *args: Any, **kwargs: Any) -> requests.Response:
        try:
            response = super().request(method, address, *args, **kwargs)
        except requests.Timeout as error:
            raise SalesforceUnavailableError(
                f"Salesforce did not answer within {self._settings.timeout_seconds:g} s."
            ) from error
        except requests.RequestException as error:
            raise SalesforceUnavailableError(f"Salesforce cannot be reached ({type(error).__name__}).") from error
        _raise_for_outage(response)
        return response


def _raise_for_outage(response: requests.Response) -> None:
    if response.status_code < 400:
        return
    code = error_of(response)[0]
    is_soap_fault = "xml" in response.headers.get("Content-Type", "")
    if code in _LIMITS:
        raise SalesforceUnavailableError(
            f"The Salesforce org takes no more requests now ({code}).", wait_seconds=LIMIT_SECONDS
        )
    if code in _OUTAGE_CODES or (response.status_code in _OUTAGES and not is_soap_fault):
        raise SalesforceUnavailableError(
            f"Salesforce answers {response.status_code}{f' ({code})' if code else ''}.", wait_seconds=_wait(response)
        )


def error_of(response: requests.Response) -> tuple[str, str]:
    """Code and words of an error, in whichever of Salesforce's forms it came; both empty where it has none."""
    try:
        said: Any = response.json()
    except ValueError:
        return "", ""
    if isinstance(said, list) and said:
        said = said[0]
    if not isinstance(said, dict):
        return "", ""
    code = said.get("errorCode") or said.get("error") or ""
    return str(code), str(said.get("message") or said.get("error_description") or "")


def _wait(response: requests.Response) -> float | None:
    text = response.headers.get("Retry-After", "")
    return min(float(text), LIMIT_SECONDS) if text.isdigit() else None
