"""Noticing what other processes commit."""

from __future__ import annotations

import asyncio

from console.store.bell import Listener
from console.store.sqlite import Database

# A ring is lost where the one who committed died before it, and where the system has no inotify.
_LOOK_ANYWAY_S = 1.0
_LOOK_IF_DEAF_S = 0.05


class Follower:
    """Watches a database from its making on; `version` is what the database said then."""

    def __init__(self, database: Database, listener: Listener, version: int) -> None:
        self._database = database
        self._listener = listener
        self._version = version

    async def changed(self, timeout_s: float) -> bool:
        """Whether another process committed since this was last True, waiting for it up to the given time."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        patience = _LOOK_IF_DEAF_S if self._listener.is_deaf else _LOOK_ANYWAY_S
        while True:
            version = await self._database.version()
            if version != self._version:
                self._version = version
                return True
            left = deadline - loop.time()
            if left <= 0:
                return False
            await self._listener.wait(min(patience, left))

    def close(self) -> None:
        """Stop watching."""
        self._listener.close()
