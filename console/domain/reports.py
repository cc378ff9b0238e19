"""Reports: what a backend says of nodes and attempts. The core turns them into events."""

from __future__ import annotations

from dataclasses import dataclass

from console.domain.ids import AttemptId
from console.domain.jobs import AttemptPhase, Outcome
from console.domain.nodes import AttemptProgress, AttemptSample, NodeFacts, NodeSample


@dataclass(frozen=True, slots=True)
class AttemptReport:
    """What a node says of one attempt. `reason` explains a loss or a refusal; times are the node's clock;
    `is_acknowledged`: the node was told that its end is committed here."""

    attempt: AttemptId
    phase: AttemptPhase
    started_at: float | None = None
    ended_at: float | None = None
    outcome: Outcome | None = None
    reason: str = ""
    is_acknowledged: bool = False


@dataclass(frozen=True, slots=True)
class NodeUp:
    """A link came up; `attempts` are all that the node knows of this database, to be joined before any launch."""

    node: str
    facts: NodeFacts
    attempts: tuple[AttemptReport, ...]


@dataclass(frozen=True, slots=True)
class NodeGone:
    """A link went down or could not be made; `reason` is a sentence."""

    node: str
    reason: str


@dataclass(frozen=True, slots=True)
class AttemptChanged:
    """An attempt on a node moved on, or an order to launch it was answered."""

    node: str
    report: AttemptReport


@dataclass(frozen=True, slots=True)
class ProgressRead:
    """New progress or metrics were read out of an attempt's output."""

    progress: AttemptProgress


@dataclass(frozen=True, slots=True)
class NodeSampled:
    """A node was sampled; `attempts` holds the sample of each running attempt."""

    node: str
    sample: NodeSample
    attempts: tuple[tuple[AttemptId, AttemptSample], ...]


BackendReport = NodeUp | NodeGone | AttemptChanged | ProgressRead | NodeSampled
