"""The store for the one process that leads."""

from __future__ import annotations

import os
import socket
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from console.domain.ids import AttemptId
from console.domain.nodes import AttemptProgress
from console.ports import Batch, Clock, History, InboxItem, LogChunk, NodeSampled
from console.store import records, telemetry
from console.store.reader import Opened, SqliteReader

T = TypeVar("T")

_ANSWERS_KEPT_S = 7 * 86400.0


class SqliteStore(SqliteReader):
    """A `ports.Store`: every transaction of this leader checks first that no other has begun to lead."""

    def __init__(self, opened: Opened, clock: Clock, epoch: int) -> None:
        super().__init__(opened, clock)
        self._epoch = epoch

    @classmethod
    async def begin(cls, opened: Opened, clock: Clock, kind: str) -> SqliteStore:
        """Lead a database whose lock this process holds: its epoch is raised."""
        now = clock.now()

        def lead(connection: sqlite3.Connection) -> int:
            records.forget_answers(connection, now - _ANSWERS_KEPT_S)
            return records.lead(connection, pid=os.getpid(), host=socket.gethostname(), kind=kind, since=now)

        epoch = await opened.database.write(lead, committed=opened.bell.ring_for_viewers)
        return cls(opened, clock, epoch)

    @property
    def epoch(self) -> int:
        """This leader's epoch: higher than any before it."""
        return self._epoch

    async def close(self) -> None:
        """Stop leading: finish what is under way, say so in the database, close it and let go of the lock."""
        try:
            await self._ask(partial(records.resign, epoch=self._epoch))
        finally:
            try:
                await super().close()
            finally:
                self._opened.lock.release()

    async def inbox(self) -> tuple[InboxItem, ...]:
        """Requests that wait, oldest first. From now on they can't be withdrawn."""
        if not await self._database.read(records.has_waiting):
            return ()
        # Not durable: if it is lost then so is this leader, and nobody works on them.
        return await self._lead(partial(records.take_inbox, epoch=self._epoch), is_durable=False)

    async def commit(self, batch: Batch) -> int:
        """Write a batch durably, all or nothing; returns the journal's last sequence number. LeaderLost if the epoch
        is not this leader's any more."""
        at = self._clock.now()

        def write(connection: sqlite3.Connection) -> int:
            records.append(connection, batch.events)
            records.put_jobs(connection, batch.jobs)
            records.delete_jobs(connection, batch.deleted)
            telemetry.delete(connection, batch.deleted)
            records.put_nodes(connection, batch.nodes)
            records.delete_nodes(connection, batch.removed_nodes)
            records.give_answers(connection, batch.answers, at)
            return records.last_sequence(connection)

        return await self._lead(write)

    async def record_latest(self, progress: Sequence[AttemptProgress], nodes: Sequence[NodeSampled]) -> None:
        """Replace the newest telemetry as a whole; not durable, not in the journal."""
        await self._lead(partial(telemetry.put_latest, progress=progress, nodes=nodes), is_durable=False)

    async def record_history(self, attempt: AttemptId, history: History) -> None:
        """Append metrics and samples and keep the cursor, in one transaction."""
        await self._lead(partial(telemetry.add, attempt=attempt, history=history), is_durable=False)

    async def record_mirror(self, attempt: AttemptId, chunks: Sequence[LogChunk]) -> None:
        """Keep the tail of an attempt's logs. It is on the disk with the next commit."""
        await self._lead(partial(telemetry.put_mirror, attempt=attempt, chunks=chunks), is_durable=False)

    async def _lead(self, work: Callable[[sqlite3.Connection], T], *, is_durable: bool = True) -> T:
        def fenced(connection: sqlite3.Connection) -> T:
            records.check_epoch(connection, self._epoch)
            return work(connection)

        return await self._database.write(fenced, committed=self._opened.bell.ring_for_viewers, is_durable=is_durable)
