"""The SAQ queue as a doorbell: a ring says "look at this job"; it may be lost or doubled without harm."""

from __future__ import annotations

import time
from uuid import UUID

from saq.queue.postgres import PostgresQueue

from storage.conninfo import queue_conninfo

QUEUE = "title1"
RING_KEPT_SECONDS = 60


class Doorbell:
    """The queue's ringing end. SAQ makes its own connections, few of them."""

    def __init__(self, url: str, *, connections: int = 2) -> None:
        self.queue = PostgresQueue.from_url(queue_conninfo(url), name=QUEUE, min_size=1, max_size=connections)

    async def connect(self) -> None:
        """Opens the connections."""
        await self.queue.connect()

    async def close(self) -> None:
        """Closes the connections."""
        await self.queue.disconnect()

    async def ring(self, job_id: UUID, attempt: int, *, again: bool = False) -> None:
        """Tells the workers to look at a job.

        A ring is keyed by job and attempt, so that a doubled request rings once. SAQ keeps the row of a ring whose
        worker died before it could look; ringing `again` therefore adds the second to the key.
        """
        key = f"{job_id}:{attempt}" + (f":{int(time.time())}" if again else "")
        # SAQ's own time-outs and retries stay off: the lease in our table decides who works, and for how long.
        await self.queue.enqueue(
            "run_job",
            key=key,
            job_id=str(job_id),
            timeout=0,
            heartbeat=0,
            retries=1,
            ttl=RING_KEPT_SECONDS,
        )
