"""What a backend reports, as events. A report that says nothing new gives none."""

from __future__ import annotations

from collections.abc import Iterator

from console.core.commands import AcknowledgeAttempt
from console.core.state import SETTLED_PHASES, State
from console.domain.events import (
    AttemptAccepted,
    AttemptEnded,
    AttemptLost,
    AttemptRefused,
    AttemptStarted,
    Event,
    NodeConnected,
    NodeStale,
)
from console.domain.ids import AttemptId
from console.domain.jobs import AttemptPhase
from console.domain.nodes import NodeState
from console.domain.reports import AttemptReport, NodeGone, NodeUp

NO_RECORD = "the node has no record of it any more"


def attempt_events(state: State, node: str, report: AttemptReport, now: float) -> Iterator[Event]:
    """The events that bring the known attempt to where its node says it is; other nodes have no say in it."""
    known = state.live.get(report.attempt)
    if known is None or known.node != node:
        return
    match report.phase:
        case AttemptPhase.ACCEPTED if known.phase is AttemptPhase.PLANNED:
            yield AttemptAccepted(now, known.id)
        case AttemptPhase.RUNNING if known.phase is not AttemptPhase.RUNNING:
            yield AttemptStarted(now, known.id, now if report.started_at is None else report.started_at)
        case AttemptPhase.ENDED if report.outcome is not None:
            ended = now if report.ended_at is None else report.ended_at
            yield AttemptEnded(now, known.id, report.outcome, report.started_at, ended)
        case AttemptPhase.NEVER_RAN:
            yield AttemptRefused(now, known.id, report.reason)
        case AttemptPhase.LOST:
            yield AttemptLost(now, known.id, report.reason or "node lost")
        case _:
            return


def connection_events(state: State, up: NodeUp, now: float) -> Iterator[Event]:
    """Joins all that a node knows with what is known here; the connect itself comes last, so that whatever has to be
    ordered again is ordered on what is true now."""
    reported: set[AttemptId] = set()
    for report in up.attempts:
        reported.add(report.attempt)
        yield from attempt_events(state, up.node, report, now)
    for attempt in state.live.values():
        if attempt.node == up.node and attempt.id not in reported and attempt.phase is not AttemptPhase.PLANNED:
            yield AttemptLost(now, attempt.id, NO_RECORD)
    yield NodeConnected(now, up.node, up.facts)


def forgotten_acknowledgements(state: State, up: NodeUp) -> Iterator[AcknowledgeAttempt]:
    """Ends that are committed here, but of which the node doesn't know that."""
    for report in up.attempts:
        if report.phase in SETTLED_PHASES and not report.is_acknowledged:
            attempt = state.attempt(report.attempt)
            if attempt is not None and attempt.node == up.node and attempt.mirrored:
                yield AcknowledgeAttempt(up.node, attempt.id)


def gone_events(state: State, gone: NodeGone, now: float) -> Iterator[Event]:
    """A lost link is news once, and again when its reason changes."""
    node = state.nodes.get(gone.node)
    if node is not None and (node.state is NodeState.UP or node.reason != gone.reason):
        yield NodeStale(now, gone.node, gone.reason)
