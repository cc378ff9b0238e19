"""Where state lives: a journal of events, the tables derived from it, the inbox and the history, in one SQLite file."""

from __future__ import annotations

from pathlib import Path

from console.config.filesystems import read_mounts
from console.domain.errors import StoreUnusable
from console.ports import Clock, Store, StoreReader
from console.store import damage, files
from console.store.leader import SqliteStore
from console.store.leadership import LeaderLock
from console.store.reader import Opened, SqliteReader
from console.store.sqlite import Database


async def open_reader(path: str, clock: Clock) -> StoreReader:
    """Open a database to read, follow and ask; created if it isn't there. StoreUnusable says why it can't be used."""
    file = _prepare(path)
    lock = LeaderLock(file)
    try:
        with damage.explained(file):
            return SqliteReader(await Opened.open(file, lock, clock.now(), is_leader=False), clock)
    except damage.Damaged as damaged:
        raise await _looked_at_alone(damaged, lock, clock.now()) from damaged


async def open_leader(path: str, clock: Clock, *, kind: str) -> Store | None:
    """Open a database and lead it from now on; None if somebody else does. `kind` is `console` or `serve`.

    StoreUnusable says why it can't be used.
    """
    file = _prepare(path)
    lock = LeaderLock(file)
    with damage.explained(file):
        if not lock.take():
            return None
    try:
        with damage.explained(file):
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
    # Asked first: nothing is to be made there.
    files.refuse_network(file, read_mounts())
    with damage.explained(file):
        files.prepare_directory(file.parent)
    return file


async def _looked_at_alone(damaged: damage.Damaged, lock: LeaderLock, now: float) -> StoreUnusable:
    """What to tell of a database that a reader found damaged. It is moved only where nobody leads it, and after a
    second look: another may have moved it before, and a sound one is in its place."""
    if not lock.take():
        return damaged
    try:
        await (await Database.open(damaged.path, now, check=True)).close()
    except damage.Damaged as still:
        return damage.set_aside(still)
    else:
        return damaged
    finally:
        lock.release()
