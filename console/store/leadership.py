"""Who leads: an exclusive lock on a file beside the database, which the kernel drops when its holder dies."""

from __future__ import annotations

import fcntl
import os
import struct
from pathlib import Path

from console.store import files

# An open file description's lock, where there is one: whether it is held can be *asked* (F_OFD_GETLK) without taking
# it for a moment, so a reader that looks can't make a would-be leader fail. Not the process's POSIX lock, which is lost
# as soon as any descriptor of the file is closed.
_SET = getattr(fcntl, "F_OFD_SETLK", None)
_GET = getattr(fcntl, "F_OFD_GETLK", None)
# struct flock on 64-bit Linux: type, whence, start, length (0: to the end), pid (must be 0).
_FLOCK = struct.Struct("hhqqi4x")
_WHOLE = (os.SEEK_SET, 0, 0, 0)


class LeaderLock:
    """The lock of a database. Not held until `take` said so."""

    def __init__(self, database: Path) -> None:
        self.path = database.with_name(database.name + ".lock")
        self._descriptor: int | None = None

    def take(self) -> bool:
        """Hold the lock from now on; False if somebody else holds it."""
        descriptor = files.open_private(self.path)
        if not _try_lock(descriptor):
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Let go of the lock; harmless where it isn't held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def is_held(self) -> bool:
        """Whether anybody holds it, this object included."""
        if self._descriptor is not None:
            return True
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            return _is_locked(descriptor)
        finally:
            os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        if _SET is not None:
            fcntl.fcntl(descriptor, _SET, _FLOCK.pack(fcntl.F_WRLCK, *_WHOLE))
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _is_locked(descriptor: int) -> bool:
    if _GET is not None:
        answer = fcntl.fcntl(descriptor, _GET, _FLOCK.pack(fcntl.F_WRLCK, *_WHOLE))
        return bool(_FLOCK.unpack(answer)[0] != fcntl.F_UNLCK)
    try:
        # Systems without F_OFD_GETLK: shared, so that two who look don't see each other, and let go at once.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False
