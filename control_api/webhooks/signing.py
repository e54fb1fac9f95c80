"""Secrets and signatures as Standard Webhooks (version 1) has them. Pure, but for the random bytes of a new secret.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md: what is signed is
`id.timestamp.body`, by HMAC-SHA256; a signature is `v1,` and its base64; several have spaces between.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence

MARK = "whsec_"
LEAST_BYTES, MOST_BYTES = 24, 64
_NEW_BYTES = 32


class WebhookSecretError(ValueError):
    """A text that is no secret; the message says what one looks like."""


def new_secret() -> str:
    """A secret of 32 random bytes."""
    return MARK + base64.b64encode(secrets.token_bytes(_NEW_BYTES)).decode()


def key_of(secret: str) -> bytes:
    """The bytes of a secret.

    Raises:
        WebhookSecretError: it is not `whsec_` and the base64 of 24 to 64 bytes.
    """
    try:
        key = base64.b64decode(secret.removeprefix(MARK).encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        key = b""
    if not secret.startswith(MARK) or not LEAST_BYTES <= len(key) <= MOST_BYTES:
        raise WebhookSecretError(
            f"A secret is {MARK} and the base64 of {LEAST_BYTES} to {MOST_BYTES} random bytes. Left away, one is made."
        )
    return key


def signed_headers(message_id: str, timestamp: int, body: bytes, keys: Sequence[bytes]) -> dict[str, str]:
    """The headers of a message, with a signature by each key; the timestamp is in seconds since 1970."""
    content = f"{message_id}.{timestamp}.".encode() + body
    signatures = [base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode() for key in keys]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
