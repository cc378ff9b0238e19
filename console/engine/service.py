"""What the front ends know of the engine.

A front end opens a service, reads views, waits for changes and asks for things. It doesn't see whether this process
leads or only watches: requests go through the inbox either way.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from console.domain.ids import JobId
from console.domain.jobs import Job, JobSpec, Status
from console.domain.nodes import AttemptSample, Node, NodeSample
from console.domain.requests import Request
from console.ports import LeaderInfo, MetricPoint, Stream


class Mode(StrEnum):
    """What a process wants of the database: only look, lead if nobody does, or lead or fail."""

    OBSERVE = "observe"
    LEAD_IF_FREE = "lead_if_free"
    LEAD = "lead"


@dataclass(frozen=True, slots=True)
class Leading:
    """This process schedules."""

    epoch: int


@dataclass(frozen=True, slots=True)
class Watching:
    """Another process schedules, or (None) nobody does."""

    leader: LeaderInfo | None


Role = Leading | Watching


@dataclass(frozen=True, slots=True)
class JobView:
    """A job with what is known of it right now. `reason` says why it has its status; `progress` is 0…1; `eta_s` is the
    time to its end in seconds; `latest` are the newest metrics by name."""

    job: Job
    status: Status
    reason: str
    progress: float | None
    eta_s: float | None
    latest: tuple[tuple[str, float], ...]
    node: str | None
    started_at: float | None
    ended_at: float | None
    exit_code: int | None


@dataclass(frozen=True, slots=True)
class NodeView:
    """A node with what is allocated on it and its newest sample. `holders` maps a GPU's UUID to the job's number."""

    node: Node
    allocated_cpus: int
    allocated_memory_mib: int
    sample: NodeSample | None
    gpu_jobs: tuple[tuple[str, int], ...]
    running: int


@dataclass(frozen=True, slots=True)
class Change:
    """What changed since the last one, coalesced."""

    jobs: frozenset[JobId]
    deleted: frozenset[JobId]
    nodes: bool
    role: bool


@dataclass(frozen=True, slots=True)
class Submitted:
    """A queued job's id and number."""

    job: JobId
    number: int


@dataclass(frozen=True, slots=True)
class LogLine:
    """One physical line of one stream. `text` is decoded, rewritten as a terminal would have left it, and NOT yet
    sanitised; at most 64 KiB of it. `number` counts from 1 within its stream; `time` is when the node saw its end.
    `is_finished` is False while its newline is still to come, so that a later version may replace it."""

    stream: Stream
    number: int
    level: str
    time: float
    text: str
    is_finished: bool = True


class LogDocument(Protocol):
    """An attempt's log as a growing list of lines, both streams in the order of their arrival.

    It is filled in the background; `version` rises whenever something changed. Lines are numbered from 0 in the order
    in which they are shown. The unfinished last line of a stream is included, after all finished ones, and may be
    replaced by a later version.
    """

    @property
    def version(self) -> int:
        """Rises with every change."""
        ...

    @property
    def is_complete(self) -> bool:
        """The attempt has ended and all of its log is here."""
        ...

    @property
    def has_caught_up(self) -> bool:
        """All that the attempt had written when the log was opened is here (or can't be had: see `problem`)."""
        ...

    @property
    def problem(self) -> str:
        """Why nothing more arrives now (node out of reach, log removed), empty if all is well."""
        ...

    def line_count(self, minimum_level: str | None = None) -> int:
        """How many lines there are, of at least that level if one is given (`debug info warning error critical`)."""
        ...

    def lines(self, start: int, stop: int, minimum_level: str | None = None) -> Sequence[LogLine]:
        """The lines start…stop-1 of the list (of the filtered list if a level is given)."""
        ...

    async def wait(self, version: int) -> None:
        """Wait until the version is above this one."""
        ...

    async def close(self) -> None:
        """Stop filling it."""
        ...


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One entry of a job's history in words; `at` in seconds since the epoch."""

    at: float
    kind: str
    text: str


class Service(Protocol):
    """The engine as front ends see it. All reads are of memory and immediate unless they are coroutines."""

    @property
    def role(self) -> Role:
        """Whether this process schedules."""
        ...

    @property
    def problem(self) -> str:
        """Why nothing can be scheduled or followed now, as a sentence; empty if all is well."""
        ...

    def jobs(self) -> Mapping[JobId, Job]:
        """All jobs by id, live; don't keep it across an await if it must not change."""
        ...

    def view(self, job: JobId) -> JobView:
        """A job with what is known right now. NotFound if it left."""
        ...

    def find(self, text: str) -> JobView:
        """The job that a number, an id or a unique name means. NotFound; InvalidInput if several have the name."""
        ...

    def nodes(self) -> Sequence[NodeView]:
        """All nodes in the order of the configuration."""
        ...

    def changes(self) -> AsyncIterator[Change]:
        """What changes from now on, coalesced between two reads."""
        ...

    async def submit(self, spec: JobSpec) -> Submitted:
        """Queue a job: it is safe once this returns, whoever schedules."""
        ...

    async def ask(self, request: Request, timeout_s: float = 10.0) -> None:
        """Have a request carried out. Refused or NotFound with the reason; NobodyToDoIt if nobody answers in time."""
        ...

    async def wait_for_end(self, job: JobId) -> JobView:
        """Wait until a job is Completed or Failed. NotFound if it is deleted meanwhile."""
        ...

    async def open_log(self, job: JobId, ordinal: int | None = None) -> LogDocument:
        """The log of an attempt (the newest by default), live. NotFound if the job has no such attempt."""
        ...

    def raw_log(self, job: JobId, stream: Stream, ordinal: int | None = None) -> AsyncIterator[bytes]:
        """One stream of an attempt, byte for byte, from its start to what is there now."""
        ...

    async def metrics(self, job: JobId, ordinal: int | None = None) -> Sequence[MetricPoint]:
        """The metrics of an attempt so far."""
        ...

    async def usage(self, job: JobId, ordinal: int | None = None) -> Sequence[AttemptSample]:
        """The resource samples of an attempt so far."""
        ...

    async def history(self, job: JobId) -> Sequence[HistoryLine]:
        """What happened to a job, oldest first."""
        ...

    def work_pending(self) -> int:
        """How many jobs would wait in vain if this process stopped scheduling now (0 for a viewer)."""
        ...

    async def continue_in_background(self) -> LeaderInfo:
        """Hand the lead to a background process and become a viewer. NobodyToDoIt if it doesn't come up."""
        ...

    async def stop_leader(self, timeout_s: float = 10.0) -> bool:
        """Ask the process that leads in the background to stop; False if none does. Refused if a console leads."""
        ...


OpenService = Callable[[Mode], AbstractAsyncContextManager[Service]]
