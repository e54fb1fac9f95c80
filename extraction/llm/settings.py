"""Settings of the language model. Nothing is asked unless a key or a server of one's own is given."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

_BUDGET_DAYS = 30


class LlmSettings(BaseSettings):
    """Which model is asked, what it costs, and what may be spent."""

    model_config = SettingsConfigDict(env_prefix="TITLE1_LLM_", extra="ignore", populate_by_name=True, frozen=True)

    api_key: SecretStr | None = Field(default=None, validation_alias="OPENAI_API_KEY")
    base_url: str | None = Field(default=None, validation_alias="OPENAI_BASE_URL")
    """A server that speaks OpenAI's language, such as `http://127.0.0.1:11434/v1`; a key is optional then."""
    model: str = Field(default="gpt-4o-mini", min_length=1)

    input_dollars_per_million: float = Field(default=0.15, ge=0)
    """Price of a million tokens sent."""
    output_dollars_per_million: float = Field(default=0.60, ge=0)
    """Price of a million tokens answered."""
    reasoning_tokens: int = Field(default=0, ge=0)
    """For models that think before they answer: what is added to the longest answer."""
    image_tokens: int = Field(default=26_000, ge=0)
    """The most that one page's image counts. gpt-4o-mini bills a page in high detail at 25,501 tokens, others less."""

    job_dollars: float = Field(default=1.0, ge=0)
    job_tokens: int = Field(default=2_000_000, ge=0)
    organization_dollars: float = Field(default=20.0, ge=0)
    """Within 30 days."""
    organization_tokens: int = Field(default=40_000_000, ge=0)

    timeout_seconds: float = Field(default=120.0, gt=0, le=3600)
    """The longest one question may take, with all its retries."""
    retries: int = Field(default=2, ge=0, le=10)
    """After 429, 5xx and lost connections."""
    concurrency: int = Field(default=4, ge=1, le=64)
    """Questions of one process that are open at once."""

    below_confidence: float = Field(default=0.6, ge=0, le=1)
    """Pages that were read less surely are asked about."""

    ask_about_staff: bool = True
    """Whether blocks of staff pages are sent, too, or only school lists."""

    @property
    def budget_days(self) -> int:
        """An organization's budget counts what it spent in the last so many days."""
        return _BUDGET_DAYS

    @property
    def configured(self) -> bool:
        """Whether there is anybody to ask."""
        return bool((self.api_key and self.api_key.get_secret_value()) or self.base_url)

    @property
    def configured_for_staff(self) -> bool:
        """Whether there is anybody to ask about staff pages."""
        return self.configured and self.ask_about_staff
