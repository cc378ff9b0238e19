"""Events of a job in words."""

from __future__ import annotations

from typing import assert_never

from console.core.reasons import failure
from console.domain.events import (
    AttemptAccepted,
    AttemptEnded,
    AttemptForgotten,
    AttemptLost,
    AttemptMirrored,
    AttemptPlanned,
    AttemptRefused,
    AttemptStarted,
    Event,
    JobDeleteRequested,
    JobEdited,
    JobRestarted,
    JobStopRequested,
    JobSubmitted,
    NodeAdded,
    NodeConnected,
    NodeRemoved,
    NodeStale,
)
from console.engine.service import HistoryLine


def history_line(event: Event) -> HistoryLine:
    """One event as a line of a job's history."""
    return HistoryLine(event.at, type(event).__name__, _words(event))


def _words(event: Event) -> str:
    match event:
        case JobSubmitted():
            return f"submitted with {event.spec.priority} priority"
        case JobEdited():
            return f"edited; priority {event.spec.priority}"
        case JobStopRequested():
            return "stop requested"
        case JobRestarted():
            return "put back into the queue"
        case JobDeleteRequested():
            return "deletion requested"
        case AttemptPlanned():
            gpus = f" with {len(event.gpus)} GPU{'s' * (len(event.gpus) != 1)}" if event.gpus else ""
            return f"attempt {_ordinal(event.attempt)} placed on {event.node}{gpus}"
        case AttemptRefused():
            return f"attempt {_ordinal(event.attempt)} did not run: {event.reason}"
        case AttemptAccepted():
            return f"attempt {_ordinal(event.attempt)} accepted by the node"
        case AttemptStarted():
            return f"attempt {_ordinal(event.attempt)} runs"
        case AttemptEnded():
            end = "completed" if event.outcome.is_success else failure(event.outcome)
            return f"attempt {_ordinal(event.attempt)} ended: {end}"
        case AttemptLost():
            return f"attempt {_ordinal(event.attempt)} lost: {event.reason}"
        case AttemptMirrored():
            return f"logs, metrics and samples of attempt {_ordinal(event.attempt)} are kept here"
        case AttemptForgotten():
            return f"attempt {_ordinal(event.attempt)} removed from its node"
        case NodeAdded() | NodeRemoved() | NodeConnected() | NodeStale():
            return f"{event.node}"
        case _:
            assert_never(event)


def _ordinal(attempt: str) -> str:
    return attempt.rpartition("-")[2]
