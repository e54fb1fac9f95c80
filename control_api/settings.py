"""Settings of the HTTP side, read from the environment (and `.env`)."""

from __future__ import annotations

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

SECRET_LETTERS = 32


class ApiSettings(BaseSettings):
    """How the API is served and how much one caller may ask of it."""

    model_config = SettingsConfigDict(env_prefix="TITLE1_", env_file=".env", extra="ignore")

    host: str = "127.0.0.1"
    """Address the API listens on; only this machine by default."""
    port: int = Field(default=8000, ge=0, le=65535)
    """Port the API listens on."""
    upload_max_bytes: int = Field(default=50 * 1024 * 1024, ge=1)
    """Largest PDF that is accepted."""
    page_images_at_once: int = Field(default=2, ge=1, le=64)
    """Pictures of pages that one API process draws at once; each is a process of its own."""
    unfinished_jobs_per_user: int = Field(default=5, ge=1)
    """Jobs of one user that may be queued, running, waiting or paused at once; a pipeline counts as one."""
    export_purpose_required: bool = False
    """Whether every file of people or schools must be asked for with its purpose."""
    streams_per_user: int = Field(default=20, ge=1)
    """Event streams of one user that one API process keeps open."""
    stream_ping_seconds: float = Field(default=15.0, gt=0)
    """Silence after which a stream says `: ping`, so that proxies keep it open."""
    stream_poll_seconds: float = Field(default=5.0, gt=0)
    """How often streams look into the table although nobody rang: covers a lost notification."""
    stream_longest_seconds: float = Field(default=3600.0, gt=0)
    """Age at which a stream ends by itself; the client connects again and is asked for its key again."""
    secret_key: SecretStr | None = None
    """Signs access tokens: 32 characters or more; several with commas between: the first signs, all are accepted.
    Unset: a random one is made once and kept in the database."""
    access_token_minutes: float = Field(default=10.0, gt=0, le=60)
    """Life of an access token; its session is asked for with every request all the same."""
    session_days: float = Field(default=14.0, gt=0, le=90)
    """Longest life of a session, however often it is used."""
    session_idle_hours: float = Field(default=72.0, gt=0)
    """Silence after which a session has ended."""
    password_memory_kib: int = Field(default=65_536, ge=8)
    """Memory that one password's argon2id takes."""
    password_rounds: int = Field(default=3, ge=1, le=100)
    """Its passes over that memory."""
    sign_in_wait_seconds: float = Field(default=1.0, ge=0)
    """First wait after too many failed sign-ins; it doubles with each further one."""
    reads_per_minute: int = Field(default=1_200, ge=0)
    """Requests of one user that only look; 0 is no limit."""
    writes_per_minute: int = Field(default=240, ge=0)
    """Requests of one user that change something."""
    sign_ins_per_minute: int = Field(default=20, ge=0)
    """Requests of one address to sign in, renew a session or set a password by a link."""
    strangers_per_minute: int = Field(default=60, ge=0)
    """Requests of one address with a credential that opens nothing, or with none."""
    trusted_proxies: str | None = None
    """Addresses whose `X-Forwarded-For` and `-Proto` are believed, with commas between; unset: nobody's."""
    shutdown_seconds: int = Field(default=3, ge=1)
    """How long open requests may take to end when the server is stopped."""

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value and any(len(part.strip()) < SECRET_LETTERS for part in value.get_secret_value().split(",")):
            raise ValueError(f"a secret has {SECRET_LETTERS} characters or more")
        return value

    @property
    def session_idle_seconds(self) -> float:
        """The same silence in seconds."""
        return self.session_idle_hours * 3600
