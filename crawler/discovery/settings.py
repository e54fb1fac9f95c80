"""The settings of the providers of candidates (`TITLE1_…`): which services may be asked, with what key and budget.

A service that is not set up is not asked. Read once per process; the README's table lists every field.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from crawler.sites import origin_of


class DiscoverySettings(BaseSettings):
    """Where candidates for schools' websites come from."""

    model_config = SettingsConfigDict(env_prefix="TITLE1_", extra="ignore", frozen=True)

    searxng_url: str | None = Field(default=None, description="A SearXNG instance whose JSON API is enabled")
    brave_key: SecretStr | None = Field(
        default=None, description="Key of the Brave Search API; without, it is not asked"
    )
    brave_url: str = Field(
        default="https://api.search.brave.com/res/v1/web/search", description="Where the Brave Search API answers"
    )
    brave_searches: int = Field(default=1000, ge=0, description="Paid searches that one crawl process may send")
    wikidata_url: str | None = Field(
        default=None, description="A SPARQL service over Wikidata; without, it is not asked"
    )
    guess_names: int = Field(
        default=30, ge=0, le=200, description="Host names guessed and looked up per school at most; 0 guesses none"
    )
    guess_pages: int = Field(
        default=6, ge=0, le=50, description="Pages of guessed addresses fetched per school at most"
    )
    guess_patterns_file: Path | None = Field(
        default=None, description="Patterns of districts' and schools' addresses instead of the project's"
    )

    @field_validator("searxng_url", "wikidata_url", "brave_key", mode="before")
    @classmethod
    def _empty_is_unset(cls, value: str | None) -> str | None:
        return value or None

    def services(self) -> dict[str, dict[str, str]]:
        """Returns the origins of the services that are set up, each with the headers that its requests carry.

        They are interfaces for programs which the operator has chosen, not sites that are crawled: their robots.txt is
        not asked. The headers are added at the last moment, so that no key is ever written to a journal or sent on to
        another host by a redirect.
        """
        found: dict[str, dict[str, str]] = {}
        if self.searxng_url:
            found[origin_of(self.searxng_url)] = {"Accept": "application/json"}
        if self.wikidata_url:
            found[origin_of(self.wikidata_url)] = {"Accept": "application/sparql-results+json"}
        if self.brave_key:
            key = self.brave_key.get_secret_value()
            found[origin_of(self.brave_url)] = {"Accept": "application/json", "X-Subscription-Token": key}
        return found


@cache
def discovery_settings() -> DiscoverySettings:
    """Returns the settings of this process, read from the environment once."""
    return DiscoverySettings()
