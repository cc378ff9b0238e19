"""Folds events into the state. Replaying the journal gives the same state; an event that no longer applies (its job
left, its attempt is over) changes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from console.core.reasons import STOPPED_BY_USER, failure
from console.core.state import LIVE_PHASES, State, current_attempt, is_over
from console.domain.events import (
    AttemptAccepted,
    AttemptEnded,
    AttemptEvent,
    AttemptForgotten,
    AttemptLost,
    AttemptMirrored,
    AttemptPlanned,
    AttemptRefused,
    AttemptStarted,
    Event,
    JobDeleteRequested,
    JobEdited,
    JobEvent,
    JobRestarted,
    JobStopRequested,
    JobSubmitted,
    NodeAdded,
    NodeConnected,
    NodeEvent,
    NodeRemoved,
    NodeStale,
)
from console.domain.ids import JobId, split_attempt_id
from console.domain.jobs import (
    Attempt,
    AttemptPhase,
    Completed,
    Failed,
    Job,
    JobState,
    Pending,
    Running,
    Starting,
)
from console.domain.nodes import Node, NodeState

_REFUSAL_BACKOFF_S = 5.0
_REFUSAL_BACKOFF_LIMIT_S = 300.0


def apply(state: State, event: Event) -> None:
    """Change the state by one event."""
    match event:
        case JobSubmitted() | JobEdited() | JobStopRequested() | JobRestarted() | JobDeleteRequested():
            _apply_to_job(state, event)
        case NodeAdded() | NodeRemoved() | NodeConnected() | NodeStale():
            _apply_to_node(state, event)
        case _:
            _apply_to_attempt(state, event)


def job_of(event: Event) -> JobId | None:
    """The job that an event is about, None for events of nodes."""
    match event:
        case JobSubmitted() | JobEdited() | JobStopRequested() | JobRestarted() | JobDeleteRequested():
            return event.job
        case NodeAdded() | NodeRemoved() | NodeConnected() | NodeStale():
            return None
        case _:
            return split_attempt_id(event.attempt)[0]


def node_of(event: Event) -> str | None:
    """The node whose own record an event changes, None for events of jobs and attempts."""
    return event.node if isinstance(event, NodeAdded | NodeRemoved | NodeConnected | NodeStale) else None


def _apply_to_job(state: State, event: JobEvent) -> None:
    if isinstance(event, JobSubmitted):
        if event.job not in state.jobs:
            state.put_job(Job(event.job, event.number, event.spec, Pending(event.at), event.at, event.at))
        return
    job = state.jobs.get(event.job)
    if job is None:
        return
    match event:
        case JobEdited():
            if isinstance(job.state, Pending | Failed):
                state.put_job(replace(job, spec=event.spec))
        case JobStopRequested():
            state.put_job(replace(job, state=_stopped(job.state, event.at)))
        case JobRestarted():
            if is_over(job) and not job.delete_requested:
                state.put_job(replace(job, state=Pending(event.at), queued_at=event.at, failures=0))
        case JobDeleteRequested():
            _put_or_drop(state, replace(job, state=_stopped(job.state, event.at), delete_requested=True))
        case _:
            assert_never(event)


def _stopped(state: JobState, at: float) -> JobState:
    match state:
        case Pending():
            return Failed(at, STOPPED_BY_USER)
        case Starting() | Running():
            return replace(state, stop_reason=state.stop_reason or STOPPED_BY_USER)
        case Completed() | Failed():
            return state
        case _:
            assert_never(state)


def _put_or_drop(state: State, job: Job) -> None:
    if job.delete_requested and is_over(job) and not job.attempts:
        state.drop_job(job.id)
    else:
        state.put_job(job)


def _apply_to_attempt(state: State, event: AttemptEvent) -> None:
    job = state.jobs.get(split_attempt_id(event.attempt)[0])
    if job is None:
        return
    known = next((a for a in job.attempts if a.id == event.attempt), None)
    if isinstance(event, AttemptPlanned):
        if known is not None or not isinstance(job.state, Pending):
            return
        attempt = Attempt(
            event.attempt, event.job, event.node, event.resources, event.gpus, AttemptPhase.PLANNED, event.at
        )
        starting = Starting(event.attempt, event.node, event.at)
        state.put_job(replace(job, state=starting, attempts=(*job.attempts, attempt)))
        return
    if known is None:
        return
    if isinstance(event, AttemptForgotten):
        if known.phase in LIVE_PHASES:
            return
        _put_or_drop(state, replace(job, attempts=tuple(a for a in job.attempts if a.id != event.attempt)))
        return
    if isinstance(event, AttemptMirrored):
        state.put_job(_with_attempt(job, replace(known, mirrored=True)))
        return
    if known.phase not in LIVE_PHASES:
        return
    changed = _with_attempt(job, _moved(known, event))
    if current_attempt(job) == event.attempt:
        changed = replace(changed, state=_job_state_after(changed, event))
        changed = replace(changed, failures=job.failures + isinstance(changed.state, Failed))
    _put_or_drop(state, changed)


_Progressing = AttemptRefused | AttemptAccepted | AttemptStarted | AttemptEnded | AttemptLost


def _with_attempt(job: Job, attempt: Attempt) -> Job:
    return replace(job, attempts=tuple(attempt if a.id == attempt.id else a for a in job.attempts))


def _moved(attempt: Attempt, event: _Progressing) -> Attempt:
    match event:
        case AttemptRefused():
            return replace(attempt, phase=AttemptPhase.NEVER_RAN, ended_at=event.at)
        case AttemptAccepted():
            phase = AttemptPhase.ACCEPTED if attempt.phase is AttemptPhase.PLANNED else attempt.phase
            return replace(attempt, phase=phase)
        case AttemptStarted():
            return replace(attempt, phase=AttemptPhase.RUNNING, started_at=event.started_at)
        case AttemptEnded():
            return replace(
                attempt,
                phase=AttemptPhase.ENDED,
                started_at=event.started_at,
                ended_at=event.ended_at,
                outcome=event.outcome,
            )
        case AttemptLost():
            return replace(attempt, phase=AttemptPhase.LOST, ended_at=event.at)
        case _:
            assert_never(event)


def _job_state_after(job: Job, event: _Progressing) -> JobState:
    present = job.state
    assert isinstance(present, Starting | Running)
    match event:
        case AttemptRefused():
            if present.stop_reason:
                return Failed(event.at, present.stop_reason)
            return Pending(event.at, event.reason, event.at + _refusal_backoff(job))
        case AttemptAccepted():
            return present
        case AttemptStarted():
            return Running(present.attempt, present.node, event.started_at, present.stop_reason)
        case AttemptEnded():
            if event.outcome.is_success:
                return Completed(event.ended_at)
            return Failed(event.ended_at, failure(event.outcome))
        case AttemptLost():
            return Failed(event.at, event.reason)
        case _:
            assert_never(event)


def _refusal_backoff(job: Job) -> float:
    """Grows with the refusals in a row: those after the last attempt that was none, told by their ordinals, since all
    but the last are forgotten."""
    ran = (split_attempt_id(a.id)[1] for a in job.attempts if a.phase is not AttemptPhase.NEVER_RAN)
    refused = split_attempt_id(job.attempts[-1].id)[1] - max(ran, default=0)
    return float(min(_REFUSAL_BACKOFF_S * 2 ** min(max(refused - 1, 0), 10), _REFUSAL_BACKOFF_LIMIT_S))


def _apply_to_node(state: State, event: NodeEvent) -> None:
    node = state.nodes.get(event.node)
    match event:
        case NodeAdded():
            if node is None:
                state.nodes[event.node] = Node(event.node, event.host, NodeState.DOWN, "not connected yet")
            elif node.host != event.host:
                state.nodes[event.node] = replace(node, host=event.host)
        case NodeRemoved():
            state.nodes.pop(event.node, None)
        case NodeConnected():
            if node is not None:
                state.nodes[event.node] = replace(
                    node, state=NodeState.UP, reason="", facts=event.facts, seen_at=event.at
                )
        case NodeStale():
            if node is not None:
                now = NodeState.STALE if node.facts else NodeState.DOWN
                state.nodes[event.node] = replace(node, state=now, reason=event.reason)
        case _:
            assert_never(event)
