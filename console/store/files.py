"""Where the database may lie and who may read it."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from console.config.filesystems import network_type_in
from console.domain.errors import StoreUnusable

_COMPANIONS = ("", "-wal", "-shm")


def refuse_network(path: Path, mounts: str) -> None:
    """StoreUnusable, with the option that helps, if a database can't lie there: SQLite's locks and its shared memory
    need a local disk."""
    kind = network_type_in(os.path.realpath(path), mounts)
    if not kind:
        return
    places = [f"{base}/clusterdeck-{os.getuid()}" for base in ("/var/tmp", "/tmp")]  # noqa: S108 (only proposed)
    local = next((place for place in places if not network_type_in(os.path.realpath(place), mounts)), places[0])
    raise StoreUnusable(
        f"The database {path} is on a network file system ({kind}), where SQLite can lose data: "
        f"start with `--home {local}`, which is on a local disk."
    )


def prepare_directory(directory: Path) -> None:
    """Create a directory, and those above it that are missing, for this user alone whatever the umask."""
    missing = []
    while not directory.exists():
        missing.append(directory)
        directory = directory.parent
    for each in reversed(missing):
        try:
            each.mkdir(mode=0o700)
        except FileExistsError:
            continue
        each.chmod(0o700)


def open_private(path: Path) -> int:
    """Open a file for reading and writing, created if need be, readable by this user alone."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    os.fchmod(descriptor, 0o600)
    return descriptor


def check_owner(path: Path) -> None:
    """StoreUnusable unless the file is an ordinary one of this user; its mode becomes 0600."""
    found = path.stat(follow_symlinks=False)
    if not stat.S_ISREG(found.st_mode):
        raise StoreUnusable(f"{path} is not an ordinary file: move it away, or start with another `--home DIR`.")
    if found.st_uid != os.geteuid():
        raise StoreUnusable(f"{path} belongs to another user (uid {found.st_uid}): start with another `--home DIR`.")
    if stat.S_IMODE(found.st_mode) != 0o600:
        path.chmod(0o600)


def link_new(source: Path, target: Path) -> None:
    """Give a file its name durably, unless another has that name already."""
    with source.open("rb") as file:
        os.fsync(file.fileno())
    with contextlib.suppress(FileExistsError):
        target.hardlink_to(source)
    sync_directory(target.parent)


def sync_directory(directory: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def companions(path: Path) -> list[Path]:
    """The database's own file and those that SQLite keeps beside it, as far as they are there."""
    return [each for suffix in _COMPANIONS if (each := path.with_name(path.name + suffix)).exists()]


def set_aside(path: Path, stamp: str) -> Path:
    """Rename a damaged database and its companions; returns the new path of the database itself."""
    target = path.with_name(f"{path.name}.damaged-{stamp}")
    ordinal = 1
    while target.exists():
        ordinal += 1
        target = path.with_name(f"{path.name}.damaged-{stamp}-{ordinal}")
    for each in companions(path):
        each.rename(target.with_name(target.name + each.name.removeprefix(path.name)))
    sync_directory(path.parent)
    return target
