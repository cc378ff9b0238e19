"""Nodes in memory behind `ports.Backend`. They keep their attempts whoever is connected, as real ones do.

A `FakeCluster` is the machines; `FakeCluster.backend(epoch)` is one process's way to them, so a leader, those who watch
it and the leader after it all meet the same nodes. What a node does with a launch is scripted by `FakeNode.on_launch`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from console.domain.errors import NobodyToDoIt, NotFound
from console.domain.ids import AttemptId, JobId
from console.domain.jobs import AttemptPhase, Outcome
from console.domain.nodes import AttemptProgress, AttemptSample, NodeSample
from console.domain.reports import (
    AttemptChanged,
    AttemptReport,
    BackendReport,
    NodeGone,
    NodeSampled,
    NodeUp,
    ProgressRead,
)
from console.ports import Clock, History, LaunchOrder, LogChunk, LogPosition, MetricPoint, ReportSink, Stream
from tests.harness.builders import facts

OVER = frozenset({AttemptPhase.ENDED, AttemptPhase.NEVER_RAN, AttemptPhase.LOST})
HISTORY_PIECE = 2

OnLaunch = Literal["run", "accept", "ignore", "run silently"]


@dataclass
class FakeAttempt:
    """What a node keeps of an attempt."""

    order: LaunchOrder
    phase: AttemptPhase
    started_at: float | None = None
    ended_at: float | None = None
    outcome: Outcome | None = None
    is_acknowledged: bool = False
    chunks: list[LogChunk] = field(default_factory=list)
    sizes: dict[Stream, int] = field(default_factory=lambda: {"stdout": 0, "stderr": 0})
    metrics: list[MetricPoint] = field(default_factory=list)
    samples: list[AttemptSample] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def touch(self) -> None:
        """Wake whoever follows."""
        self.changed.set()
        self.changed = asyncio.Event()


class FakeNode:
    """One machine. `orders` is all that reached it; `executed` counts how often each attempt's command was started."""

    def __init__(self, name: str, clock: Clock, *, cpus: int = 4, memory_mib: int = 8192, gpus: int = 0) -> None:
        self.name = name
        self.facts = facts(cpus, memory_mib, gpus, name)
        self.attempts: dict[AttemptId, FakeAttempt] = {}
        self.orders: list[tuple[str, AttemptId]] = []
        self.executed: Counter[AttemptId] = Counter()
        self.overlaps: list[tuple[AttemptId, AttemptId]] = []
        self.on_launch: OnLaunch = "run"
        self.refuses: str = ""
        self.obeys_stop = True
        self.is_reachable = True
        self.hangs = False
        self.fence = 0
        self._clock = clock
        self._links: list[FakeBackend] = []

    # -- what a test does to it

    def start(self, attempt: AttemptId) -> None:
        """The command of an accepted attempt is executed."""
        self._execute(attempt)
        self._tell(attempt)

    def end(self, attempt: AttemptId, code: int | None = 0, *, signal: int | None = None, reason: str = "") -> None:
        """The command ends."""
        kept = self.attempts[attempt]
        began = kept.started_at if kept.started_at is not None else self._clock.now()
        kept.phase, kept.ended_at = AttemptPhase.ENDED, self._clock.now()
        kept.outcome = Outcome(code, signal, reason, kept.ended_at - began)
        self._tell(attempt)

    def write(self, attempt: AttemptId, data: bytes, stream: Stream = "stdout", *, lost: int = 0) -> None:
        """The command prints, after `lost` bytes that the node could not keep."""
        kept = self.attempts[attempt]
        kept.chunks.append(LogChunk(stream, kept.sizes[stream], self._clock.now(), data, lost))
        kept.sizes[stream] += len(data)
        kept.touch()

    def measure(self, attempt: AttemptId, *values: float) -> None:
        """The command prints a loss, once per value, and is sampled as often."""
        kept = self.attempts[attempt]
        for value in values:
            step = len(kept.metrics)
            kept.metrics.append(MetricPoint("loss", float(step), self._clock.now(), value))
            kept.samples.append(AttemptSample(self._clock.now(), value, None, None, None, None, None))

    def progress(self, attempt: AttemptId, fraction: float) -> None:
        """The agent reads how far an attempt is."""
        self._report(ProgressRead(AttemptProgress(attempt, self._clock.now(), fraction, 10.0, (("loss", 0.5),))))

    def sample(self) -> None:
        """The agent samples the node."""
        use = NodeSample(self._clock.now(), 12.5, 1000, None, None, None, None, 5000)
        running = [a for a, kept in self.attempts.items() if kept.phase is AttemptPhase.RUNNING]
        each = AttemptSample(self._clock.now(), 50.0, 100.0, None, None, None, None)
        self._report(NodeSampled(self.name, use, tuple((attempt, each) for attempt in running)))

    def go_away(self, reason: str = "no route to host") -> None:
        """Nobody reaches it any more; what runs there goes on."""
        self.is_reachable = False
        self._report(NodeGone(self.name, reason), anyway=True)
        for kept in self.attempts.values():
            kept.touch()

    def come_back(self) -> None:
        """Links come up again."""
        self.is_reachable = True
        self._report(self.greeting())

    def tell_all(self) -> None:
        """Links come up anew without having been seen to break."""
        self._report(self.greeting())

    def greeting(self) -> NodeUp:
        """What it says on connect."""
        return NodeUp(self.name, self.facts, tuple(self.report_of(attempt) for attempt in self.attempts))

    def report_of(self, attempt: AttemptId) -> AttemptReport:
        """What it says of an attempt."""
        kept = self.attempts[attempt]
        return AttemptReport(
            attempt, kept.phase, kept.started_at, kept.ended_at, kept.outcome, is_acknowledged=kept.is_acknowledged
        )

    @property
    def running(self) -> list[AttemptId]:
        """The attempts whose command runs now."""
        return [attempt for attempt, kept in self.attempts.items() if kept.phase is AttemptPhase.RUNNING]

    # -- what links do

    def connect(self, link: FakeBackend) -> None:
        """A process wants to hear of it."""
        self._links.append(link)
        if self.is_reachable:
            link.report(self.greeting())
        else:
            link.report(NodeGone(self.name, "no route to host"))

    def disconnect(self, link: FakeBackend) -> None:
        """A process let go of it."""
        if link in self._links:
            self._links.remove(link)

    def launch(self, order: LaunchOrder) -> None:
        """An order to launch arrived."""
        self.orders.append(("launch", order.attempt))
        if order.attempt not in self.attempts:
            if self.on_launch == "ignore":
                return
            if self.refuses:
                refused = AttemptReport(order.attempt, AttemptPhase.NEVER_RAN, reason=self.refuses)
                self._report(AttemptChanged(self.name, refused))
                return
            self.attempts[order.attempt] = FakeAttempt(order, AttemptPhase.ACCEPTED)
            if self.on_launch == "run silently":
                self._execute(order.attempt)
                return
            self._tell(order.attempt)
            if self.on_launch == "run":
                self._execute(order.attempt)
        self._tell(order.attempt)

    def stop(self, attempt: AttemptId, reason: str) -> None:
        """An order to stop arrived."""
        self.orders.append(("stop", attempt))
        kept = self.attempts.get(attempt)
        if kept is None or kept.phase in OVER or not self.obeys_stop:
            return
        if kept.phase is AttemptPhase.RUNNING:
            self.end(attempt, None, signal=15, reason=reason)
        else:
            kept.phase = AttemptPhase.NEVER_RAN
            self._tell(attempt)

    def acknowledge(self, attempt: AttemptId) -> None:
        """The console has all of it."""
        self.orders.append(("acknowledge", attempt))
        if attempt in self.attempts:
            self.attempts[attempt].is_acknowledged = True

    def forget(self, attempt: AttemptId) -> None:
        """Nobody wants it any more."""
        self.orders.append(("forget", attempt))
        kept = self.attempts.get(attempt)
        assert kept is None or kept.phase in OVER, f"told to forget {attempt}, which is {kept.phase}"
        self.attempts.pop(attempt, None)

    def _execute(self, attempt: AttemptId) -> None:
        kept = self.attempts[attempt]
        self.overlaps += [(other, attempt) for other in self.running if _job(other) == _job(attempt)]
        self.executed[attempt] += 1
        kept.phase, kept.started_at = AttemptPhase.RUNNING, self._clock.now()

    def _tell(self, attempt: AttemptId) -> None:
        self.attempts[attempt].touch()
        self._report(AttemptChanged(self.name, self.report_of(attempt)))

    def _report(self, report: BackendReport, *, anyway: bool = False) -> None:
        if self.is_reachable or anyway:
            for link in self._links:
                link.report(report)


class FakeCluster:
    """Some machines."""

    def __init__(self, *nodes: FakeNode) -> None:
        self.nodes = {node.name: node for node in nodes}

    def backend(self, epoch: int | None) -> FakeBackend:
        """One process's way to the nodes; without an epoch it only reads."""
        return FakeBackend(self, epoch)


class FakeBackend:
    """A `ports.Backend`."""

    def __init__(self, cluster: FakeCluster, epoch: int | None) -> None:
        self._cluster = cluster
        self._epoch = epoch
        self._sink: ReportSink | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def report(self, report: BackendReport) -> None:
        """A node says something; it arrives a turn of the loop later, as from a socket."""
        if self._sink is not None and self._loop is not None:
            self._loop.call_soon(self._deliver, report)

    def _deliver(self, report: BackendReport) -> None:
        if self._sink is not None:
            self._sink(report)

    async def start(self, sink: ReportSink) -> None:
        self._sink = sink
        self._loop = asyncio.get_running_loop()
        for node in self._cluster.nodes.values():
            node.connect(self)

    async def close(self) -> None:
        self._sink = None
        for node in self._cluster.nodes.values():
            node.disconnect(self)

    async def launch(self, order: LaunchOrder) -> None:
        (await self._ordered(order.node)).launch(order)

    async def stop(self, node: str, attempt: AttemptId, *, reason: str) -> None:
        (await self._ordered(node)).stop(attempt, reason)

    async def acknowledge(self, node: str, attempt: AttemptId) -> None:
        (await self._ordered(node)).acknowledge(attempt)

    async def forget(self, node: str, attempt: AttemptId) -> None:
        (await self._ordered(node)).forget(attempt)

    async def logs(
        self,
        node: str,
        attempt: AttemptId,
        start: LogPosition,
        *,
        follow: bool,
        streams: Sequence[Stream],
        tail_bytes: int = 0,
    ) -> AsyncIterator[LogChunk]:
        given = 0
        at: dict[Stream, int] = {"stdout": start.stdout, "stderr": start.stderr}
        left = tail_bytes
        for chunk in reversed(self._kept(node, attempt).chunks if tail_bytes else []):
            if chunk.stream in streams:
                behind = chunk.offset + len(chunk.data)
                at[chunk.stream] = max(at[chunk.stream], behind - left)
                left = max(0, left - len(chunk.data))
        while True:
            kept = self._kept(node, attempt)
            changed = kept.changed
            for chunk in kept.chunks[given:]:
                skipped = max(at[chunk.stream] - chunk.offset, 0)
                if chunk.stream in streams and skipped < max(len(chunk.data), 1):
                    lost = 0 if skipped else chunk.lost
                    yield LogChunk(chunk.stream, chunk.offset + skipped, chunk.time, chunk.data[skipped:], lost)
                given += 1
            if given == len(kept.chunks) and (kept.phase in OVER or not follow):
                return
            await changed.wait()

    async def history(self, node: str, attempt: AttemptId, cursor: str) -> History:
        kept = self._kept(node, attempt)
        start = int(cursor or "0")
        await asyncio.sleep(0)
        stop = min(start + HISTORY_PIECE, len(kept.metrics))
        return History(
            tuple(kept.metrics[start:stop]), tuple(kept.samples[start:stop]), str(stop), stop == len(kept.metrics)
        )

    def _kept(self, node: str, attempt: AttemptId) -> FakeAttempt:
        machine = self._reached(node)
        if attempt not in machine.attempts:
            raise NotFound(f"node {node}: it keeps nothing of attempt {attempt}")
        return machine.attempts[attempt]

    def _reached(self, node: str) -> FakeNode:
        machine = self._cluster.nodes[node]
        if not machine.is_reachable:
            raise NobodyToDoIt(f"node {node} is out of reach")
        return machine

    async def _ordered(self, node: str) -> FakeNode:
        machine = self._reached(node)
        while machine.hangs:
            await asyncio.sleep(0.001)
            self._reached(node)
        assert self._epoch is not None, "only a leader gives orders"
        if self._epoch < machine.fence:
            raise NobodyToDoIt(f"node {node} refused a leader of the past")
        machine.fence = self._epoch
        return machine


def _job(attempt: AttemptId) -> JobId:
    return JobId(attempt.rpartition("-")[0])
