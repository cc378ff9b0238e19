"""What SQLite's errors mean to a person, and how a damaged database is found and set aside."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from console.domain.errors import StoreUnusable
from console.store import files
from console.store.codec import CodecError

# Reading every page takes about 1 s per GiB; a larger file is looked through once an error made it suspect.
CHECKED_UP_TO_BYTES = 256 << 20


class Damaged(StoreUnusable):
    """The file is not, or not any more, a sound database."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(
            f"The database {path} is damaged ({what}): quit every clusterdeck that uses it and start again, "
            "which sets the file aside."
        )
        self.path = path
        self.what = what


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what SQLite or the system says of a database that can't be used into a StoreUnusable."""
    try:
        yield
    except CodecError as error:
        raise StoreUnusable(
            f"The database {path} holds something that this clusterdeck can't read ({error}): put a backup in its "
            "place, or move it away to begin with an empty one."
        ) from error
    except OSError as error:
        raise StoreUnusable(
            f"{error.filename or path} can't be used ({error.strerror}): make it writable, or start with another "
            "`--home DIR`."
        ) from error
    except sqlite3.Error as error:
        # An extended code keeps its primary one in the low byte.
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            with contextlib.suppress(OSError):
                _mark(path).touch(mode=0o600)
            raise Damaged(path, str(error)) from error
        advice = _ADVICE.get(code)
        if advice is None:
            raise
        raise StoreUnusable(advice.format(path=path, folder=path.parent, error=error)) from error


_ADVICE = {
    sqlite3.SQLITE_BUSY: "Another program has held the database {path} locked for 10 seconds: end it, then try again.",
    sqlite3.SQLITE_FULL: "The disk of {folder} is full and nothing was written: free some space, then try again.",
    sqlite3.SQLITE_READONLY: "The database {path} can't be written ({error}): check the permissions of {folder}.",
    sqlite3.SQLITE_CANTOPEN: "The database {path} can't be opened ({error}): check the permissions of {folder}.",
    sqlite3.SQLITE_PERM: "The database {path} can't be opened ({error}): check the permissions of {folder}.",
    sqlite3.SQLITE_IOERR: "The disk of {folder} fails to read or write the database ({error}): check it, or start "
    "with another `--home DIR`.",
}


def check(connection: sqlite3.Connection, path: Path) -> None:
    """Look through the pages of a database that isn't too large for it, or is suspect; Damaged if one is wrong."""
    is_marked = is_suspect(path)
    if path.stat().st_size > CHECKED_UP_TO_BYTES and not is_marked:
        return
    (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise Damaged(path, " ".join(str(found).split()))
    if is_marked:
        _mark(path).unlink(missing_ok=True)


def is_suspect(path: Path) -> bool:
    """Whether SQLite reported damage since the last time that all pages were looked through."""
    return _mark(path).exists()


def set_aside(damaged: Damaged) -> StoreUnusable:
    """Move a damaged database out of the way; only for the holder of the leader's lock. Returns what to tell."""
    target = files.set_aside(damaged.path, time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()))
    _mark(damaged.path).unlink(missing_ok=True)
    return StoreUnusable(
        f"The database {damaged.path} was damaged ({damaged.what}) and is now at {target}. Its jobs are not shown any "
        "more, those on nodes run on: start again for an empty database, or put a backup in its place first."
    )


def _mark(path: Path) -> Path:
    return path.with_name(path.name + ".suspect")
