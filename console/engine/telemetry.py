"""The newest of what nodes measure and read. It bypasses the journal: in memory, and for viewers in one table."""

from __future__ import annotations

from collections.abc import Iterable

from console.domain.ids import AttemptId
from console.domain.nodes import AttemptProgress, NodeSample
from console.domain.reports import NodeSampled


class Telemetry:
    """Latest progress by attempt and latest sample by node, with what is not yet written down."""

    def __init__(self) -> None:
        self.progress: dict[AttemptId, AttemptProgress] = {}
        self.samples: dict[str, NodeSampled] = {}
        self._unwritten_progress: set[AttemptId] = set()
        self._unwritten_nodes: set[str] = set()

    def put_progress(self, progress: AttemptProgress) -> None:
        """Keep the newest progress of an attempt; what it doesn't say stays as it was."""
        before = self.progress.get(progress.attempt)
        if before is not None and progress.time < before.time:
            return
        self.progress[progress.attempt] = progress
        self._unwritten_progress.add(progress.attempt)

    def put_sample(self, sampled: NodeSampled) -> None:
        """Keep the newest sample of a node."""
        self.samples[sampled.node] = sampled
        self._unwritten_nodes.add(sampled.node)

    def load(self, progress: Iterable[AttemptProgress], samples: Iterable[NodeSampled]) -> bool:
        """Take over what the leader wrote; whether anything is new."""
        fresh_progress = {p.attempt: p for p in progress}
        fresh_samples = {s.node: s for s in samples}
        if fresh_progress == self.progress and fresh_samples == self.samples:
            return False
        self.progress, self.samples = fresh_progress, fresh_samples
        return True

    def unwritten(self) -> tuple[list[AttemptProgress], list[NodeSampled]]:
        """What changed since the last call."""
        progress = [self.progress[a] for a in self._unwritten_progress if a in self.progress]
        nodes = [self.samples[n] for n in self._unwritten_nodes]
        self._unwritten_progress.clear()
        self._unwritten_nodes.clear()
        return progress, nodes

    def sample_of(self, node: str) -> NodeSample | None:
        """The newest sample of a node."""
        found = self.samples.get(node)
        return found.sample if found else None
