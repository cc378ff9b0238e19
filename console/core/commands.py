"""Commands: orders that the executor carries out. Each outcome comes back as an event or a report."""

from __future__ import annotations

from dataclasses import dataclass

from console.domain.ids import AttemptId
from console.domain.jobs import Attempt, Job


@dataclass(frozen=True, slots=True)
class LaunchAttempt:
    """Have the node run an attempt whose intent is committed."""

    job: Job
    attempt: Attempt


@dataclass(frozen=True, slots=True)
class StopAttempt:
    """End an attempt on its node."""

    node: str
    attempt: AttemptId
    reason: str


@dataclass(frozen=True, slots=True)
class MirrorAttempt:
    """Bring the tail of the logs, the metrics and the samples of an ended attempt into the console's storage."""

    node: str
    attempt: AttemptId


@dataclass(frozen=True, slots=True)
class AcknowledgeAttempt:
    """Tell the node that the end of an attempt is committed here."""

    node: str
    attempt: AttemptId


@dataclass(frozen=True, slots=True)
class ForgetAttempt:
    """Remove what the node keeps of an attempt."""

    node: str
    attempt: AttemptId


Command = LaunchAttempt | StopAttempt | MirrorAttempt | AcknowledgeAttempt | ForgetAttempt
