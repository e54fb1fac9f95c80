"""Settings of the worker."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from storage.leases import Limits


class WorkerSettings(BaseSettings):
    """How much a worker does at once, and how long it is believed when silent."""

    model_config = SettingsConfigDict(env_prefix="TITLE1_WORKER_", extra="ignore")

    running_in_total: int = Field(default=7, ge=1, le=100)
    """Jobs that run at once over all workers."""
    running_per_user: int = Field(default=5, ge=1, le=100)
    """Jobs of one user that run at once."""
    lease_seconds: float = Field(default=15.0, ge=1.0, le=3600.0)
    """How long a frozen worker keeps its jobs; a dead one loses them at once."""
    priority_aging_seconds: float = Field(default=600.0, ge=0, le=7 * 24 * 3600.0)
    """The waiting that a class of priority is worth; 0: priorities mean nothing."""
    stop_seconds: float = Field(default=10.0, ge=1.0, le=300.0)
    """What a stopped spider has to write its checkpoint, before it is killed."""
    crawl_wall_seconds: float = Field(default=6 * 3600.0, ge=10.0)
    """The longest one attempt at a crawl may take; it goes on in another attempt."""

    shard_schools: int = Field(default=250, ge=1)
    """A crawl of more schools is parted by host into jobs of about so many, which any worker takes."""
    harvest_fresh_days: int = Field(default=7, ge=0)
    """Schools whose staff was read in the last so many days are not visited again, unless the job says `again`."""

    @property
    def limits(self) -> Limits:
        """The limits as the claim wants them."""
        return Limits(self.running_in_total, self.running_per_user, self.lease_seconds, self.priority_aging_seconds)
