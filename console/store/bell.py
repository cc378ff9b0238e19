"""How a process hears at once that another has committed, without asking the database again and again.

The bell is the leader's lock file. A leader rings by writing a byte into it, everybody else by touching its times:
for inotify these are two kinds of events, so that a leader is woken by others but not by its own commits. Where there
is no inotify the listener's own timeouts have to do.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
from pathlib import Path

from console.store import files

_IN_MODIFY = 0x2
_IN_ATTRIB = 0x4


class Bell:
    """Rings for other processes."""

    def __init__(self, path: Path) -> None:
        self._descriptor = files.open_private(path)

    def ring_for_viewers(self) -> None:
        """A leader committed."""
        os.pwrite(self._descriptor, b"\n", 0)

    def ring_for_all(self) -> None:
        """Somebody put something into the inbox."""
        os.utime(self._descriptor)

    def close(self) -> None:
        """Ring no more."""
        os.close(self._descriptor)


class Listener:
    """Hears a bell from its making on, in the running event loop."""

    def __init__(self, path: Path, *, is_leader: bool) -> None:
        self._rung = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._descriptor = _watch(path, _IN_ATTRIB if is_leader else _IN_ATTRIB | _IN_MODIFY)
        if self._descriptor is not None:
            self._loop.add_reader(self._descriptor, self._hear)

    @property
    def is_deaf(self) -> bool:
        """Whether this system can't tell."""
        return self._descriptor is None

    async def wait(self, timeout_s: float) -> None:
        """Return when the bell has rung since the last time, or after the timeout."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._rung.wait()
        self._rung.clear()

    def close(self) -> None:
        """Hear no more."""
        if self._descriptor is not None:
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None

    def _hear(self) -> None:
        assert self._descriptor is not None
        with contextlib.suppress(BlockingIOError):
            os.read(self._descriptor, 65536)
        self._rung.set()


def _watch(path: Path, mask: int) -> int | None:
    """An inotify descriptor that watches a file, None where the system has none to give."""
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "inotify_init1"):
        return None
    descriptor = int(libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
    if descriptor < 0:
        return None
    if libc.inotify_add_watch(descriptor, os.fsencode(path), mask) < 0:
        os.close(descriptor)
        return None
    return descriptor
