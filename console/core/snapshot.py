"""The scheduler's view of the state."""

from __future__ import annotations

from collections import defaultdict

from console.core.state import State
from console.domain.jobs import Job, Pending
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
    pending = tuple(_pending(state.jobs[job], now) for job in state.pending)
    return Snapshot(now, pending, offers)


def _pending(job: Job, now: float) -> PendingJob:
    assert isinstance(job.state, Pending)
    spec = job.spec
    return PendingJob(
        job.id,
        job.number,
        spec.priority,
        job.queued_at,
        spec.resources,
        spec.node,
        spec.held,
        retry_at(job.state, now),
        job.state.reason,
    )


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
