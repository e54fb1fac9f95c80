"""The cookies of the dashboard: the session itself, which no script can read, and the word that its page sends back."""

from __future__ import annotations

from uuid import UUID

from litestar.datastructures import Cookie

from control_api.auth.requests import AnyConnection, CrossSiteError, refuse_other_sites
from control_api.auth.signing import Signer

SESSION = "title1_session"
PAGE_WORD = "title1_csrf"
PAGE_WORD_HEADER = "x-csrf-token"


def session_cookie(connection: AnyConnection) -> str | None:
    """The session that the browser sends along."""
    return connection.cookies.get(_named(SESSION, connection))


def signed_in(connection: AnyConnection, token: str, word: str, *, days: float) -> list[Cookie]:
    """The cookies of somebody who has signed in."""
    return [
        _cookie(connection, SESSION, token, seconds=int(days * 86_400), httponly=True),
        _cookie(connection, PAGE_WORD, word, seconds=int(days * 86_400), httponly=False),
    ]


def signed_out(connection: AnyConnection) -> list[Cookie]:
    """The same cookies, taken back."""
    return [
        _cookie(connection, SESSION, "", seconds=0, httponly=True),
        _cookie(connection, PAGE_WORD, "", seconds=0, httponly=False),
    ]


def check_own_page(connection: AnyConnection, signer: Signer, session_id: UUID) -> None:
    """Refuses what was not sent by a page that knows its session's word.

    The cookie alone proves nothing: browsers send it along with whatever other sites make them ask.

    Raises:
        CrossSiteError: it was not.
    """
    refuse_other_sites(connection)
    word = connection.headers.get(PAGE_WORD_HEADER, "")
    if word != connection.cookies.get(_named(PAGE_WORD, connection)) or not signer.is_page_word(word, session_id):
        raise CrossSiteError("Send the cookie's word in `X-CSRF-Token`, as the dashboard does.")


def _cookie(connection: AnyConnection, name: str, value: str, *, seconds: int, httponly: bool) -> Cookie:
    return Cookie(
        key=_named(name, connection),
        value=value,
        max_age=seconds,
        path="/",
        secure=_is_secure(connection),
        httponly=httponly,
        samesite="strict",
    )


def _named(name: str, connection: AnyConnection) -> str:
    # The prefix keeps other hosts of the domain from setting it; browsers take it over HTTPS only.
    return f"__Host-{name}" if _is_secure(connection) else name


def _is_secure(connection: AnyConnection) -> bool:
    return connection.scope["scheme"] == "https"
