"""A server in a thread, beside tests that have no event loop."""

from __future__ import annotations

import asyncio
import threading
from contextlib import AsyncExitStack


class ThreadedServer:
    """Runs what `open` sets up, until it is stopped."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    async def open(self, stack: AsyncExitStack) -> None:
        """Begins to serve; `stack` ends what was begun."""
        raise NotImplementedError

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(10)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        assert not self._thread.is_alive()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        stack = AsyncExitStack()
        self._loop.run_until_complete(self.open(stack))
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(stack.aclose())
        self._loop.run_until_complete(_end_all())
        self._loop.close()


async def _end_all() -> None:
    """Ends what still answers somebody, or waits before it does."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
