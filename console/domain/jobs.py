"""Jobs. What a person asks for is a JobSpec; where the job stands is one of five states, each with only its own data.

    Pending ──► Starting ──► Running ──► Completed
       ▲  │         │           │  └───► Failed
       │  └─────────┼───────────┼──────►   │
       └────────────┴───────────┴──────────┘  (refused or never ran; retried; restarted)

Four statuses are shown: Pending and Starting are both `pending`, since Running means that the command was executed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import assert_never

from console.domain.ids import AttemptId, JobId
from console.domain.resources import Resources


class Priority(StrEnum):
    """How urgent a job is; High goes first."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """0 for High, 1 for Medium, 2 for Low: smaller goes first."""
        return _PRIORITY_RANK[self]


_PRIORITY_RANK = {Priority.HIGH: 0, Priority.MEDIUM: 1, Priority.LOW: 2}


class JobType(StrEnum):
    """What kind of work a job does. Fixed once submitted."""

    TRAINING = "Training"
    INFERENCE = "Inference"
    TUNING = "Hyperparameter Tuning"
    EVALUATION = "Evaluation"
    DATA_PROCESSING = "Data Processing"
    OTHER = "Other"


OPTIMIZERS = ("AdamW", "Adam", "SGD", "RMSprop", "Adagrad", "Lion")


class Status(StrEnum):
    """What a person sees. There are no others."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """What the form's Configuration part holds; None where nothing was typed."""

    epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    optimizer: str | None = None


@dataclass(frozen=True, slots=True)
class JobSpec:
    """What a person submits. `command` is the argv with its placeholders still in it; `workdir` None is the home."""

    name: str
    command: tuple[str, ...]
    description: str = ""
    type: JobType = JobType.TRAINING
    priority: Priority = Priority.MEDIUM
    experiment: str = ""
    resources: Resources = field(default_factory=Resources)
    config: Hyperparameters = field(default_factory=Hyperparameters)
    env: tuple[tuple[str, str], ...] = ()
    workdir: str | None = None
    setup: str = ""
    time_limit_s: float | None = None
    retries: int = 0
    node: str | None = None
    labels: tuple[tuple[str, str], ...] = ()
    held: bool = False


@dataclass(frozen=True, slots=True)
class Pending:
    """Waits for resources. `reason` is the last thing that sent it back here, empty for a fresh job."""

    since: float
    reason: str = ""
    not_before: float = 0.0


@dataclass(frozen=True, slots=True)
class Starting:
    """Placed: its attempt is recorded and on its way to the node, but the command is not known to run."""

    attempt: AttemptId
    node: str
    since: float
    stop_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Running:
    """The node has executed the command. `stop_reason` is set once an end was asked for."""

    attempt: AttemptId
    node: str
    since: float
    stop_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Completed:
    """The command ended with 0."""

    ended_at: float


@dataclass(frozen=True, slots=True)
class Failed:
    """It ended otherwise, could not be started, or was stopped; `reason` says which."""

    ended_at: float
    reason: str


JobState = Pending | Starting | Running | Completed | Failed


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended. `code` and `signal` are None where they can't be known; `duration_s` comes from the node's
    monotonic clock; `progress` is the share of the job (0…1) that was last known to be done."""

    code: int | None
    signal: int | None
    reason: str
    duration_s: float | None
    peak_memory_mib: float | None = None
    dropped_bytes: int = 0
    progress: float | None = None

    @property
    def is_success(self) -> bool:
        """Ended by itself with exit code 0."""
        return self.code == 0 and not self.reason


class AttemptPhase(StrEnum):
    """Where an attempt stands, as the console knows it."""

    PLANNED = "planned"
    ACCEPTED = "accepted"
    RUNNING = "running"
    ENDED = "ended"
    NEVER_RAN = "never ran"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One launch of a job on one node; `gpus` are UUIDs. Times in seconds since the epoch."""

    id: AttemptId
    job: JobId
    node: str
    resources: Resources
    gpus: tuple[str, ...]
    phase: AttemptPhase
    planned_at: float
    started_at: float | None = None
    ended_at: float | None = None
    outcome: Outcome | None = None
    mirrored: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """A job with its history. `number` is short and never used again; `queued_at` is what first come first served
    goes by (a restart sets it anew, a change of priority doesn't)."""

    id: JobId
    number: int
    spec: JobSpec
    state: JobState
    submitted_at: float
    queued_at: float
    attempts: tuple[Attempt, ...] = ()
    failures: int = 0
    delete_requested: bool = False

    @property
    def status(self) -> Status:
        """The one of four that is shown."""
        return status_of(self.state)

    @property
    def last_attempt(self) -> Attempt | None:
        """The newest attempt, None before the first."""
        return self.attempts[-1] if self.attempts else None


def status_of(state: JobState) -> Status:
    """What a person sees of a state."""
    match state:
        case Pending() | Starting():
            return Status.PENDING
        case Running():
            return Status.RUNNING
        case Completed():
            return Status.COMPLETED
        case Failed():
            return Status.FAILED
        case _:
            assert_never(state)
