"""Where state lives: a journal of events, the tables derived from it, the inbox and the history, in one SQLite file."""

from __future__ import annotations

import os
import socket
from functools import partial
from pathlib import Path

from console.domain.errors import StoreUnusable
from console.ports import Clock, Store, StoreReader
from console.store import damage, files, records
from console.store.leader import SqliteStore
from console.store.leadership import LeaderLock
from console.store.reader import SqliteReader
from console.store.sqlite import Database

_ANSWERS_KEPT_S = 7 * 86400.0


async def open_reader(path: str, clock: Clock) -> StoreReader:
    """Open a database to read, follow and ask; created if it isn't there. StoreUnusable says why it can't be used."""
    file = _prepare(path)
    lock = LeaderLock(file)
    try:
        database = await Database.open(file, clock.now(), check=False)
    except damage.Damaged as damaged:
        raise _handle(damaged, lock) from damaged
    try:
        return SqliteReader(database, await database.read(records.database_id), lock, clock)
    except BaseException:
        await database.close()
        raise


async def open_leader(path: str, clock: Clock, *, kind: str) -> Store | None:
    """Open a database and lead it from now on; None if somebody else does. `kind` is `console` or `serve`.

    StoreUnusable says why it can't be used.
    """
    file = _prepare(path)
    lock = LeaderLock(file)
    if not lock.take():
        return None
    try:
        database = await Database.open(file, clock.now(), check=True)
        try:
            return await _lead(database, lock, clock, kind)
        except BaseException:
            await database.close()
            raise
    except damage.Damaged as damaged:
        error = damage.set_aside(damaged)
        lock.release()
        raise error from damaged
    except BaseException:
        lock.release()
        raise


async def _lead(database: Database, lock: LeaderLock, clock: Clock, kind: str) -> Store:
    now = clock.now()
    begin = partial(records.lead, pid=os.getpid(), host=socket.gethostname(), kind=kind, since=now)
    epoch = await database.write(begin)
    await database.write(partial(records.forget_answers, before=now - _ANSWERS_KEPT_S), is_durable=False)
    return SqliteStore(database, await database.read(records.database_id), lock, clock, epoch)


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
