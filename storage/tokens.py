"""Secrets that are handed out once and kept as hashes: API keys, cookies, refresh tokens, one-time links."""

from __future__ import annotations

import hashlib
import secrets

KEY_MARK = "t1_"
COOKIE_MARK = "t1c_"
REFRESH_MARK = "t1r_"
LINK_MARK = "t1l_"
_RANDOM_BYTES = 32


def new_token(mark: str) -> str:
    """A secret of 256 random bits that says by its mark what it is for."""
    return mark + secrets.token_urlsafe(_RANDOM_BYTES)


def hashed(token: str) -> bytes:
    """What is kept of it. A fast hash is right for 256 random bits: there is nothing to guess."""
    return hashlib.sha256(token.encode()).digest()
