"""The store for everybody: read it, follow it, put requests into the inbox."""

from __future__ import annotations

from functools import partial

from console.domain.events import Event
from console.domain.ids import AttemptId, JobId
from console.domain.jobs import Job, JobSpec
from console.domain.nodes import AttemptProgress, AttemptSample
from console.domain.requests import Request
from console.ports import Answer, Clock, LeaderInfo, Loaded, LogChunk, MetricPoint, NodeSampled
from console.store import records, telemetry
from console.store.following import Follower
from console.store.leadership import LeaderLock
from console.store.sqlite import Database


class SqliteReader:
    """A `ports.StoreReader` on an open database."""

    def __init__(self, database: Database, database_id: str, lock: LeaderLock, clock: Clock) -> None:
        self._database = database
        self._database_id = database_id
        self._lock = lock
        self._clock = clock
        self._follower = Follower(database)

    @property
    def database_id(self) -> str:
        """The UUID of the database."""
        return self._database_id

    async def close(self) -> None:
        """Finish what is under way and close."""
        await self._database.close()

    async def load(self) -> Loaded:
        """All jobs and nodes, and the submissions that wait."""
        return await self._database.read(records.load)

    async def waiting(self) -> tuple[Job, ...]:
        """Submissions that are still in the inbox, as Pending jobs, oldest first."""
        return await self._database.read(records.waiting)

    async def changed(self, timeout_s: float) -> bool:
        """Wait until another process has committed something, or the time is over (False)."""
        return await self._follower.changed(timeout_s)

    async def leader(self) -> LeaderInfo | None:
        """Who leads now; None if nobody holds the lock."""
        if not self._lock.is_held():
            return None
        return await self._database.read(records.leader)

    async def submit(self, job: JobId, spec: JobSpec, at: float) -> int:
        """Put a submission into the inbox; returns the job's number. Asked twice for one job, it is there once."""
        return await self._database.write(partial(records.submit, job=job, spec=spec, at=at))

    async def request(self, request: Request, at: float) -> int:
        """Put a request into the inbox; returns the item's id."""
        return await self._database.write(partial(records.add_request, request=request, at=at))

    async def answer(self, item: int) -> Answer | None:
        """What became of a request, None while it waits; NotFound if it was withdrawn."""
        return await self._database.read(partial(records.answer, item=item))

    async def withdraw(self, item: int) -> bool:
        """Take a request back that nobody has worked on; False if it was too late."""
        return await self._database.write(partial(records.withdraw, item=item))

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
