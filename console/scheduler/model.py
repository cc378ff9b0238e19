"""What the scheduler reads and what it proposes."""

from __future__ import annotations

from dataclasses import dataclass, field

from console.domain.ids import JobId
from console.domain.jobs import Priority
from console.domain.resources import Resources


@dataclass(frozen=True, slots=True)
class PendingJob:
    """A job that waits. `queued_at` is what first come first served goes by; `node` pins it; a start before
    `not_before` (seconds since the epoch) is not wanted, for `wait_reason`."""

    id: JobId
    number: int
    priority: Priority
    queued_at: float
    resources: Resources
    node: str | None = None
    is_held: bool = False
    not_before: float = 0.0
    wait_reason: str = ""
    order: tuple[int, float, int] = field(init=False, repr=False, compare=False)
    """What the queue is sorted by: made once, since a record goes through many passes."""
    shape: tuple[int, int, int, str | None] = field(init=False, repr=False, compare=False)
    """What decides where it fits: equal for jobs that fit or don't fit together."""

    def __post_init__(self) -> None:
        need = self.resources
        object.__setattr__(self, "order", (self.priority.rank, self.queued_at, self.number))
        object.__setattr__(self, "shape", (need.cpus, need.memory_mib, need.gpus, self.node))


@dataclass(frozen=True, slots=True)
class NodeOffer:
    """A node as the scheduler sees it. `free` counts what no live attempt holds (less than nothing if the node shrank);
    `free_gpus` are UUIDs. A node that is not usable offers nothing, but its capacity still tells whether a job could
    ever fit; None as long as the node has not told it."""

    name: str
    capacity: Resources | None
    free: Resources
    free_gpus: tuple[str, ...]
    is_usable: bool
    problem: str = ""

    @property
    def free_gpu_count(self) -> int:
        """How many GPUs can be given."""
        return max(min(self.free.gpus, len(self.free_gpus)), 0)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that a pass reads. `now` in seconds since the epoch."""

    now: float
    pending: tuple[PendingJob, ...]
    nodes: tuple[NodeOffer, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """The order of a pass and whether it starts anything."""

    starts_jobs: bool = True


@dataclass(frozen=True, slots=True)
class Start:
    """A job that can start now, on which node, with which GPUs (UUIDs)."""

    job: JobId
    node: str
    gpus: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prediction:
    """When a job will start, as a band, and on what that rests."""

    at: float
    low: float
    high: float
    basis: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a pass proposes: the starts, and for every job that does not start the reason."""

    starts: tuple[Start, ...] = ()
    reasons: dict[JobId, str] = field(default_factory=dict)
    predictions: dict[JobId, Prediction] = field(default_factory=dict)
