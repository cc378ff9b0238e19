"""Things of the domain with what a test doesn't care about filled in."""

from __future__ import annotations

from typing import Any

from console.core.reduce import apply
from console.core.state import State
from console.domain.events import AttemptPlanned, Event, JobSubmitted, NodeAdded, NodeConnected
from console.domain.ids import AttemptId, JobId, attempt_id, ulid
from console.domain.jobs import AttemptPhase, JobSpec, Outcome, Priority
from console.domain.nodes import Gpu, NodeFacts
from console.domain.reports import AttemptReport, NodeUp
from console.domain.resources import Resources
from console.scheduler import NodeOffer, PendingJob
from tests.harness.clock import NOW

NODE = "n1"


def job_id(number: int) -> JobId:
    """The id of a test's n-th job."""
    return ulid(int(NOW * 1000) + number, number.to_bytes(10, "big"))


def first(number: int) -> AttemptId:
    """The first attempt of a test's n-th job."""
    return attempt_id(job_id(number), 1)


def spec(name: str = "train", **given: Any) -> JobSpec:
    """A job that anybody can run."""
    return JobSpec(name, **{"command": ("true",), **given})


def facts(cpus: int = 4, memory_mib: int = 8192, gpus: int = 0, name: str = NODE) -> NodeFacts:
    """What a node offers; its GPUs are named after it."""
    cards = tuple(Gpu(f"GPU-{name}-{index}", index, "H200", 141_000) for index in range(gpus))
    return NodeFacts(f"key-{name}", "boot-1", name, "1", Resources(cpus, memory_mib, gpus), cards)


def node_up(*attempts: AttemptReport, node: str = NODE, **amounts: int) -> NodeUp:
    """A link that came up."""
    return NodeUp(node, facts(name=node, **amounts), attempts)


def report(attempt: AttemptId, phase: AttemptPhase, **given: Any) -> AttemptReport:
    """What a node says of an attempt."""
    return AttemptReport(attempt, phase, **given)


def ended(code: int | None = 0, reason: str = "", signal: int | None = None) -> Outcome:
    """How an attempt ended."""
    return Outcome(code, signal, reason, 1.0)


def connected(number_of_nodes: int = 1, **amounts: int) -> list[Event]:
    """The events after which the nodes n1, n2, … are up."""
    names = [f"n{index + 1}" for index in range(number_of_nodes)]
    return [
        event
        for name in names
        for event in (NodeAdded(NOW, name, name), NodeConnected(NOW, name, facts(name=name, **amounts)))
    ]


def submitted(number: int, at: float = NOW, **given: Any) -> JobSubmitted:
    """The n-th job was accepted."""
    return JobSubmitted(at, job_id(number), number, spec(**given))


def planned(
    number: int, ordinal: int = 1, at: float = NOW, node: str = NODE, gpus: tuple[str, ...] = ()
) -> AttemptPlanned:
    """An attempt of the n-th job was placed."""
    job = job_id(number)
    return AttemptPlanned(at, job, attempt_id(job, ordinal), node, Resources(), gpus)


def folded(*events: Event) -> State:
    """The state after these events."""
    state = State()
    for event in events:
        apply(state, event)
    return state


def waits(
    number: int,
    priority: Priority = Priority.MEDIUM,
    *,
    at: float = NOW,
    cpus: int = 1,
    memory_mib: int = 1024,
    gpus: int = 0,
    **given: Any,
) -> PendingJob:
    """A job in the queue."""
    return PendingJob(job_id(number), number, priority, at, Resources(cpus, memory_mib, gpus), **given)


def offer(name: str = NODE, cpus: int = 4, memory_mib: int = 8192, gpus: int = 0, **given: Any) -> NodeOffer:
    """A node on which nothing runs, unless `free` says so."""
    amounts = Resources(cpus, memory_mib, gpus)
    cards = tuple(f"GPU-{name}-{index}" for index in range(gpus))
    return NodeOffer(name, **{"capacity": amounts, "free": amounts, "free_gpus": cards, "is_usable": True, **given})
