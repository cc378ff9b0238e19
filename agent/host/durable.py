"""Files that decide something appear whole, survive a power cut, and can't be half there."""

from __future__ import annotations

import os

FILE_MODE = 0o600
DIRECTORY_MODE = 0o700


def write_durable(path: str, data: bytes) -> None:
    """Create or replace a file; when this returns it is on the disk. OSError leaves the old one as it was."""
    temporary = _write_temporary(path, data)
    try:
        os.rename(temporary, path)
    except OSError:
        os.unlink(temporary)
        raise
    sync_directory(os.path.dirname(path))


def link_durable(path: str, data: bytes) -> bool:
    """Create a file unless it is there: of several callers exactly one gets True. Then it is on the disk."""
    temporary = _write_temporary(path, data)
    try:
        os.link(temporary, path)
        won = True
    except FileExistsError:
        won = False
    finally:
        os.unlink(temporary)
    sync_directory(os.path.dirname(path))
    return won


def reserve(path: str, size: int) -> None:
    """Set disk space aside for a later ``write_reserved``; OSError if there isn't so much."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, FILE_MODE)
    try:
        os.posix_fallocate(descriptor, 0, size)
    except OSError:
        os.unlink(path)
        raise
    finally:
        os.close(descriptor)


def write_reserved(reserved: str, path: str, data: bytes) -> None:
    """As ``write_durable``, in the space set aside, so that a full disk can't refuse it; without a reserve the same."""
    try:
        descriptor = os.open(reserved, os.O_WRONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        write_durable(path, data)
        return
    try:
        write_all(descriptor, data)
        os.ftruncate(descriptor, len(data))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.rename(reserved, path)
    sync_directory(os.path.dirname(path))


def make_directory(path: str) -> None:
    """Create a private directory and those above it, durably; one that exists is left as it is."""
    missing = []
    while not os.path.isdir(path):
        missing.append(path)
        path = os.path.dirname(path)
    for directory in reversed(missing):
        try:
            os.mkdir(directory, DIRECTORY_MODE)
        except FileExistsError:
            continue
        sync_directory(os.path.dirname(directory))


def sync_directory(path: str) -> None:
    """Put a directory's entries on the disk."""
    descriptor = os.open(path or ".", os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte; OSError if the disk takes fewer."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _write_temporary(path: str, data: bytes) -> str:
    temporary = f"{path}.{os.getpid()}.{os.urandom(4).hex()}.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, FILE_MODE)
    try:
        write_all(descriptor, data)
        os.fsync(descriptor)
    except OSError:
        os.unlink(temporary)
        raise
    finally:
        os.close(descriptor)
    return temporary
