"""Signatures, against the library of those who wrote the rules."""

from __future__ import annotations

import base64
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from control_api.webhooks.posting import seconds_to_wait
from control_api.webhooks.signing import WebhookSecretError, key_of, new_secret, signed_headers


def test_each_of_several_secrets_verifies_and_no_other_one_does() -> None:
    old, new, body = new_secret(), new_secret(), '{"type":"job.failed","name":"Ñ"}'.encode()
    headers = signed_headers("msg_1", int(time.time()), body, [key_of(new), key_of(old)])
    assert headers["webhook-signature"].count("v1,") == 2
    for secret in (old, new):
        assert Webhook(secret).verify(body, headers) == {"type": "job.failed", "name": "Ñ"}
    for secret, content, changed in (
        (new_secret(), body, {}),
        (new, body + b" ", {}),
        (new, body, {"webhook-id": "msg_2"}),
        (new, body, {"webhook-timestamp": str(int(time.time()) + 1)}),
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(content, headers | changed)


@pytest.mark.parametrize("length", [24, 32, 64])
def test_secrets_of_24_to_64_bytes_are_good(length: int) -> None:
    key = bytes(range(length))
    assert key_of("whsec_" + base64.b64encode(key).decode()) == key


@pytest.mark.parametrize(
    "secret",
    [
        *("", "whsec_", "whsec_!!!!", "whsec_ñ", base64.b64encode(bytes(32)).decode()),
        *("whsec_" + base64.b64encode(bytes(length)).decode() for length in (23, 65)),
    ],
)
def test_other_secrets_are_none(secret: str) -> None:
    with pytest.raises(WebhookSecretError, match="24 to 64"):
        key_of(secret)


def test_retry_after_is_a_number_or_a_date() -> None:
    assert [seconds_to_wait(words) for words in ("120", " 7 ", None, "", "soon", "-5")] == [120, 7, 0, 0, 0, 0]
    assert seconds_to_wait(format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)) == 0
    assert 3500 < seconds_to_wait(format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)) <= 3600
