"""Settings of deliveries to Salesforce, read from the environment (and `.env`)."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class SalesforceSettings(BaseSettings):
    """How Salesforce is asked."""

    model_config = SettingsConfigDict(
        env_prefix="TITLE1_SALESFORCE_", env_file=".env", extra="ignore", populate_by_name=True
    )

    secret_key: SecretStr | None = Field(default=None, validation_alias="TITLE1_SECRET_KEY")
    """Keys of the secrets at rest, with commas between: the first encrypts, all are tried for reading."""
    api_version: str = Field(default="64.0", pattern=r"^\d{2,3}\.0$")
    """Version of the REST and Bulk API; the last one that knows the login by password."""
    timeout_seconds: float = Field(default=60.0, gt=0, le=600)
    """Longest wait for one answer."""
    retries: int = Field(default=2, ge=0, le=10)
    """Times that a question which changes nothing is repeated at once before the job waits."""
    batch_rows: int = Field(default=10_000, ge=1, le=50_000)
    """People of one upload."""
    poll_seconds: float = Field(default=5.0, gt=0, le=300)
    """Longest pause between two looks at an upload that Salesforce works on."""
    outage_seconds: float = Field(default=15.0, gt=0, le=3600)
    """First wait of a push for a Salesforce that does not answer; each further one is twice as long, 15 minutes at
    most."""
    allow_addresses: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = ()
    """Networks whose addresses may stand in the place of Salesforce, without TLS: for tests and rehearsals."""

    @field_validator("allow_addresses", mode="before")
    @classmethod
    def _comma_separated(cls, value: object) -> object:
        return [part for part in value.replace(",", " ").split() if part] if isinstance(value, str) else value
