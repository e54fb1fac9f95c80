"""One org as the product asks it: login, describe and query by simple-salesforce, and calls on its session.

Everything here waits for the network; callers run it in a thread.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceAuthenticationFailed, SalesforceExpiredSession
from simple_salesforce.exceptions import SalesforceError as SimpleSalesforceError

from control_api.salesforce.addresses import Addresses
from control_api.salesforce.errors import (
    SalesforceError,
    SalesforceLoginError,
    SalesforceRefusedError,
    SalesforceUnavailableError,
)
from control_api.salesforce.session import SalesforceSession, error_of
from control_api.salesforce.settings import SalesforceSettings

Result = TypeVar("Result")
_ID = re.compile(r"[a-zA-Z0-9]{15}(?:[a-zA-Z0-9]{3})?")
_LOGINS_AGAIN = 3
"""As often as simple-salesforce does for its own requests."""
_SESSION_ENDS = "Salesforce ends each session right after the login. Check the user's login hours and IP ranges."
_LATER = frozenset({"unknown_error", "server_error", "temporarily_unavailable"})
"""OAuth errors that are the server's, and no verdict on who logs in."""


class LoginMethod(StrEnum):
    """How one logs in."""

    CLIENT_CREDENTIALS = "client_credentials"
    """An External Client App with its id and secret; needs the org's own address (My Domain)."""
    JWT_BEARER = "jwt_bearer"
    """An External Client App with a certificate: an assertion signed with its private key, for one user."""
    PASSWORD = "password"  # noqa: S105  the name of a way, no password
    """Legacy: user name, password and security token by SOAP, which Salesforce ends in summer 2027."""


@dataclass(frozen=True, slots=True)
class Secret:
    """What a login keeps to itself; each way has its own parts."""

    client_secret: str | None = field(default=None, repr=False)
    private_key: str | None = field(default=None, repr=False)
    """PEM."""
    password: str | None = field(default=None, repr=False)
    security_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Login:
    """Who logs in where."""

    login_url: str
    method: LoginMethod
    client_id: str | None
    username: str | None
    secret: Secret = field(repr=False)


class SalesforceClient:
    """A session with one org. It logs in when first needed, and again when the session has expired.

    Args:
        login: who logs in where.
        settings: how the org is asked.
    """

    def __init__(self, login: Login, settings: SalesforceSettings) -> None:
        self.settings = settings
        self._login = login
        self._http = SalesforceSession(settings, login.login_url)
        self._salesforce: Salesforce | None = None

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def connect(self) -> str:
        """Logs in, and returns the host of the org.

        Raises:
            SalesforceLoginError: the login is refused.
            SalesforceUnavailableError: Salesforce cannot be asked now.
        """
        return str(self._told(lambda: self._connected().sf_instance))

    def describe(self, name: str) -> dict[str, Any]:
        """What an object's fields are.

        Raises:
            SalesforceRefusedError: there is no such object, or the user may not see it.
        """
        # Its own `describe` of an object logs in again without end where each session ends at once.
        return dict(self._told(lambda: self._connected().restful(f"sobjects/{name}/describe")) or {})

    def query(self, soql: str) -> list[dict[str, Any]]:
        """The records of a query, of its first page."""
        found = self._told(lambda: self._connected().query(soql))
        return [dict(record) for record in (found or {}).get("records", [])]

    def has_record(self, name: str, record_id: str) -> bool:
        """Whether there is a record with this id."""
        return bool(_ID.fullmatch(record_id)) and bool(
            self.query(f"SELECT Id FROM {name} WHERE Id = '{record_id}' LIMIT 1")  # noqa: S608  letters and digits only
        )

    def user_id(self) -> str:
        """The id of the user whose session this is, in 15 letters."""
        said = self.call("GET", "").json()
        return str(said.get("identity", "")).rpartition("/")[2][:15]

    def call(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
        params: dict[str, str] | None = None,
        stream: bool = False,
    ) -> requests.Response:
        """A request below the API's address; once more where the session has expired.

        Raises:
            SalesforceRefusedError: Salesforce says no, with its own code.
            SalesforceUnavailableError: it cannot be asked now.
        """
        salesforce = self._told(self._connected)

        def send() -> requests.Response:
            return self._http.request(
                method,
                f"{salesforce.base_url}{path}",
                json=json,
                data=content,
                headers={"Authorization": f"Bearer {salesforce.session_id}", **(headers or {})},
                params=params,
                stream=stream,
            )

        response = send()
        for _ in range(_LOGINS_AGAIN):
            if response.status_code != 401:
                break
            response.close()  # the session has expired, and nothing was done
            self._told(salesforce._refresh_session)
            response = send()
        if response.status_code == 401:
            response.close()
            raise SalesforceLoginError(_SESSION_ENDS)
        if response.status_code >= 300:
            code, words = error_of(response)
            raise _refused(response.status_code, code, words)
        return response

    def _connected(self) -> Salesforce:
        if self._salesforce is None:
            self._salesforce = Salesforce(
                session=self._http, version=self.settings.api_version, client_id="title1", **self._credentials()
            )
        return self._salesforce

    def _credentials(self) -> dict[str, Any]:
        """The arguments by which simple-salesforce knows the way of logging in."""
        login, addresses = self._login, Addresses(self.settings.allow_addresses)
        domain, secret = addresses.domain(login.login_url), login.secret
        match login.method:
            case LoginMethod.CLIENT_CREDENTIALS:
                if addresses.is_shared_login(login.login_url):
                    raise SalesforceLoginError(
                        "The client credentials need the org's own address (My Domain), such as"
                        " https://acme.my.salesforce.com, in the place of login.salesforce.com."
                    )
                return {"domain": domain, "consumer_key": login.client_id, "consumer_secret": secret.client_secret}
            case LoginMethod.JWT_BEARER:
                return {
                    "username": login.username,
                    "consumer_key": login.client_id,
                    "privatekey": secret.private_key,
                    "domain": addresses.audience(login.login_url),
                    "instance_url": domain,
                }
            case LoginMethod.PASSWORD:
                return {
                    "domain": domain,
                    "username": login.username,
                    "password": secret.password,
                    "security_token": secret.security_token or "",
                }

    def _told(self, ask: Callable[[], Result]) -> Result:
        """What simple-salesforce answers, its errors as ours."""
        try:
            return ask()
        except SalesforceError:
            raise
        except SalesforceAuthenticationFailed as error:
            if isinstance(error.code, int):  # a page where an answer of the login should be
                raise SalesforceUnavailableError(f"Salesforce's login answers {error.code} with a page.") from error
            raise _login_refused(str(error.code or ""), str(error.auth_message or "")) from error
        except SalesforceExpiredSession as error:
            raise SalesforceLoginError(_SESSION_ENDS) from error
        except SimpleSalesforceError as error:
            said: Any = error.content
            first = said[0] if isinstance(said, list) and said else {}
            raise _refused(error.status, str(first.get("errorCode", "")), str(first.get("message", ""))) from error
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            # It reads answers without looking at their form; a page of a proxy or of maintenance ends here.
            raise SalesforceUnavailableError("Salesforce answered something that is no answer of its API.") from error


def _login_refused(code: str, words: str) -> SalesforceError:
    if code in _LATER or "login rate exceeded" in words.lower():
        return SalesforceUnavailableError(f"Salesforce takes no logins now ({words or code}).")
    hints = {
        "invalid_client_id": "Check the client id (consumer key).",
        "invalid_client": "Check the client secret.",
        "INVALID_LOGIN": "Check user name, password and security token.",
        "UNSUPPORTED_API_VERSION": "This way of logging in has ended; make an External Client App.",
    }
    by_words = {
        "user hasn't approved this consumer": "Pre-authorize the user in the External Client App's policies.",
        "invalid assertion": "Check that the app has the certificate of this private key.",
        "audience is invalid": "Use login.salesforce.com, or test.salesforce.com for a sandbox.",
    }
    hint = by_words.get(words) or hints.get(code) or "Check the External Client App: its flows and its user."
    return SalesforceLoginError(f"Salesforce refuses the login: {words or code}. {hint}")


def _refused(status: int, code: str, words: str) -> SalesforceError:
    if code == "API_DISABLED_FOR_ORG":
        words = f"{words} The org's edition or the user's permissions (API Enabled) do not allow the API."
    said = f"{code}: {words}" if code else f"HTTP {status}"
    return SalesforceRefusedError(f"Salesforce refuses this ({said}).", reason=code, http_status=status)
