"""What the server signs: access tokens (JWT) and the words that tell a page's own requests from forged ones.

Both are signed by keys derived from one secret, each for its own use. A token says by `kid` which secret that was, so
secrets can be replaced while old tokens are still about.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import jwt

from control_api.settings import ApiSettings
from storage.accounts import Account
from storage.database import Database
from storage.signing import signing_secrets

ISSUER = "title1"
AUDIENCE = "title1-api"
ALGORITHM = "HS256"
HEADER_TYPE = "at+jwt"
CLAIM_TYPE = "access"
CLAIMS = ("iss", "aud", "typ", "sub", "org", "sid", "jti", "iat", "nbf", "exp")
LEEWAY_SECONDS = 5
"""How far the clocks of two API machines may differ."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token that was signed here says."""

    user_id: UUID
    organization_id: UUID
    session_id: UUID


class Signer:
    """Signs, and checks what was signed.

    Args:
        secrets: by their ids; the first signs, all are accepted.
        token_minutes: life of an access token.
    """

    def __init__(self, secrets: Mapping[str, bytes], *, token_minutes: float) -> None:
        self._token_keys = {key_id: _derived(secret, b"access token") for key_id, secret in secrets.items()}
        self._page_keys = {key_id: _derived(secret, b"page requests") for key_id, secret in secrets.items()}
        self._newest = next(iter(secrets))
        self._life = timedelta(minutes=token_minutes)

    @property
    def token_seconds(self) -> int:
        """Life of an access token."""
        return int(self._life.total_seconds())

    def access_token(self, account: Account, session_id: UUID) -> str:
        """A token for one session."""
        now = datetime.now(UTC)
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "typ": CLAIM_TYPE,
            "sub": str(account.user_id),
            "org": str(account.organization_id),
            "sid": str(session_id),
            "jti": str(uuid4()),
            "iat": now,
            "nbf": now,
            "exp": now + self._life,
        }
        header = {"kid": self._newest, "typ": HEADER_TYPE}
        return jwt.encode(claims, self._token_keys[self._newest], algorithm=ALGORITHM, headers=header)

    def claims(self, token: str) -> Claims | None:
        """What a token says; None unless it was signed here, for this, and is still good."""
        try:
            header = jwt.get_unverified_header(token)
            key = self._token_keys.get(header.get("kid", ""))
            if key is None or header.get("typ") != HEADER_TYPE:
                return None
            said: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                leeway=LEEWAY_SECONDS,
                options={"require": list(CLAIMS), "strict_aud": True},
            )
            if said["typ"] != CLAIM_TYPE:
                return None
            return Claims(UUID(said["sub"]), UUID(said["org"]), UUID(said["sid"]))
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError, RecursionError):
            return None

    def page_word(self, session_id: UUID) -> str:
        """The word that a page of this session sends with what it changes."""
        return _signed(self._page_keys[self._newest], session_id)

    def is_page_word(self, word: str, session_id: UUID) -> bool:
        """Whether it is that word, by any of the secrets."""
        given = word.encode()
        return any(hmac.compare_digest(_signed(key, session_id).encode(), given) for key in self._page_keys.values())


async def open_signer(settings: ApiSettings, database: Database) -> Signer:
    """The signer of the settings' secrets, or else of the stored one, which all processes share."""
    if settings.secret_key is not None:
        parts = [part.strip().encode() for part in settings.secret_key.get_secret_value().split(",")]
        secrets = {hashlib.sha256(part).hexdigest()[:8]: part for part in parts}
    else:
        secrets = await signing_secrets(database)
    return Signer(secrets, token_minutes=settings.access_token_minutes)


def _derived(secret: bytes, use: bytes) -> bytes:
    return hmac.digest(secret, b"title1 " + use, "sha256")


def _signed(key: bytes, session_id: UUID) -> str:
    return hmac.digest(key, session_id.bytes, "sha256").hex()
