"""Events: facts of the past, in the order in which they became true. The journal keeps them; the state is their fold.

Times are the console's clock, in seconds since the epoch, unless a field says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

from console.domain.ids import AttemptId, JobId
from console.domain.jobs import JobSpec, Outcome
from console.domain.nodes import NodeFacts
from console.domain.resources import Resources


@dataclass(frozen=True, slots=True)
class JobSubmitted:
    """A job was accepted from the inbox."""

    at: float
    job: JobId
    number: int
    spec: JobSpec


@dataclass(frozen=True, slots=True)
class JobEdited:
    """A Pending or Failed job was given another spec (priority included); its place in the queue stays."""

    at: float
    job: JobId
    spec: JobSpec


@dataclass(frozen=True, slots=True)
class JobStopRequested:
    """A person asked for the end of a job."""

    at: float
    job: JobId


@dataclass(frozen=True, slots=True)
class JobRestarted:
    """A Failed or Completed job was put back into the queue; its age starts anew."""

    at: float
    job: JobId


@dataclass(frozen=True, slots=True)
class JobDeleteRequested:
    """A person asked for the removal of a job. One that is not over is stopped first; it leaves the books once every
    node has forgotten its attempts."""

    at: float
    job: JobId


@dataclass(frozen=True, slots=True)
class AttemptPlanned:
    """The intent: this attempt, on this node, with these GPUs (UUIDs). Committed before anything is sent."""

    at: float
    job: JobId
    attempt: AttemptId
    node: str
    resources: Resources
    gpus: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AttemptRefused:
    """The node would not take the attempt, and it never ran: the job waits again, with that reason."""

    at: float
    attempt: AttemptId
    reason: str


@dataclass(frozen=True, slots=True)
class AttemptAccepted:
    """The node has the attempt on its disk."""

    at: float
    attempt: AttemptId


@dataclass(frozen=True, slots=True)
class AttemptStarted:
    """The command was executed. `started_at` is the node's clock."""

    at: float
    attempt: AttemptId
    started_at: float


@dataclass(frozen=True, slots=True)
class AttemptEnded:
    """The attempt is over. `started_at` and `ended_at` are the node's clock; no start where it wasn't executed."""

    at: float
    attempt: AttemptId
    outcome: Outcome
    started_at: float | None
    ended_at: float


@dataclass(frozen=True, slots=True)
class AttemptLost:
    """It may have run, its end is unknown (node rebooted, directory gone): never an exit code."""

    at: float
    attempt: AttemptId
    reason: str


@dataclass(frozen=True, slots=True)
class AttemptMirrored:
    """The console has the tail of the logs, the metrics and the samples of an ended attempt in its own storage."""

    at: float
    attempt: AttemptId


@dataclass(frozen=True, slots=True)
class AttemptForgotten:
    """Nothing is left of an attempt on its node."""

    at: float
    attempt: AttemptId


@dataclass(frozen=True, slots=True)
class NodeAdded:
    """A node is part of the cluster."""

    at: float
    node: str
    host: str


@dataclass(frozen=True, slots=True)
class NodeRemoved:
    """A node left the cluster."""

    at: float
    node: str


@dataclass(frozen=True, slots=True)
class NodeConnected:
    """A link came up and every attempt that the agent knows has been joined with the console's."""

    at: float
    node: str
    facts: NodeFacts


@dataclass(frozen=True, slots=True)
class NodeStale:
    """A link is gone. Its jobs stay Running as last known."""

    at: float
    node: str
    reason: str


JobEvent = JobSubmitted | JobEdited | JobStopRequested | JobRestarted | JobDeleteRequested
AttemptEvent = (
    AttemptPlanned
    | AttemptRefused
    | AttemptAccepted
    | AttemptStarted
    | AttemptEnded
    | AttemptLost
    | AttemptMirrored
    | AttemptForgotten
)
NodeEvent = NodeAdded | NodeRemoved | NodeConnected | NodeStale
Event = JobEvent | AttemptEvent | NodeEvent
