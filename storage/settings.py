"""Settings of the storage room, read from the environment."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from storage.embedded import default_data_dir


class StorageSettings(BaseSettings):
    """Where things are kept."""

    model_config = SettingsConfigDict(extra="ignore", populate_by_name=True)

    database_url: str | None = Field(default=None, validation_alias="DATABASE_URL")
    """PostgreSQL to use, as `postgresql://user:password@host/database`; unset: an embedded one starts by itself."""
    data_dir: Path = Field(default_factory=default_data_dir, validation_alias="TITLE1_DATA_DIR")
    """Folder of the embedded PostgreSQL, the blobs (unless `TITLE1_BLOBS_URL` is set) and the crawls' checkpoints."""
    blobs_url: str | None = Field(default=None, validation_alias="TITLE1_BLOBS_URL")
    """fsspec URL of the blob store, where unfinished crawls leave their journals, too, for workers on other machines;
    default: the folder `blobs` under the data folder."""
    kept_pages_days: int = Field(default=30, ge=0, le=3650, validation_alias="TITLE1_KEEP_PAGES_DAYS")
    """How long fetched pages are kept, so that `title1 reextract` can read them again; 0 keeps none."""
    pool_size: int = Field(default=8, ge=2, le=100, validation_alias="TITLE1_DATABASE_POOL")
    """Database connections a process keeps at most (besides one that listens)."""
