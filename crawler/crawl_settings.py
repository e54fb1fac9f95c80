"""The settings of a crawl (`TITLE1_CRAWL_…`): who crawls, how politely, how far, and which addresses are open to it.

Read once per process by the add-on and the parts it wires; the README's table lists every field.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from crawler.addresses import read_hosts
from extraction.network_addresses import Address

PRODUCT = "Title1"
"""The product token: what robots.txt files address and what the User-Agent begins with."""


class CrawlSettings(BaseSettings):
    """How this operator crawls. Every default is one that a school's administrator would accept."""

    model_config = SettingsConfigDict(env_prefix="TITLE1_CRAWL_", extra="ignore", frozen=True, populate_by_name=True)

    contact: str | None = Field(
        default=None, description="A URL or e-mail address of the operator; printed in the User-Agent of every request"
    )
    delay_seconds: float = Field(default=1.0, ge=0, le=300, description="Least pause between two requests to one host")
    backoff_seconds: float = Field(
        default=5.0, ge=0.05, le=300, description="First pause after a 429, a 503 or a failure; doubles each time"
    )
    max_pause_seconds: float = Field(
        default=120.0, ge=1, description="A longer Retry-After parks the host: its schools end as try_later"
    )
    max_crawl_delay_seconds: float = Field(
        default=30.0, ge=0, description="A larger Crawl-delay of a robots.txt parks the host"
    )
    host_wait_seconds: float = Field(
        default=600.0,
        ge=1,
        description="How long a job waits for a host that other crawls ask; then its schools there end as try_later",
    )
    host_lease_seconds: float = Field(
        default=45.0,
        ge=3,
        le=3600,
        description="How long beyond the timeout a host stays taken by a crawl that gives no sign of life",
    )
    timeout_seconds: float = Field(default=30.0, gt=0, le=300, description="Longest time for one answer")
    allow_addresses: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        default=(), description="Networks that are open although they are not public, such as 127.0.0.0/8"
    )
    allow_ports: Annotated[tuple[int, ...], NoDecode] = Field(
        default=(), description="Ports that are open besides 80 and 443"
    )
    hosts_file: Path | None = Field(
        default=None, description="Names and addresses in hosts(5) format, asked before DNS"
    )
    hosts_only: bool = Field(
        default=False,
        description="Only names of the hosts file exist; DNS is never asked (closed networks, rehearsals)",
    )
    pages_per_school: int = Field(default=30, ge=1, le=1000, description="Pages asked for per school at most")
    seconds_per_school: float = Field(
        default=180.0, gt=0, description="Seconds a school's server may keep us waiting for its pages, altogether"
    )
    candidates_per_school: int = Field(default=12, ge=1, le=50, description="Candidate websites fetched per school")
    aggregators_file: Path | None = Field(
        default=None, description="More hosts that are never a school's own site, one a line"
    )

    @field_validator("allow_addresses", "allow_ports", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return [part for part in re.split(r"[,\s]+", value) if part] if isinstance(value, str) else value

    @field_validator("contact")
    @classmethod
    def _check_contact(cls, value: str | None) -> str | None:
        text = (value or "").strip()
        if not text:
            return None
        if re.fullmatch(r"[^\s@()]+@[^\s@()]+\.[^\s@()]+", text) and ":" not in text:
            return f"mailto:{text}"
        if re.fullmatch(r"(https?://|mailto:)[^\s()]+", text):
            return text
        message = "must be a web address (https://…) or an e-mail address"
        raise ValueError(message)

    @property
    def user_agent(self) -> str:
        """The User-Agent header: product, version and the operator's contact."""
        return f"{PRODUCT}/{_version()}" + (f" (+{self.contact})" if self.contact else "")

    @property
    def missing_contact(self) -> str | None:
        """Why nothing may be crawled: no public host is asked without the operator's contact."""
        if self.contact is not None or self.allow_addresses:
            return None
        return (
            "TITLE1_CRAWL_CONTACT is not set: name a web or e-mail address at which schools can reach you; no public "
            "host is asked without it"
        )

    def known_hosts(self) -> dict[str, tuple[Address, ...]]:
        """Reads the hosts file, where one is set."""
        if self.hosts_file is None:
            return {}
        return read_hosts(self.hosts_file.read_text(encoding="utf-8").splitlines())


@cache
def crawl_settings() -> CrawlSettings:
    """Returns the settings of this process, read from the environment once."""
    return CrawlSettings()


def _version() -> str:
    try:
        return version("title1")
    except PackageNotFoundError:
        # Run from a checkout that is not installed.
        return "0.1"
