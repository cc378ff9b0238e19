"""The scheduler's view of the state."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from console.core.state import State
from console.domain.events import AttemptAccepted, AttemptForgotten, AttemptMirrored, AttemptStarted, Event
from console.domain.jobs import Pending
from console.domain.nodes import Node, NodeState
from console.domain.resources import NOTHING, Resources
from console.scheduler import NodeOffer, PendingJob, Snapshot


def snapshot_of(state: State, now: float) -> Snapshot:
    """What waits and what is free. Live attempts hold what they asked for from the moment of their intent."""
    used: dict[str, Resources] = defaultdict(lambda: NOTHING)
    taken: dict[str, set[str]] = defaultdict(set)
    for attempt in state.live.values():
        used[attempt.node] += attempt.resources
        taken[attempt.node].update(attempt.gpus)
    offers = tuple(_offer(node, used[node.name], taken[node.name]) for node in state.nodes.values())
    pending = tuple(_as_of(state, row, now) if row.not_before else row for row in state.pending.values())
    return Snapshot(now, pending, offers)


def changes_plan(event: Event) -> bool:
    """Whether a pass after this event could say something else than the one before: what waits, what is free or what
    nodes offer is not the same any more."""
    return not isinstance(event, AttemptAccepted | AttemptStarted | AttemptMirrored | AttemptForgotten)


def next_retry(state: State, now: float) -> float | None:
    """The first moment at which a job that is delayed now may be tried again; None if none is."""
    moments = (_delay(state, row, now) for row in state.pending.values() if row.not_before)
    return min((moment for moment in moments if moment > now), default=None)


def _as_of(state: State, row: PendingJob, now: float) -> PendingJob:
    moment = _delay(state, row, now)
    return row if moment == row.not_before else replace(row, not_before=moment)


def _delay(state: State, row: PendingJob, now: float) -> float:
    waits = state.jobs[row.id].state
    assert isinstance(waits, Pending)
    return retry_at(waits, now)


def retry_at(state: Pending, now: float) -> float:
    """Before when a job is not tried again, in seconds since the epoch. A clock that stepped back to before the delay
    began says nothing about how long it has lasted: the delay is over then."""
    return state.not_before if now >= state.since else 0.0


def _offer(node: Node, used: Resources, taken: set[str]) -> NodeOffer:
    if node.facts is None:
        return NodeOffer(node.name, None, NOTHING, (), False, node.reason or node.state.value)
    capacity = node.facts.capacity
    free_gpus = tuple(gpu.uuid for gpu in node.facts.gpus if gpu.uuid not in taken)
    usable = node.state is NodeState.UP
    problem = "" if usable else node.state.value
    return NodeOffer(node.name, capacity, capacity - used, free_gpus, usable, problem)
