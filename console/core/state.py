"""The state: all jobs and nodes, with the indexes that the flow needs. Only `console.core.reduce` changes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from console.domain.ids import AttemptId, JobId, split_attempt_id
from console.domain.jobs import Attempt, AttemptPhase, Completed, Failed, Job, Pending, Running, Starting
from console.domain.nodes import Node
from console.scheduler import PendingJob

LIVE_PHASES = frozenset({AttemptPhase.PLANNED, AttemptPhase.ACCEPTED, AttemptPhase.RUNNING})
SETTLED_PHASES = frozenset({AttemptPhase.ENDED, AttemptPhase.LOST})
"""Over, with records on the node that are taken over before the node is told so."""


@dataclass(slots=True)
class State:
    """Records are frozen, the dictionaries around them are the engine's own; `live` attempts hold resources, `pending`
    has the jobs that wait as the scheduler sees them."""

    jobs: dict[JobId, Job] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)
    pending: dict[JobId, PendingJob] = field(default_factory=dict)
    live: dict[AttemptId, Attempt] = field(default_factory=dict)

    @classmethod
    def of(cls, jobs: Iterable[Job], nodes: Iterable[Node]) -> State:
        """The state that holds these records."""
        state = cls()
        for job in jobs:
            state.put_job(job)
        for node in nodes:
            state.nodes[node.name] = node
        return state

    def copy(self) -> State:
        """Another state of the same records."""
        return State(dict(self.jobs), dict(self.nodes), dict(self.pending), dict(self.live))

    def take_over(self, other: State, jobs: Iterable[JobId], nodes: Iterable[str]) -> None:
        """Have these jobs and nodes as another state has them."""
        for job in jobs:
            record = other.jobs.get(job)
            if record is None:
                self.drop_job(job)
            else:
                self._forget_attempts(self.jobs.get(job))
                self.put_job(record)
        for name in nodes:
            node = other.nodes.get(name)
            if node is None:
                self.nodes.pop(name, None)
            else:
                self.nodes[name] = node

    def put_job(self, job: Job) -> None:
        """Set a job's record and its place in the indexes."""
        self.jobs[job.id] = job
        if isinstance(job.state, Pending):
            self.pending[job.id] = _queued(job, job.state)
        else:
            self.pending.pop(job.id, None)
        attempt = job.last_attempt
        for earlier in job.attempts[:-1]:
            self.live.pop(earlier.id, None)
        if attempt is not None:
            if attempt.phase in LIVE_PHASES:
                self.live[attempt.id] = attempt
            else:
                self.live.pop(attempt.id, None)

    def drop_job(self, job: JobId) -> None:
        """Take a job out of the books."""
        self._forget_attempts(self.jobs.pop(job, None))
        self.pending.pop(job, None)

    def _forget_attempts(self, job: Job | None) -> None:
        for attempt in job.attempts if job else ():
            self.live.pop(attempt.id, None)

    def attempt(self, attempt: AttemptId) -> Attempt | None:
        """The record of an attempt, None once nothing is kept of it."""
        job = self.jobs.get(split_attempt_id(attempt)[0])
        return next((a for a in job.attempts if a.id == attempt), None) if job is not None else None

    def attempts_on(self, node: str) -> Iterator[tuple[Job, Attempt]]:
        """Every attempt that was planned on a node, of every job."""
        for job in self.jobs.values():
            for attempt in job.attempts:
                if attempt.node == node:
                    yield job, attempt


def _queued(job: Job, state: Pending) -> PendingJob:
    spec = job.spec
    return PendingJob(
        job.id,
        job.number,
        spec.priority,
        job.queued_at,
        spec.resources,
        spec.node,
        spec.held,
        state.not_before,
        state.reason,
    )


def is_over(job: Job) -> bool:
    """Whether nothing of it waits or runs."""
    return isinstance(job.state, Completed | Failed)


def is_leaving(job: Job) -> bool:
    """Whether it is deleted for people, and only nodes still have to forget it."""
    return job.delete_requested and is_over(job)


def current_attempt(job: Job) -> AttemptId | None:
    """The attempt that a Starting or Running job stands on."""
    return job.state.attempt if isinstance(job.state, Starting | Running) else None
