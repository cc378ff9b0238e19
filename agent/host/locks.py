"""Advisory locks that the kernel drops when their last holder dies."""

from __future__ import annotations

import fcntl
import os
import time
from typing import Optional

_RETRY_S = 0.002


def acquire(path: str, timeout_s: float) -> Optional[int]:
    """Take a lock exclusively and return its descriptor; None if it is still held after ``timeout_s``.

    Retries, because ``is_held`` takes the lock for an instant to look at it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                os.close(descriptor)
                return None
        else:
            return descriptor
        time.sleep(_RETRY_S)


def is_held(path: str) -> bool:
    """True if somebody holds this lock now."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        # Shared, so that two who look at once don't take each other for a holder.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)
