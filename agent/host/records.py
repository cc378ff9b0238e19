"""Files of lines that are only ever added to, whole."""

from __future__ import annotations

import errno
import os


def append_whole(path: str, data: bytes) -> None:
    """Add bytes to a private file, all of them or none. OSError if the disk doesn't take them."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        before = os.fstat(descriptor).st_size
        if os.write(descriptor, data) < len(data):
            os.ftruncate(descriptor, before)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
    finally:
        os.close(descriptor)
