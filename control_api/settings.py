"""Settings of the HTTP side, read from the environment (and `.env`)."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


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
    shutdown_seconds: int = Field(default=3, ge=1)
    """How long open requests may take to end when the server is stopped."""
