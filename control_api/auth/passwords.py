"""Passwords as argon2id hashes, made and compared in threads, a few at once: each takes much memory by design."""

from __future__ import annotations

import asyncio
import secrets
import unicodedata
from base64 import b64encode
from typing import Annotated

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from control_api.problems import ApiError
from control_api.settings import ApiSettings

AT_ONCE = 2
LEAST_LETTERS = 12
Password = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
NewPassword = Annotated[
    str, msgspec.Meta(min_length=LEAST_LETTERS, max_length=200, description="12 characters or more, of any kind.")
]


class WeakPasswordError(ApiError):
    """A new password that is guessed early."""

    code = "WEAK_PASSWORD"
    status = 422


class Passwords:
    """Makes and compares hashes at the settings' cost."""

    def __init__(self, settings: ApiSettings) -> None:
        self._hasher = PasswordHasher(
            time_cost=settings.password_rounds, memory_cost=settings.password_memory_kib, parallelism=1
        )
        self._turns = asyncio.Semaphore(AT_ONCE)
        # Costs as much as anybody's, and fits no password: whoever does not exist takes as long as whoever does.
        salt, digest = (b64encode(secrets.token_bytes(size)).rstrip(b"=").decode() for size in (16, 32))
        self._nobodys = (
            f"$argon2id$v=19$m={settings.password_memory_kib},t={settings.password_rounds},p=1${salt}${digest}"
        )

    async def hash(self, password: str) -> str:
        """What is kept of a password."""
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, _plain(password))

    async def verify(self, kept: str | None, password: str) -> bool:
        """Whether the password is the one that was kept; the same work where none was."""
        async with self._turns:
            fits = await asyncio.to_thread(self._fits, kept or self._nobodys, _plain(password))
        return fits and kept is not None

    def is_outdated(self, kept: str) -> bool:
        """Whether a hash was made at another cost than the settings ask for now."""
        return self._hasher.check_needs_rehash(kept)

    def _fits(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False


def check_strength(password: str, *names: str | None) -> None:
    """Refuses what is tried first: the user's own names, or hardly any different characters.

    Raises:
        WeakPasswordError: it is such a one.
    """
    plain = _plain(password).casefold()
    if len(set(plain)) < 5:
        raise WeakPasswordError("The password repeats a few characters. Several words make a good one.")
    for name in filter(None, names):
        own = name.casefold()
        if own in plain and len(plain.replace(own, "")) < LEAST_LETTERS // 2:
            raise WeakPasswordError("The password is hardly more than your name or address.")


def _plain(password: str) -> str:
    # The same letters typed on another keyboard may come as other code points.
    return unicodedata.normalize("NFC", password)
