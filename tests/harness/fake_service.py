"""A Service in memory: jobs and nodes are what the test puts in, requests act at once and are written down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from console.domain.errors import ClusterdeckError, NotFound
from console.domain.ids import JobId, attempt_id, ulid
from console.domain.jobs import (
    Attempt,
    AttemptPhase,
    Completed,
    Failed,
    Job,
    JobSpec,
    JobState,
    Outcome,
    Pending,
    Running,
    Starting,
)
from console.domain.nodes import AttemptSample, Gpu, GpuSample, Node, NodeFacts, NodeSample, NodeState
from console.domain.requests import DeleteJob, EditJob, Request, RestartJob, StopJob, SubmitJob
from console.domain.resources import Resources
from console.engine.service import (
    Change,
    HistoryLine,
    JobView,
    Leading,
    LogDocument,
    LogLine,
    NodeView,
    Role,
    Submitted,
    Watching,
)
from console.ports import LeaderInfo, MetricPoint, Stream

NOW = 1_767_225_600.0
LEVELS = ("debug", "info", "warning", "error", "critical")


class FakeLog:
    """A log that the test writes."""

    def __init__(self, *, complete: bool = False) -> None:
        self._lines: list[LogLine] = []
        self._version = 0
        self._complete = complete
        self._problem = ""
        self._changed = asyncio.Event()
        self.closed = False

    @property
    def version(self) -> int:
        return self._version

    @property
    def is_complete(self) -> bool:
        return self._complete

    @property
    def has_caught_up(self) -> bool:
        return True

    @property
    def problem(self) -> str:
        return self._problem

    def line_count(self, minimum_level: str | None = None) -> int:
        return len(self._of(minimum_level))

    def lines(self, start: int, stop: int, minimum_level: str | None = None) -> Sequence[LogLine]:
        return self._of(minimum_level)[start:stop]

    def _of(self, minimum_level: str | None) -> list[LogLine]:
        if minimum_level is None:
            return self._lines
        least = LEVELS.index(minimum_level)
        return [line for line in self._lines if LEVELS.index(line.level) >= least]

    async def wait(self, version: int) -> None:
        while self._version <= version:
            self._changed.clear()
            await self._changed.wait()

    async def close(self) -> None:
        self.closed = True

    def write(self, text: str, *, level: str = "info", stream: Stream = "stdout", time: float = NOW) -> None:
        """Append one line per line of the text."""
        for line in text.splitlines():
            number = 1 + sum(1 for old in self._lines if old.stream == stream)
            self._lines.append(LogLine(stream, number, level, time, line))
        self._touch()

    def end(self, problem: str = "") -> None:
        """Nothing more comes."""
        self._complete, self._problem = True, problem
        self._touch()

    def _touch(self) -> None:
        self._version += 1
        self._changed.set()


@dataclass
class Telemetry:
    """What a running job tells."""

    progress: float | None = None
    eta_s: float | None = None
    latest: tuple[tuple[str, float], ...] = ()
    metrics: list[MetricPoint] = field(default_factory=list)
    usage: list[AttemptSample] = field(default_factory=list)
    reason: str = ""


class FakeService:
    """The whole of Service; `failure`, if set, is what the next submit or ask raises."""

    def __init__(self, *, role: Role | None = None, now: float = NOW) -> None:
        self.now = now
        self.failure: ClusterdeckError | None = None
        self.requests: list[Request] = []
        self.submitted: list[JobSpec] = []
        self.pending_work = 0
        self.trouble = ""
        self.went_to_background = False
        self._role: Role = role or Leading(1)
        self._jobs: dict[JobId, Job] = {}
        self._telemetry: dict[JobId, Telemetry] = {}
        self._logs: dict[JobId, FakeLog] = {}
        self._history: dict[JobId, list[HistoryLine]] = {}
        self._nodes: list[NodeView] = []
        self._listeners: list[asyncio.Queue[Change]] = []
        self._next = 1

    # -- what a test puts in

    def add(self, name: str, state: JobState | str = "pending", *, age_s: float = 60.0, **spec: Any) -> JobId:
        """A job; `state` may be a status's name. Spec fields are keyword arguments."""
        number = self._next
        self._next += 1
        job_id = ulid(int(self.now * 1000) + number, number.to_bytes(10, "big"))
        at = self.now - age_s
        given = JobSpec(name, **{"command": ("bash", "-c", "python train.py"), **spec})
        job = Job(job_id, number, given, Pending(at), at, at)
        self._jobs[job_id] = job
        self._telemetry[job_id] = Telemetry()
        self._logs[job_id] = FakeLog()
        self._history[job_id] = [HistoryLine(at, "JobSubmitted", "submitted")]
        if state != "pending":
            self.move(job_id, self._state(job_id, state, at) if isinstance(state, str) else state)
        return job_id

    @staticmethod
    def _state(job: JobId, name: str, at: float) -> JobState:
        first = attempt_id(job, 1)
        return {
            "starting": Starting(first, "local", at + 1),
            "running": Running(first, "local", at + 2),
            "completed": Completed(at + 30),
            "failed": Failed(at + 30, "exit code 1"),
        }[name]

    def move(self, job: JobId, state: JobState) -> None:
        """Give a job another state, with an attempt that fits it."""
        old = self._jobs[job]
        self._jobs[job] = replace(old, state=state, attempts=self._attempts(old, state))
        self.tell(job)

    def _attempts(self, job: Job, state: JobState) -> tuple[Attempt, ...]:
        start = job.submitted_at + 2
        new = Attempt(
            attempt_id(job.id, 1), job.id, "local", job.spec.resources, (), AttemptPhase.RUNNING, start - 1, start
        )
        match state:
            case Pending():
                return job.attempts
            case Starting():
                return (replace(new, phase=AttemptPhase.PLANNED, started_at=None),)
            case Running():
                return (new,)
            case Completed(ended_at):
                ended = Outcome(0, None, "", ended_at - start, peak_memory_mib=412.0)
                return (replace(new, phase=AttemptPhase.ENDED, ended_at=ended_at, outcome=ended),)
            case Failed(ended_at, reason):
                code = int(reason.rsplit(" ", 1)[1]) if reason.startswith("exit code ") else None
                ended = Outcome(code, None, reason, ended_at - start)
                return (replace(new, phase=AttemptPhase.ENDED, ended_at=ended_at, outcome=ended),)

    def telemetry(self, job: JobId) -> Telemetry:
        """What the job tells; change it, then `tell`."""
        return self._telemetry[job]

    def log(self, job: JobId) -> FakeLog:
        """The log of a job's newest attempt."""
        return self._logs[job]

    def set_role(self, role: Role) -> None:
        """Another process leads, or none."""
        self._role = role
        self._publish(Change(frozenset(), frozenset(), nodes=False, role=True))

    def set_nodes(self, *nodes: NodeView) -> None:
        """All nodes."""
        self._nodes = list(nodes)
        self._publish(Change(frozenset(), frozenset(), nodes=True, role=False))

    def lose(self, job: JobId) -> None:
        """A job leaves, and nobody has been told yet."""
        del self._jobs[job]

    def tell(self, *jobs: JobId) -> None:
        """Say that jobs changed."""
        self._publish(Change(frozenset(jobs), frozenset(), nodes=False, role=False))

    def _publish(self, change: Change) -> None:
        for listener in self._listeners:
            listener.put_nowait(change)

    # -- Service

    @property
    def role(self) -> Role:
        return self._role

    @property
    def problem(self) -> str:
        return self.trouble

    def jobs(self) -> Mapping[JobId, Job]:
        return self._jobs

    def view(self, job: JobId) -> JobView:
        found = self._jobs.get(job)
        if found is None:
            raise NotFound(f"There is no job {job}.")
        told = self._telemetry[job]
        last = found.last_attempt
        reason = found.state.reason if isinstance(found.state, Failed) else told.reason
        return JobView(
            job=found,
            status=found.status,
            reason=reason,
            progress=told.progress,
            eta_s=told.eta_s,
            latest=told.latest,
            node=last.node if last else None,
            started_at=last.started_at if last else None,
            ended_at=last.ended_at if last else None,
            exit_code=last.outcome.code if last and last.outcome else None,
        )

    def find(self, text: str) -> JobView:
        for job in self._jobs.values():
            if text in {str(job.number), job.id, job.spec.name}:
                return self.view(job.id)
        raise NotFound(f"There is no job {text!r}.")

    def nodes(self) -> Sequence[NodeView]:
        return self._nodes

    async def changes(self) -> AsyncIterator[Change]:
        queue: asyncio.Queue[Change] = asyncio.Queue()
        self._listeners.append(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._listeners.remove(queue)

    async def submit(self, spec: JobSpec) -> Submitted:
        self._fail()
        self.submitted.append(spec)
        values = {name: getattr(spec, name) for name in JobSpec.__slots__ if name != "name"}
        job = self.add(spec.name, age_s=0.0, **values)
        self.tell(job)
        return Submitted(job, self._jobs[job].number)

    async def ask(self, request: Request, timeout_s: float = 10.0) -> None:
        self._fail()
        self.requests.append(request)
        if request.job not in self._jobs:
            raise NotFound(f"There is no job {request.job}.")
        match request:
            case StopJob(job):
                self.move(job, Failed(self.now, "stopped by user"))
            case RestartJob(job):
                self.move(job, Pending(self.now))
            case EditJob(job, spec):
                self._jobs[job] = replace(self._jobs[job], spec=spec)
                self.tell(job)
            case DeleteJob(job):
                del self._jobs[job]
                self._publish(Change(frozenset(), frozenset({job}), nodes=False, role=False))
            case SubmitJob():
                raise AssertionError("submissions go through submit")

    def _fail(self) -> None:
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure

    async def wait_for_end(self, job: JobId) -> JobView:
        while not isinstance(self._jobs[job].state, Completed | Failed):
            async for change in self.changes():
                if job in change.jobs:
                    break
        return self.view(job)

    async def open_log(self, job: JobId, ordinal: int | None = None) -> LogDocument:
        if not self._jobs[job].attempts:
            raise NotFound(f"{self._jobs[job].spec.name} has no attempt yet.")
        return self._logs[job]

    async def raw_log(self, job: JobId, stream: Stream, ordinal: int | None = None) -> AsyncIterator[bytes]:
        lines = [line for line in self._logs[job].lines(0, 1 << 30) if line.stream == stream]
        yield "".join(f"{line.text}\n" for line in lines).encode()

    async def metrics(self, job: JobId, ordinal: int | None = None) -> Sequence[MetricPoint]:
        return tuple(self._telemetry[job].metrics)

    async def usage(self, job: JobId, ordinal: int | None = None) -> Sequence[AttemptSample]:
        return tuple(self._telemetry[job].usage)

    async def history(self, job: JobId) -> Sequence[HistoryLine]:
        return tuple(self._history[job])

    def work_pending(self) -> int:
        return self.pending_work

    async def continue_in_background(self) -> LeaderInfo:
        self._fail()
        self.went_to_background = True
        leader = LeaderInfo(4242, "here", "serve", self.now, 2)
        self.set_role(Watching(leader))
        return leader

    async def stop_leader(self, timeout_s: float = 10.0) -> bool:
        return False


def local_node(*, gpus: int = 0, running: int = 0) -> NodeView:
    """This machine's node, up, with a sample."""
    cards = tuple(Gpu(f"GPU-{index}", index, "NVIDIA H100 80GB HBM3", 81559) for index in range(gpus))
    facts = NodeFacts("key", "boot", "here", "1.0", Resources(8, 32768, gpus), cards)
    samples = tuple(GpuSample(card.uuid, 87.0, 61234, 64.0, 512.0) for card in cards)
    sample = NodeSample(NOW, 37.0, 12000, 1.2e6, 3.4e5, 0.0, 5.1e6, 90000, samples)
    node = Node("local", "localhost", NodeState.UP, facts=facts, seen_at=NOW)
    return NodeView(node, 2, 4096, sample, tuple((card.uuid, 3) for card in cards[:1]), running)
