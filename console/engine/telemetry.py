"""The newest of what nodes measure and read. It bypasses the journal: in memory, and for viewers in one table."""

from __future__ import annotations

from collections.abc import Container, Iterable

from console.domain.ids import AttemptId
from console.domain.nodes import AttemptProgress, NodeSample
from console.domain.reports import NodeSampled


class Telemetry:
    """Latest progress by attempt and latest sample by node."""

    def __init__(self) -> None:
        self.progress: dict[AttemptId, AttemptProgress] = {}
        self.samples: dict[str, NodeSampled] = {}
        self._has_news = False

    def put_progress(self, progress: AttemptProgress) -> None:
        """Keep the newest progress of an attempt: the one that came last, since a node's clock may step back."""
        self.progress[progress.attempt] = progress
        self._has_news = True

    def put_sample(self, sampled: NodeSampled) -> None:
        """Keep the newest sample of a node."""
        self.samples[sampled.node] = sampled
        self._has_news = True

    def load(self, progress: Iterable[AttemptProgress], samples: Iterable[NodeSampled]) -> bool:
        """Take over what the leader wrote; whether anything is new."""
        fresh_progress = {p.attempt: p for p in progress}
        fresh_samples = {s.node: s for s in samples}
        if fresh_progress == self.progress and fresh_samples == self.samples:
            return False
        self.progress, self.samples = fresh_progress, fresh_samples
        return True

    def news(self, live: Container[AttemptId]) -> tuple[list[AttemptProgress], list[NodeSampled]] | None:
        """All that is known of live attempts and of nodes, if that is not what was last asked for."""
        if not self._has_news:
            return None
        self._has_news = False
        self.progress = {attempt: progress for attempt, progress in self.progress.items() if attempt in live}
        return list(self.progress.values()), list(self.samples.values())

    def sample_of(self, node: str) -> NodeSample | None:
        """The newest sample of a node."""
        found = self.samples.get(node)
        return found.sample if found else None
