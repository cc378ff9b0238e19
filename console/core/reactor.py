"""What follows from an event: (state after it, event) -> commands.

Commands are safe to give twice: a node knows its attempts by id, so whatever was under way when a link or a process
died is simply ordered again when the node is back (`NodeConnected`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from console.core.commands import (
    AcknowledgeAttempt,
    Command,
    ForgetAttempt,
    LaunchAttempt,
    MirrorAttempt,
    StopAttempt,
)
from console.core.reduce import apply, job_of
from console.core.state import SETTLED_PHASES, State, is_leaving
from console.domain.events import (
    AttemptAccepted,
    AttemptEnded,
    AttemptLost,
    AttemptMirrored,
    AttemptPlanned,
    AttemptRefused,
    AttemptStarted,
    Event,
    JobDeleteRequested,
    JobStopRequested,
    NodeConnected,
)
from console.domain.jobs import Attempt, AttemptPhase, Job, Running, Starting
from console.domain.nodes import NodeState


def step(state: State, event: Event) -> tuple[Command, ...]:
    """Fold an event and say what follows from it."""
    apply(state, event)
    if isinstance(event, NodeConnected):
        return tuple(_outstanding(state, event.node))
    job_id = job_of(event)
    job = state.jobs.get(job_id) if job_id is not None else None
    return tuple(_after(job, event)) if job is not None else ()


def is_wanted(state: State, command: Command) -> bool:
    """Whether an order that failed is worth giving again now: its node is up, and its attempt still is where the order
    found it. What a node that is away has missed is ordered anew when it is back."""
    name, attempt_id = (
        (command.attempt.node, command.attempt.id)
        if isinstance(command, LaunchAttempt)
        else (command.node, command.attempt)
    )
    node, attempt = state.nodes.get(name), state.attempt(attempt_id)
    if node is None or node.state is not NodeState.UP or attempt is None:
        return False
    match command:
        case LaunchAttempt():
            return attempt.phase is AttemptPhase.PLANNED
        case StopAttempt():
            return attempt.id in state.live
        case MirrorAttempt():
            return not attempt.mirrored
        case AcknowledgeAttempt() | ForgetAttempt():
            return True
        case _:
            assert_never(command)


def _after(job: Job, event: Event) -> Iterator[Command]:
    match event:
        case AttemptPlanned():
            attempt = job.last_attempt
            if attempt is not None and attempt.id == event.attempt and attempt.phase is AttemptPhase.PLANNED:
                yield LaunchAttempt(job, attempt)
        case JobStopRequested():
            yield from _stop(job)
        case AttemptAccepted() | AttemptStarted():
            yield from _stop(job)
            yield from _forget_superseded(job)
        case AttemptEnded() | AttemptLost() | AttemptRefused():
            attempt = next((a for a in job.attempts if a.id == event.attempt), None)
            if is_leaving(job):
                yield from _forget(job)
            elif attempt is not None:
                yield from _settle(job, attempt)
                yield from _forget_superseded(job)
        case AttemptMirrored():
            attempt = next((a for a in job.attempts if a.id == event.attempt), None)
            if attempt is not None:
                yield AcknowledgeAttempt(attempt.node, attempt.id)
        case JobDeleteRequested():
            yield from _stop(job)
            if is_leaving(job):
                yield from _forget(job)
        case _:
            return


def _stop(job: Job) -> Iterator[Command]:
    if isinstance(job.state, Starting | Running) and job.state.stop_reason:
        yield StopAttempt(job.state.node, job.state.attempt, job.state.stop_reason)


def _forget(job: Job) -> Iterator[Command]:
    return (ForgetAttempt(a.node, a.id) for a in job.attempts)


def _forget_superseded(job: Job) -> Iterator[Command]:
    return (ForgetAttempt(a.node, a.id) for a in job.attempts if _is_superseded(job, a))


def _is_superseded(job: Job, attempt: Attempt) -> bool:
    """Never ran, and a node has taken in another since: nothing is worth keeping of it.

    The last one is kept, since its ordinal tells the next one's, and no id may be used twice. As long as the next one
    is on its way, a node that has nothing else of the job would remove its checkpoints together with this one.
    """
    last = job.last_attempt
    if last is None or attempt.id == last.id or last.phase is AttemptPhase.PLANNED:
        return False
    return attempt.phase is AttemptPhase.NEVER_RAN


def _settle(job: Job, attempt: Attempt) -> Iterator[Command]:
    if is_leaving(job) or _is_superseded(job, attempt):
        yield ForgetAttempt(attempt.node, attempt.id)
    elif attempt.phase in SETTLED_PHASES and not attempt.mirrored:
        yield MirrorAttempt(attempt.node, attempt.id)


def _outstanding(state: State, node: str) -> Iterator[Command]:
    for job, attempt in list(state.attempts_on(node)):
        if attempt.phase is AttemptPhase.PLANNED:
            yield LaunchAttempt(job, attempt)
        elif attempt.id in state.live:
            yield from _stop(job)
        else:
            yield from _settle(job, attempt)
