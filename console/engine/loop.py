"""The engine's loop: one queue, one consumer, one flow.

    reports, requests, outcomes ──► events ──► state (core) ──► plan ──► commit ──► commands ──► backend

Nothing is ordered before the events that it rests on are on the disk. If the disk refuses, the loop waits and tries
again; until then nothing is launched, and running attempts don't notice.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TypeVar

from console.core.commands import Command
from console.core.intake import attempt_events, connection_events, forgotten_acknowledgements, gone_events
from console.core.reactor import is_wanted, step
from console.core.reduce import job_of, node_of
from console.core.requests import decide
from console.core.snapshot import changes_plan, next_retry, snapshot_of
from console.core.state import State
from console.domain.errors import ClusterdeckError, StoreUnusable
from console.domain.events import AttemptEnded, AttemptPlanned, Event, NodeAdded, NodeRemoved
from console.domain.ids import JobId, attempt_id
from console.domain.nodes import Node, NodeState
from console.domain.reports import AttemptChanged, BackendReport, NodeGone, NodeSampled, NodeUp, ProgressRead
from console.engine.executor import Executor
from console.engine.mirror import Mirror
from console.engine.telemetry import Telemetry
from console.ports import Answer, Backend, Batch, Clock, Store
from console.scheduler import Policy, plan

T = TypeVar("T")

_log = logging.getLogger(__name__)
_TELEMETRY_WRITE_S = 1.0
_HISTORY_PULL_S = 5.0
_INBOX_WAIT_S = 30.0
_STORE_RETRY_S = 2.0


class _RequestsWait:
    """Something lies in the inbox."""


class _TimeCame:
    """A moment came that a job waited for."""


_Input = BackendReport | Event | _RequestsWait | _TimeCame


@dataclass(slots=True)
class _Turn:
    """What one round of the loop has gathered, to be committed as one."""

    events: list[Event] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    answers: list[tuple[int, Answer]] = field(default_factory=list)
    jobs: set[JobId] = field(default_factory=set)
    reasons: dict[JobId, str] | None = None


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What a person may set: the grace period of a stop, and how much of an ended attempt's log is mirrored."""

    grace_s: float = 10.0
    mirror_bytes: int = 8 << 20
    starts_jobs: bool = True


OnChange = Callable[[set[JobId], set[JobId], bool], None]


class Engine:
    """Leads: takes in what happened, decides what follows, has it done. `nodes` are (name, host) pairs.

    What others see (`state`, `reasons`) is what is on the disk; the books are ahead of it while a commit is under way.
    """

    def __init__(
        self,
        store: Store,
        backend: Backend,
        clock: Clock,
        *,
        nodes: Iterable[tuple[str, str]],
        settings: EngineSettings,
        on_change: OnChange,
    ) -> None:
        self.state = State()
        self._books = State()
        self.telemetry = Telemetry()
        self.reasons: dict[JobId, str] = {}
        self.problem = ""
        self._store = store
        self._backend = backend
        self._clock = clock
        self._nodes = tuple(nodes)
        self._policy = Policy(settings.starts_jobs)
        self._on_change = on_change
        self._queue: asyncio.Queue[_Input] = asyncio.Queue()
        self._timer: asyncio.TimerHandle | None = None
        self._mirror = Mirror(backend, store, settings.mirror_bytes)
        self._executor = Executor(
            backend,
            self._mirror,
            clock,
            self._queue.put_nowait,
            lambda command: is_wanted(self.state, command),
            grace_s=settings.grace_s,
        )
        self._first = _Turn()
        self._plan_is_due = True

    async def load(self) -> None:
        """Read the books; nothing is written before `run`. No node is up until it was heard from in this run."""
        loaded = await self._store.load()
        unheard = (replace(node, state=NodeState.DOWN, reason="not connected yet") for node in loaded.nodes)
        self.state = State.of(loaded.jobs, unheard)
        self._books = self.state.copy()
        self.telemetry.load(*await self._store.latest())
        now = self._clock.now()
        wanted = dict(self._nodes)
        for name in [name for name in self._books.nodes if name not in wanted]:
            self._absorb(self._first, NodeRemoved(now, name))
        for name, host in wanted.items():
            node = self._books.nodes.get(name)
            if node is None or node.host != host:
                self._absorb(self._first, NodeAdded(now, name, host))
        self._plan(self._first)
        self.reasons = self._first.reasons or {}

    async def run(self) -> None:
        """Lead until cancelled. LeaderLost if another process leads now."""
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(self._backend.close)
            stack.push_async_callback(self._executor.close)
            stack.callback(self._cancel_timer)
            await self._backend.start(self._take_report)
            self._queue.put_nowait(_RequestsWait())
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._consume(), name="engine")
                tasks.create_task(self._watch_inbox(), name="inbox")
                tasks.create_task(self._write_telemetry(), name="telemetry")
                tasks.create_task(self._pull_histories(), name="histories")

    def wake(self) -> None:
        """A request was put into the inbox by this very process."""
        self._queue.put_nowait(_RequestsWait())

    # -- in ------------------------------------------------------------------------------------------------------------

    def _take_report(self, report: BackendReport) -> None:
        match report:
            case ProgressRead(progress):
                self.telemetry.put_progress(progress)
                self._on_change({_job_of_attempt(progress.attempt)}, set(), False)
            case NodeSampled():
                self.telemetry.put_sample(report)
                self._on_change({_job_of_attempt(attempt) for attempt, _ in report.attempts}, set(), True)
            case _:
                self._queue.put_nowait(report)

    async def _watch_inbox(self) -> None:
        while True:
            try:
                news = await self._store.changed(_INBOX_WAIT_S)
            except StoreUnusable as error:
                _log.warning("could not look for requests: %s", error)
                await asyncio.sleep(_STORE_RETRY_S)
            else:
                if news:
                    self._queue.put_nowait(_RequestsWait())

    async def _consume(self) -> None:
        await self._finish(self._first)
        async for inputs in self._batches():
            turn = _Turn()
            for item in inputs:
                self._take(turn, item)
            if any(isinstance(item, _RequestsWait) for item in inputs):
                await self._take_requests(turn)
            await self._finish(turn)

    async def _batches(self) -> AsyncIterator[list[_Input]]:
        while True:
            inputs = [await self._queue.get()]
            while not self._queue.empty():
                inputs.append(self._queue.get_nowait())
            yield inputs

    def _take(self, turn: _Turn, item: _Input) -> None:
        now = self._clock.now()
        match item:
            case _TimeCame():
                self._plan_is_due = True
            case _RequestsWait() | ProgressRead() | NodeSampled():
                return
            case NodeUp():
                for event in list(connection_events(self._books, item, now)):
                    self._absorb(turn, event)
                turn.commands.extend(forgotten_acknowledgements(self._books, item))
            case NodeGone():
                for event in gone_events(self._books, item, now):
                    self._absorb(turn, event)
            case AttemptChanged():
                for event in list(attempt_events(self._books, item.node, item.report, now)):
                    self._absorb(turn, event)
            case _:
                self._absorb(turn, item)

    async def _take_requests(self, turn: _Turn) -> None:
        for item in await self._persistently(self._store.inbox):
            try:
                events = decide(self._books, item.request, self._clock.now())
            except ClusterdeckError as error:
                turn.answers.append((item.id, Answer(str(error), error.exit_code)))
                continue
            for event in events:
                self._absorb(turn, event)
            turn.answers.append((item.id, Answer()))

    # -- through -------------------------------------------------------------------------------------------------------

    def _absorb(self, turn: _Turn, event: Event) -> None:
        if isinstance(event, AttemptEnded):
            event = self._with_progress(event)
        self._plan_is_due |= changes_plan(event)
        turn.events.append(event)
        turn.commands.extend(step(self._books, event))
        job = job_of(event)
        if job is not None:
            turn.jobs.add(job)

    def _with_progress(self, event: AttemptEnded) -> AttemptEnded:
        """The end with how far it had come, which telemetry doesn't keep."""
        last = self.telemetry.progress.get(event.attempt)
        return replace(event, outcome=replace(event.outcome, progress=last.fraction)) if last else event

    def _plan(self, turn: _Turn) -> None:
        now = self._clock.now()
        proposal = plan(snapshot_of(self._books, now), self._policy)
        for start in proposal.starts:
            job = self._books.jobs[start.job]
            ordinal = 1 + max((int(a.id.rpartition("-")[2]) for a in job.attempts), default=0)
            attempt = attempt_id(job.id, ordinal)
            self._absorb(turn, AttemptPlanned(now, job.id, attempt, start.node, job.spec.resources, start.gpus))
        turn.reasons = proposal.reasons
        self._set_timer(now)
        self._plan_is_due = False

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set_timer(self, now: float) -> None:
        self._cancel_timer()
        moment = next_retry(self._books, now)
        if moment is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(moment - now + 0.01, self._queue.put_nowait, _TimeCame())

    # -- out -----------------------------------------------------------------------------------------------------------

    async def _finish(self, turn: _Turn) -> None:
        if self._plan_is_due:
            self._plan(turn)
        if turn.events or turn.answers:
            batch = self._batch(turn)
            await self._persistently(lambda: self._store.commit(batch))
        self._publish(turn)
        self._executor.execute(turn.commands)

    def _publish(self, turn: _Turn) -> None:
        nodes = list(filter(None, map(node_of, turn.events)))
        self.state.take_over(self._books, turn.jobs, nodes)
        told_anew: set[JobId] = set()
        if turn.reasons is not None:
            before, self.reasons = self.reasons, turn.reasons
            told_anew = {job for job, reason in self.reasons.items() if before.get(job) != reason}
        present = {job for job in turn.jobs if job in self.state.jobs}
        self._on_change(present | told_anew, turn.jobs - present, bool(nodes or turn.jobs))

    def _batch(self, turn: _Turn) -> Batch:
        touched: dict[str, Node] = {}
        removed: list[str] = []
        for name in filter(None, map(node_of, turn.events)):
            node = self._books.nodes.get(name)
            if node is None:
                removed.append(name)
            else:
                touched[name] = node
        return Batch(
            events=tuple(turn.events),
            jobs=tuple(self._books.jobs[job] for job in turn.jobs if job in self._books.jobs),
            deleted=tuple(job for job in turn.jobs if job not in self._books.jobs),
            nodes=tuple(touched.values()),
            removed_nodes=tuple(removed),
            answers=tuple(turn.answers),
        )

    async def _persistently(self, access: Callable[[], Awaitable[T]]) -> T:
        """Use the store until it can be used."""
        while True:
            try:
                result = await access()
            except StoreUnusable as error:
                _log.error("the store refused: %s", error)
                self._tell_problem(f"{error} Nothing is launched until it can be written; running jobs go on.")
                await asyncio.sleep(_STORE_RETRY_S)
            else:
                self._tell_problem("")
                return result

    def _tell_problem(self, problem: str) -> None:
        if problem != self.problem:
            self.problem = problem
            self._on_change(set(), set(), True)

    # -- telemetry -----------------------------------------------------------------------------------------------------

    async def _write_telemetry(self) -> None:
        while True:
            await asyncio.sleep(_TELEMETRY_WRITE_S)
            news = self.telemetry.news(self.state.live)
            if news is not None:
                with _logged("write telemetry"):
                    await self._store.record_latest(*news)

    async def _pull_histories(self) -> None:
        while True:
            await asyncio.sleep(_HISTORY_PULL_S)
            for attempt in list(self.state.live.values()):
                node = self.state.nodes.get(attempt.node)
                if attempt.started_at is not None and node is not None and node.state is NodeState.UP:
                    with _logged("pull metrics and samples"):
                        await self._mirror.pull_history(attempt.node, attempt.id)


@contextlib.contextmanager
def _logged(what: str) -> Iterator[None]:
    try:
        yield
    except ClusterdeckError as error:
        _log.info("could not %s: %s", what, error)


def _job_of_attempt(attempt: str) -> JobId:
    return JobId(attempt.rpartition("-")[0])
