"""One database file, two connections with a thread each: one that writes, one that reads.

A transaction is one call on the writing thread, so neither a cancelled task nor a stalled event loop can leave half of
one open. Telemetry is written on the same connection, only without waiting for the disk: a second one would compete
with the state for SQLite's one write lock.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar, cast

import aiosqlite

from console.domain.errors import StoreUnusable
from console.store import damage, files, schema

BUSY_TIMEOUT_S = 10.0
# A batch of many jobs makes the write-ahead log large; it is cut to this when it has been copied into the database.
_LOG_KEPT_BYTES = 16 << 20

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]


class _Thread(aiosqlite.Connection):
    """A connection that also runs whole functions on its thread."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connect, iter_chunk_size=64)
        # A process that ends without closing must not wait for its thread: what isn't committed is rolled back.
        self._thread.daemon = True

    async def call(self, work: Work[T]) -> T:
        pending = cast(Awaitable[T], self._execute(lambda: work(self._conn)))  # type: ignore[no-untyped-call]
        return await pending


class Database:
    """An open database. Errors of SQLite that a person can act on come out as StoreUnusable."""

    def __init__(self, path: Path, writer: _Thread, reader: _Thread) -> None:
        self.path = path
        self._writer = writer
        self._reader = reader
        self._inode = path.stat().st_ino

    @classmethod
    async def open(cls, path: Path, now: float, *, check: bool) -> Database:
        """Open the database at `path`, created if it isn't there; with `check` its pages are looked through first.

        StoreUnusable says what to do about one that can't be used.
        """
        writer = await _start(path, lambda: _open_writer(path, now, check=check))
        try:
            reader = await _start(path, lambda: _connect(path, is_reader=True))
        except BaseException:
            await writer.close()
            raise
        return cls(path, writer, reader)

    async def close(self) -> None:
        """Finish what was begun and close both connections."""
        await self._reader.close()
        await self._writer.close()

    async def read(self, work: Work[T]) -> T:
        """The result of `work`, which sees one state of the database throughout."""

        def transaction(connection: sqlite3.Connection) -> T:
            connection.execute("BEGIN")
            try:
                return work(connection)
            finally:
                connection.execute("ROLLBACK")

        with damage.explained(self.path):
            return await self._reader.call(transaction)

    async def write(self, work: Work[T], *, committed: Callable[[], None], is_durable: bool = True) -> T:
        """Run `work` as one transaction: all of it is written, then `committed` called, or nothing if it raises.

        A cancelled caller gets its CancelledError once the transaction is over; it may then have been written.
        """

        def transaction(connection: sqlite3.Connection) -> T:
            result = self._write(connection, work, is_durable)
            committed()
            return result

        pending = asyncio.ensure_future(self._writer.call(transaction))
        with damage.explained(self.path):
            try:
                return await asyncio.shield(pending)
            except asyncio.CancelledError:
                await _over(pending)
                raise

    async def version(self) -> int:
        """A number that changes with every commit of another process, and with no commit of this one."""
        with damage.explained(self.path):
            return await self._writer.call(_data_version)

    def _write(self, connection: sqlite3.Connection, work: Work[T], is_durable: bool) -> T:
        self._check_in_place()
        if not is_durable:
            connection.execute("PRAGMA synchronous = NORMAL")
        try:
            connection.execute("BEGIN IMMEDIATE")
            result = work(connection)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        finally:
            if not is_durable:
                connection.execute("PRAGMA synchronous = FULL")
        return result

    def _check_in_place(self) -> None:
        """What is written to a file that was moved or removed would be lost."""
        try:
            inode = self.path.stat().st_ino
        except FileNotFoundError:
            inode = None
        if inode != self._inode:
            raise StoreUnusable(
                f"The database {self.path} was moved or removed while it was in use, and nothing more is written: "
                "quit and start again."
            )


async def _over(pending: asyncio.Future[T]) -> None:
    """Wait for the end of what runs on a thread, however often this task is cancelled; SQLite's timeouts bound it."""
    while not pending.done():
        try:
            await asyncio.wait([pending])
        except asyncio.CancelledError:
            continue
    if not pending.cancelled():
        # An error nobody asks for any more: the caller is told of its cancellation.
        pending.exception()


async def _start(path: Path, connect: Callable[[], sqlite3.Connection]) -> _Thread:
    with damage.explained(path):
        thread = _Thread(connect)
        await thread
        return thread


def _connect(path: Path, *, is_reader: bool = False) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode=rw"
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None)
    try:
        if is_reader:
            connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA synchronous = FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def _open_writer(path: Path, now: float, *, check: bool) -> sqlite3.Connection:
    if not path.exists():
        _create(path, now)
    files.check_owner(path)
    if path.stat().st_size == 0:
        # A database of ours appears whole: an empty one was cut.
        raise damage.Damaged(path, "the file is empty")
    connection = _connect(path)
    try:
        if check or damage.is_suspect(path):
            damage.check(connection, path)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA journal_size_limit = {_LOG_KEPT_BYTES}")
        schema.migrate(connection, str(path), now)
    except BaseException:
        connection.close()
        raise
    return connection


def _create(path: Path, now: float) -> None:
    """Make the database under another name and link it: it appears whole, and of two who create it one wins."""
    fresh = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    os.close(files.open_private(fresh))
    try:
        connection = _connect(fresh)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            schema.migrate(connection, str(path), now)
            connection.executemany("INSERT INTO meta VALUES (?, ?)", [("database_id", str(uuid.uuid4())), ("epoch", 0)])
            connection.execute("INSERT INTO counters VALUES ('job', 0)")
        finally:
            connection.close()
        files.link_new(fresh, path)
    finally:
        fresh.unlink()


def _data_version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA data_version").fetchone()[0])
