"""Settings of webhooks, read from the environment (and `.env`)."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Seconds = Annotated[float, Field(ge=0, le=7 * 24 * 3600)]


class WebhookSettings(BaseSettings):
    """How messages are sent, and for how long it is tried."""

    model_config = SettingsConfigDict(env_prefix="TITLE1_WEBHOOK_", env_file=".env", extra="ignore")

    timeout_seconds: float = Field(default=15.0, gt=0, le=120)
    """The longest that one try may take, from the look at its name to the last byte that is kept of its answer."""
    retry_seconds: Annotated[tuple[Seconds, ...], NoDecode, Field(max_length=20)] = (
        *(5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400),
    )
    """Pauses after the first, second, … try that failed, each a fifth shorter or longer; then the message is given up.
    Three days in all."""
    disable_days: float = Field(default=5.0, gt=0, le=365)
    """A webhook at which nothing has succeeded for so long is disabled."""
    keep_days: int = Field(default=30, ge=1, le=3650)
    """Messages that have ended are kept for so long."""
    at_once: int = Field(default=8, ge=1, le=100)
    """Webhooks that one worker sends to at the same time; to each it sends one message after the other."""
    allow_addresses: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = ()
    """Networks whose addresses may be asked although they are not public; where a URL names them as such, also
    without TLS. For receivers of your own network, and for tests."""

    @field_validator("allow_addresses", "retry_seconds", mode="before")
    @classmethod
    def _comma_separated(cls, value: object) -> object:
        return [part for part in value.replace(",", " ").split() if part] if isinstance(value, str) else value
