"""Secrets of connections, and of webhooks, at rest: encrypted by a key that is not in the database.

The key is `TITLE1_SECRET_KEY`. Where it is not set and the embedded database is used, everything is on this machine
anyway: then a file in the data folder, readable by its owner only, holds a key that was made when first needed.
"""

from __future__ import annotations

import base64
import os
from dataclasses import asdict
from pathlib import Path
from uuid import UUID

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from control_api.salesforce.client import LoginMethod, Secret
from control_api.salesforce.errors import SalesforceLoginError, SecretUnreadableError
from control_api.salesforce.settings import SalesforceSettings
from storage.settings import StorageSettings

KEY_FILE = "secret.key"
_LEAST_KEY_BITS = 2048


class SecretBox:
    """Encrypts secrets and reads them.

    Args:
        settings: which keys there are.
        storage_settings: which database is used, and the data folder.
    """

    def __init__(self, settings: SalesforceSettings, storage_settings: StorageSettings) -> None:
        self._settings = settings
        self._storage_settings = storage_settings

    def seal(self, connection_id: UUID, secret: Secret) -> bytes:
        """The secret of a connection as it is stored; it opens for this connection only.

        Raises:
            SecretUnreadableError: there is no key, or a setting holds one that is none.
        """
        return self.seal_words(connection_id, asdict(secret))

    def seal_words(self, owner_id: UUID, words: dict[str, str | None]) -> bytes:
        """Named words of a secret as they are stored; they open for this owner only.

        Raises:
            SecretUnreadableError: there is no key, or a setting holds one that is none.
        """
        return self._keys(make=True).encrypt(msgspec.json.encode({"connection": str(owner_id), **words}))

    def open(self, connection_id: UUID, sealed: bytes) -> Secret:
        """The secret of a connection.

        Raises:
            SecretUnreadableError: no key reads it, or it is another connection's.
        """
        return Secret(**self.open_words(connection_id, sealed))

    def open_words(self, owner_id: UUID, sealed: bytes) -> dict[str, str | None]:
        """The words that `seal_words` has sealed for this owner.

        Raises:
            SecretUnreadableError: no key reads them, or they are another owner's.
        """
        try:
            held = msgspec.json.decode(self._keys(make=False).decrypt(sealed), type=dict[str, str | None])
        except (InvalidToken, msgspec.DecodeError) as error:
            raise SecretUnreadableError(
                "The secret of this connection was encrypted with another key. Put that key behind a comma in"
                " TITLE1_SECRET_KEY, or give the connection its secret again."
            ) from error
        if held.pop("connection", None) != str(owner_id):
            raise SecretUnreadableError("The stored secret belongs to another connection; give this one its own again.")
        return held

    def _keys(self, *, make: bool) -> MultiFernet:
        configured = self._settings.secret_key.get_secret_value() if self._settings.secret_key else ""
        words = [word.strip() for word in configured.split(",") if word.strip()]
        if not words:
            words = [self._own_key(make=make)]
        try:
            return MultiFernet([Fernet(word) for word in words])
        except ValueError as error:
            raise SecretUnreadableError(
                "TITLE1_SECRET_KEY is no key: it is 32 random bytes in URL-safe base64. `title1 sf key` makes one."
            ) from error

    def _own_key(self, *, make: bool) -> str:
        if self._storage_settings.database_url is not None:
            raise SecretUnreadableError(
                "Set TITLE1_SECRET_KEY for the API and the workers, so that secrets can be encrypted;"
                " `title1 sf key` makes one."
            )
        path = self._storage_settings.data_dir / KEY_FILE
        if make:
            _make_key_file(path)
        try:
            return path.read_text(encoding="ascii").strip()
        except OSError as error:
            raise SecretUnreadableError(f"The key of the secrets, {path}, cannot be read: {error.strerror}.") from error


def new_key() -> str:
    """A key for `TITLE1_SECRET_KEY`."""
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


def _make_key_file(path: Path) -> None:
    """Makes the key file if there is none; of two processes at once, one makes it and both use it."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    own = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(own, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.write(new_key())
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(own, path)  # whole or not at all, and never over another's
    except FileExistsError:
        pass
    finally:
        own.unlink()


def check_secret(method: LoginMethod, secret: Secret) -> None:
    """Checks that a secret has the parts that its way of logging in needs.

    Raises:
        SalesforceLoginError: something is missing, or the key is no RSA key of 2,048 bits.
    """
    match method:
        case LoginMethod.CLIENT_CREDENTIALS if not secret.client_secret:
            raise SalesforceLoginError("client_credentials need a `client_secret`.")
        case LoginMethod.PASSWORD if not secret.password:
            raise SalesforceLoginError("password needs a `password`, and mostly a `security_token`.")
        case LoginMethod.JWT_BEARER:
            try:
                key = load_pem_private_key((secret.private_key or "").encode(), password=None)
            except (ValueError, TypeError, UnsupportedAlgorithm) as error:
                raise SalesforceLoginError(
                    "jwt_bearer needs a `private_key`: an RSA key in PEM, without a password."
                ) from error
            if not isinstance(key, RSAPrivateKey) or key.key_size < _LEAST_KEY_BITS:
                raise SalesforceLoginError("jwt_bearer needs an RSA key of at least 2,048 bits.")
        case _:
            pass
