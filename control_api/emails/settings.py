"""Settings of the checks of e-mail addresses."""

from __future__ import annotations

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from control_api.emails.domains import Server, server_of


class EmailSettings(BaseSettings):
    """Whether and how workers look at addresses."""

    model_config = SettingsConfigDict(env_prefix="TITLE1_EMAIL_", extra="ignore")

    check: bool = True
    """Whether workers look at addresses at all."""
    name_servers: str = ""
    """Name servers as address or address:port, parted by commas; default: those of the system."""
    recheck_days: int = Field(default=30, ge=1, le=365)
    """An answer of DNS is believed for its own time, but for so many days at most and an hour at least."""
    dns_seconds: float = Field(default=5.0, gt=0, le=60.0)
    """The longest that a question to DNS may take, over all servers."""
    pause_seconds: float = Field(default=30.0, gt=0, le=3600.0)
    """How long a worker waits when no address is due."""

    @field_validator("name_servers")
    @classmethod
    def _are_servers(cls, text: str) -> str:
        for one in filter(None, text.split(",")):
            server_of(one)
        return text

    @property
    def servers(self) -> list[Server]:
        """The name servers; none where the system's are asked."""
        return [server_of(one) for one in self.name_servers.split(",") if one.strip()]
