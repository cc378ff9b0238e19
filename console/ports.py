"""The interfaces between the engine and what surrounds it: where jobs run, where state lives, what time it is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from console.domain.events import Event
from console.domain.ids import AttemptId, JobId
from console.domain.jobs import Job, JobSpec
from console.domain.nodes import AttemptProgress, AttemptSample, Node
from console.domain.reports import (
    AttemptChanged,
    AttemptReport,
    BackendReport,
    NodeGone,
    NodeSampled,
    NodeUp,
    ProgressRead,
)
from console.domain.requests import Request

__all__ = [
    "Answer",
    "AttemptChanged",
    "AttemptReader",
    "AttemptReport",
    "Backend",
    "BackendReport",
    "Batch",
    "Clock",
    "History",
    "InboxItem",
    "LaunchOrder",
    "LeaderInfo",
    "LeaderLost",
    "Loaded",
    "LogChunk",
    "LogPosition",
    "MetricPoint",
    "NodeGone",
    "NodeSampled",
    "NodeUp",
    "ProgressRead",
    "ReportSink",
    "Store",
    "StoreReader",
    "Stream",
]

Stream = Literal["stdout", "stderr"]


class Clock(Protocol):
    """Wall time for people and records, monotonic time for waiting."""

    def now(self) -> float:
        """Seconds since the epoch."""
        ...

    def monotonic(self) -> float:
        """Seconds that never step back."""
        ...


# ---------------------------------------------------------------------------------------------------------------------
# The backend: nodes and the attempts on them


@dataclass(frozen=True, slots=True)
class LaunchOrder:
    """All that a node needs to run an attempt. `argv` has its placeholders filled in, but for `{checkpoint_dir}`, which
    only the node knows. `grace_s` is how long a stop waits between SIGTERM and SIGKILL."""

    attempt: AttemptId
    job: JobId
    node: str
    argv: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    workdir: str | None
    setup: tuple[str, ...]
    cpus: int
    memory_mib: int
    gpus: tuple[str, ...]
    time_limit_s: float | None
    grace_s: float
    epochs: int | None


ReportSink = Callable[[BackendReport], None]


@dataclass(frozen=True, slots=True)
class LogChunk:
    """Raw bytes of one stream, at most 64 KiB, in the order in which the node saw them arrive.

    `offset` is where they stand in the stream; `time` is the node's clock when they were seen; `lost` counts bytes just
    before `offset` that the node had to drop.
    """

    stream: Stream
    offset: int
    time: float
    data: bytes
    lost: int = 0


@dataclass(frozen=True, slots=True)
class LogPosition:
    """How far a reader is: the offset of the next byte of each stream."""

    stdout: int = 0
    stderr: int = 0


@dataclass(frozen=True, slots=True)
class MetricPoint:
    """One value of one metric; `step` is None where the output says none."""

    name: str
    step: float | None
    time: float
    value: float


@dataclass(frozen=True, slots=True)
class History:
    """A piece of an attempt's recorded metrics and samples; `cursor` is opaque, hand it back to read on."""

    metrics: tuple[MetricPoint, ...]
    samples: tuple[AttemptSample, ...]
    cursor: str
    is_complete: bool


class AttemptReader(Protocol):
    """Read access to the records of attempts, wherever they are kept. NobodyToDoIt: the node is out of reach;
    NotFound: nothing is kept of that attempt any more."""

    def logs(
        self,
        node: str,
        attempt: AttemptId,
        start: LogPosition,
        *,
        follow: bool,
        streams: Sequence[Stream],
        tail_bytes: int = 0,
    ) -> AsyncIterator[LogChunk]:
        """The bytes from `start` on. With `follow` it goes on until the attempt has ended and all was given. With
        `tail_bytes`, of an attempt that has ended, only the last so many."""
        ...

    async def history(self, node: str, attempt: AttemptId, cursor: str) -> History:
        """Metrics and samples recorded after `cursor` ("" is the beginning), at most about 1 MiB of them."""
        ...


class Backend(AttemptReader, Protocol):
    """Runs attempts on nodes. Orders return as soon as they are on their way; what came of them arrives as reports.
    Only `forget` waits for the answer, since nothing is reported of what is gone."""

    async def start(self, sink: ReportSink) -> None:
        """Begin connecting; reports go to `sink` from now on, from the event loop's thread."""
        ...

    async def close(self) -> None:
        """Let go of all nodes. Attempts run on."""
        ...

    async def launch(self, order: LaunchOrder) -> None:
        """Have the node run the attempt, at most once however often this is asked. NobodyToDoIt: no link now."""
        ...

    async def stop(self, node: str, attempt: AttemptId, *, reason: str) -> None:
        """End an attempt: SIGTERM, its grace period, then everything. NobodyToDoIt: no link now."""
        ...

    async def acknowledge(self, node: str, attempt: AttemptId) -> None:
        """Tell the node that the end and the mirror of an attempt are committed here."""
        ...

    async def forget(self, node: str, attempt: AttemptId) -> None:
        """Remove all that the node keeps of an attempt that is over; returns when that is done. NobodyToDoIt: out of
        reach; Refused: the node won't."""
        ...


# ---------------------------------------------------------------------------------------------------------------------
# The store: the journal, the tables derived from it, the inbox, the history of telemetry


@dataclass(frozen=True, slots=True)
class InboxItem:
    """A request that waits for the leader."""

    id: int
    request: Request


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a request: `error` is empty where it was done, else the sentence and the exit code to give."""

    error: str = ""
    exit_code: int = 0


@dataclass(frozen=True, slots=True)
class LeaderInfo:
    """Who leads: process id, host, since when (seconds since the epoch), `kind` is `console` or `serve`."""

    pid: int
    host: str
    kind: str
    since: float
    epoch: int


@dataclass(frozen=True, slots=True)
class Loaded:
    """The derived tables at one point of the journal. `waiting` are submissions still in the inbox."""

    sequence: int
    jobs: tuple[Job, ...]
    nodes: tuple[Node, ...]
    waiting: tuple[Job, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """What a leader commits in one transaction: events in order, the jobs and nodes as they are after them, the
    jobs that left, and the answers to requests that these events fulfil."""

    events: tuple[Event, ...]
    jobs: tuple[Job, ...] = ()
    deleted: tuple[JobId, ...] = ()
    nodes: tuple[Node, ...] = ()
    removed_nodes: tuple[str, ...] = ()
    answers: tuple[tuple[int, Answer], ...] = ()


class LeaderLost(Exception):
    """The epoch in the database is no longer this leader's: nothing was written, stop leading."""


class StoreReader(Protocol):
    """What every process may do with a database: read it, follow it, put requests into the inbox."""

    @property
    def database_id(self) -> str:
        """The UUID of the database."""
        ...

    async def close(self) -> None:
        """Finish what is under way and close."""
        ...

    async def load(self) -> Loaded:
        """All jobs and nodes."""
        ...

    async def waiting(self) -> tuple[Job, ...]:
        """Submissions that are still in the inbox, as Pending jobs, oldest first."""
        ...

    async def changed(self, timeout_s: float) -> bool:
        """Wait until another process has committed something, or the time is over (False)."""
        ...

    async def leader(self) -> LeaderInfo | None:
        """Who leads now; None if nobody holds the lock."""
        ...

    async def submit(self, job: JobId, spec: JobSpec, at: float) -> int:
        """Put a submission into the inbox and give the job its number, in one transaction."""
        ...

    async def request(self, request: Request, at: float) -> int:
        """Put a request into the inbox; returns the item's id."""
        ...

    async def answer(self, item: int) -> Answer | None:
        """What became of a request, None while it waits."""
        ...

    async def withdraw(self, item: int) -> bool:
        """Take a request back that nobody has worked on; False if it was too late."""
        ...

    async def events_after(self, sequence: int) -> tuple[int, tuple[Event, ...]]:
        """The journal after a sequence number, and the number of its last event."""
        ...

    async def events_of(self, job: JobId) -> tuple[Event, ...]:
        """All events of one job, oldest first."""
        ...

    async def latest(self) -> tuple[tuple[AttemptProgress, ...], tuple[NodeSampled, ...]]:
        """The newest progress per live attempt and sample per node, as the leader last wrote them."""
        ...

    async def metrics(self, attempt: AttemptId) -> tuple[MetricPoint, ...]:
        """The recorded metrics of an attempt, in the order in which they were read."""
        ...

    async def samples(self, attempt: AttemptId) -> tuple[AttemptSample, ...]:
        """The recorded resource samples of an attempt, oldest first."""
        ...

    async def history_cursor(self, attempt: AttemptId) -> str:
        """The cursor up to which an attempt's history is recorded, "" for nothing."""
        ...

    async def log_mirror(self, attempt: AttemptId) -> tuple[LogChunk, ...]:
        """The mirrored tail of an ended attempt's logs, in order; empty if none was taken."""
        ...


class Store(StoreReader, Protocol):
    """A database that this process leads."""

    @property
    def epoch(self) -> int:
        """This leader's epoch: higher than any before it."""
        ...

    async def inbox(self) -> tuple[InboxItem, ...]:
        """Requests that wait, oldest first."""
        ...

    async def commit(self, batch: Batch) -> int:
        """Write a batch durably, all or nothing; returns the journal's last sequence number. LeaderLost if the epoch
        is not this leader's any more."""
        ...

    async def record_latest(self, progress: Sequence[AttemptProgress], nodes: Sequence[NodeSampled]) -> None:
        """Replace the newest telemetry; not durable, not in the journal."""
        ...

    async def record_history(self, attempt: AttemptId, history: History) -> None:
        """Append metrics and samples and keep the cursor, in one transaction."""
        ...

    async def record_mirror(self, attempt: AttemptId, chunks: Sequence[LogChunk]) -> None:
        """Keep the tail of an attempt's logs."""
        ...
