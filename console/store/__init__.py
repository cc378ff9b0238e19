"""Where state lives: a journal of events, the tables derived from it, the inbox and the history, in one SQLite file."""

from __future__ import annotations

from pathlib import Path

from console.domain.errors import StoreUnusable
from console.ports import Clock, Store, StoreReader
from console.store import damage, files
from console.store.leader import SqliteStore
from console.store.leadership import LeaderLock
from console.store.reader import Opened, SqliteReader


async def open_reader(path: str, clock: Clock) -> StoreReader:
    """Open a database to read, follow and ask; created if it isn't there. StoreUnusable says why it can't be used."""
    file = _prepare(path)
    lock = LeaderLock(file)
    try:
        return SqliteReader(await Opened.open(file, lock, clock.now(), is_leader=False), clock)
    except damage.Damaged as damaged:
        raise _handle(damaged, lock) from damaged


async def open_leader(path: str, clock: Clock, *, kind: str) -> Store | None:
    """Open a database and lead it from now on; None if somebody else does. `kind` is `console` or `serve`.

    StoreUnusable says why it can't be used.
    """
    file = _prepare(path)
    lock = LeaderLock(file)
    if not lock.take():
        return None
    try:
        opened = await Opened.open(file, lock, clock.now(), is_leader=True)
        try:
            return await SqliteStore.begin(opened, clock, kind)
        except BaseException:
            await opened.close()
            raise
    except damage.Damaged as damaged:
        error = damage.set_aside(damaged)
        lock.release()
        raise error from damaged
    except BaseException:
        lock.release()
        raise


def _prepare(path: str) -> Path:
    file = Path(path).absolute()
    try:
        files.prepare_directory(file.parent)
    except OSError as error:
        raise StoreUnusable(
            f"The directory {file.parent} can't be used ({error.strerror}): start with another `--home DIR`."
        ) from error
    files.refuse_network(file, files.read_mounts())
    return file


def _handle(damaged: damage.Damaged, lock: LeaderLock) -> StoreUnusable:
    """What to tell of a damaged database. It is moved only where no leader has it open."""
    if not lock.take():
        return damaged
    try:
        return damage.set_aside(damaged)
    finally:
        lock.release()
