"""The store for everybody: read it, follow it, put requests into the inbox."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from console.domain.events import Event
from console.domain.ids import AttemptId, JobId
from console.domain.jobs import Job, JobSpec
from console.domain.nodes import AttemptProgress, AttemptSample
from console.domain.requests import Request
from console.ports import Answer, Clock, LeaderInfo, Loaded, LogChunk, MetricPoint, NodeSampled
from console.store import records, telemetry
from console.store.bell import Bell, Listener
from console.store.following import Follower
from console.store.leadership import LeaderLock
from console.store.sqlite import Database

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Opened:
    """An open database and what belongs to it."""

    database: Database
    database_id: str
    lock: LeaderLock
    bell: Bell
    follower: Follower

    @classmethod
    async def open(cls, path: Path, lock: LeaderLock, now: float, *, is_leader: bool) -> Opened:
        """Open the database at `path`, created if it isn't there; a leader has it looked through."""
        async with contextlib.AsyncExitStack() as undo:
            database = await Database.open(path, now, check=is_leader)
            undo.push_async_callback(database.close)
            bell = Bell(lock.path)
            undo.callback(bell.close)
            listener = Listener(lock.path, is_leader=is_leader)
            undo.callback(listener.close)
            follower = Follower(database, listener, await database.version())
            opened = cls(database, await database.read(records.database_id), lock, bell, follower)
            undo.pop_all()
        return opened

    async def close(self) -> None:
        """Finish what is under way and close."""
        self.follower.close()
        try:
            await self.database.close()
        finally:
            self.bell.close()


class SqliteReader:
    """A `ports.StoreReader` on an open database."""

    def __init__(self, opened: Opened, clock: Clock) -> None:
        self._opened = opened
        self._database = opened.database
        self._clock = clock

    @property
    def database_id(self) -> str:
        """The UUID of the database."""
        return self._opened.database_id

    async def close(self) -> None:
        """Finish what is under way and close."""
        await self._opened.close()

    async def load(self) -> Loaded:
        """All jobs and nodes, and the submissions that wait."""
        return await self._database.read(records.load)

    async def waiting(self) -> tuple[Job, ...]:
        """Submissions that are still in the inbox, as Pending jobs, oldest first."""
        return await self._database.read(records.waiting)

    async def changed(self, timeout_s: float) -> bool:
        """Wait until another process has committed something, or the time is over (False)."""
        return await self._opened.follower.changed(timeout_s)

    async def leader(self) -> LeaderInfo | None:
        """Who leads now; None if nobody holds the lock."""
        if not self._opened.lock.is_held():
            return None
        return await self._database.read(records.leader)

    async def submit(self, job: JobId, spec: JobSpec, at: float) -> int:
        """Put a submission into the inbox; returns the job's number. Asked twice for one job, it is there once."""
        return await self._ask(partial(records.submit, job=job, spec=spec, at=at))

    async def request(self, request: Request, at: float) -> int:
        """Put a request into the inbox; returns the item's id."""
        return await self._ask(partial(records.add_request, request=request, at=at))

    async def answer(self, item: int) -> Answer | None:
        """What became of a request, None while it waits; NotFound if it was withdrawn."""
        return await self._database.read(partial(records.answer, item=item))

    async def withdraw(self, item: int) -> bool:
        """Take a request back that nobody has worked on; False if it was too late."""
        return await self._ask(partial(records.withdraw, item=item))

    async def events_after(self, sequence: int) -> tuple[int, tuple[Event, ...]]:
        """The journal after a sequence number, and the number of its last event."""
        return await self._database.read(partial(records.events_after, sequence=sequence))

    async def events_of(self, job: JobId) -> tuple[Event, ...]:
        """All events of one job, oldest first."""
        return await self._database.read(partial(records.events_of, job=job))

    async def latest(self) -> tuple[tuple[AttemptProgress, ...], tuple[NodeSampled, ...]]:
        """The newest progress per live attempt and sample per node, as the leader last wrote them."""
        return await self._database.read(telemetry.latest)

    async def metrics(self, attempt: AttemptId) -> tuple[MetricPoint, ...]:
        """The recorded metrics of an attempt, in the order in which they were read."""
        return await self._database.read(partial(telemetry.metrics, attempt=attempt))

    async def samples(self, attempt: AttemptId) -> tuple[AttemptSample, ...]:
        """The recorded resource samples of an attempt, oldest first."""
        return await self._database.read(partial(telemetry.samples, attempt=attempt))

    async def history_cursor(self, attempt: AttemptId) -> str:
        """The cursor up to which an attempt's history is recorded, "" for nothing."""
        return await self._database.read(partial(telemetry.cursor, attempt=attempt))

    async def log_mirror(self, attempt: AttemptId) -> tuple[LogChunk, ...]:
        """The mirrored tail of an ended attempt's logs, in order; empty if none was taken."""
        return await self._database.read(partial(telemetry.mirror, attempt=attempt))

    async def _ask(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await self._database.write(work, committed=self._opened.bell.ring_for_all)
