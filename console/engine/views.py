"""Records and the newest telemetry as the views that front ends show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import assert_never

from console.core.state import State
from console.domain.ids import JobId
from console.domain.jobs import Completed, Failed, Job, Pending, Running, Starting
from console.domain.nodes import AttemptProgress, Node, NodeState
from console.engine.service import JobView, NodeView
from console.engine.telemetry import Telemetry


def job_view(job: Job, state: State, telemetry: Telemetry, reasons: Mapping[JobId, str], *, in_inbox: str) -> JobView:
    """A job with what is known of it right now. `in_inbox` says why nobody has taken it yet, if it still lies there."""
    attempt = job.last_attempt
    newest = telemetry.progress.get(attempt.id) if attempt else None
    shown = attempt if attempt is not None and not isinstance(job.state, Pending) else None
    return JobView(
        job=job,
        status=job.status,
        reason=_reason(job, state, reasons, in_inbox=in_inbox),
        progress=_progress(job, newest),
        eta_s=newest.eta_s if newest and isinstance(job.state, Running) else None,
        latest=newest.latest if newest and shown else (),
        node=shown.node if shown else None,
        started_at=shown.started_at if shown else None,
        ended_at=job.state.ended_at if isinstance(job.state, Completed | Failed) else None,
        exit_code=shown.outcome.code if shown and shown.outcome else None,
    )


def _progress(job: Job, newest: AttemptProgress | None) -> float | None:
    match job.state:
        case Pending() | Starting():
            return None
        case Completed():
            return 1.0
        case Running():
            return newest.fraction if newest else None
        case Failed():
            attempt = job.last_attempt
            return attempt.outcome.progress if attempt and attempt.outcome else None
        case _:
            assert_never(job.state)


def _reason(job: Job, state: State, reasons: Mapping[JobId, str], *, in_inbox: str) -> str:
    match job.state:
        case Pending():
            return in_inbox or reasons.get(job.id, "") or job.state.reason
        case Starting():
            doubt = _doubt(state.nodes.get(job.state.node), job.state.node)
            return job.state.stop_reason or f"starting on {job.state.node}{doubt and f', {doubt}'}"
        case Running():
            if job.state.stop_reason:
                return f"stopping: {job.state.stop_reason}"
            return _doubt(state.nodes.get(job.state.node), job.state.node)
        case Completed():
            return ""
        case Failed():
            return job.state.reason
        case _:
            assert_never(job.state)


def _doubt(node: Node | None, name: str) -> str:
    """Why what is known of a node's attempts may not be so any more, empty if it is fresh."""
    if node is None:
        return f"as last known: {name} is not among the nodes any more"
    if node.state is NodeState.UP:
        return ""
    return f"as last known: {node.name} is {node.state.value} ({node.reason})"


def node_view(node: Node, state: State, telemetry: Telemetry) -> NodeView:
    """A node with what live attempts hold on it. It was heard when it was last sampled, if not later."""
    cpus = memory = running = 0
    gpu_jobs: list[tuple[str, int]] = []
    for attempt in state.live.values():
        if attempt.node == node.name:
            cpus += attempt.resources.cpus
            memory += attempt.resources.memory_mib
            running += 1
            gpu_jobs.extend((uuid, state.jobs[attempt.job].number) for uuid in attempt.gpus)
    sample = telemetry.sample_of(node.name)
    if sample is not None and node.state is NodeState.UP:
        node = replace(node, seen_at=max(node.seen_at or 0.0, sample.time))
    return NodeView(node, cpus, memory, sample, tuple(gpu_jobs), running)
