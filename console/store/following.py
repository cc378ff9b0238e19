"""Noticing what other processes commit."""

from __future__ import annotations

import asyncio
from pathlib import Path

from console.store.sqlite import Database

_POLL_S = 0.02
# The log's time of change has the grain of the kernel's clock tick, so a file that just changed may change unseen.
_SETTLED_POLLS = 3
_LOOK_ANYWAY_POLLS = 50


class Follower:
    """Watches a database. A poll is one stat of SQLite's log; the database is asked only where that changed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._log = database.path.with_name(database.path.name + "-wal")
        self._stamp: tuple[int, int, int] | None = None
        self._version: int | None = None
        self._unchanged_polls = 0

    async def changed(self, timeout_s: float) -> bool:
        """Whether another process committed since this was last True (first: since it was first asked), waiting for
        it up to the given time."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        while not await self._look():
            left = deadline - loop.time()
            if left <= 0:
                return False
            await asyncio.sleep(min(_POLL_S, left))
        return True

    async def _look(self) -> bool:
        stamp = _stamp(self._log)
        self._unchanged_polls = self._unchanged_polls + 1 if stamp == self._stamp else 0
        self._stamp = stamp
        if self._unchanged_polls > _SETTLED_POLLS and self._unchanged_polls % _LOOK_ANYWAY_POLLS:
            return False
        version = await self._database.version()
        is_new = self._version is not None and version != self._version
        self._version = version
        return is_new


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
