"""What the leader does with a request: events, or a refusal that says why and what to do."""

from __future__ import annotations

from typing import assert_never

from console.core.state import State, is_leaving, is_over
from console.domain.errors import NotFound, Refused
from console.domain.events import (
    Event,
    JobDeleteRequested,
    JobEdited,
    JobRestarted,
    JobStopRequested,
    JobSubmitted,
)
from console.domain.ids import JobId
from console.domain.jobs import Completed, Failed, Job, Pending, Running
from console.domain.requests import DeleteJob, EditJob, Request, RestartJob, StopJob, SubmitJob


def decide(state: State, request: Request, now: float) -> tuple[Event, ...]:
    """The events that carry a request out; none if that is already so. Refused or NotFound otherwise."""
    match request:
        case SubmitJob():
            known = request.job in state.jobs
            return () if known else (JobSubmitted(request.at, request.job, request.number, request.spec),)
        case EditJob():
            return _edit(_known(state, request.job), request, now)
        case StopJob():
            job = _known(state, request.job)
            if is_over(job):
                raise Refused(f"Job {job.number} is {job.status} already; there is nothing to stop.")
            return (JobStopRequested(now, job.id),)
        case RestartJob():
            job = _known(state, request.job)
            if not isinstance(job.state, Completed | Failed):
                raise Refused(f"Job {job.number} is {job.status}; stop it before you restart it.")
            return (JobRestarted(now, job.id),)
        case DeleteJob():
            return (JobDeleteRequested(now, _known(state, request.job).id),)
        case _:
            assert_never(request)


def _known(state: State, job_id: JobId) -> Job:
    job = state.jobs.get(job_id)
    if job is None or is_leaving(job):
        raise NotFound("That job is not there any more; it was deleted.")
    return job


def _edit(job: Job, request: EditJob, now: float) -> tuple[Event, ...]:
    if request.spec.type != job.spec.type:
        raise Refused(f"The type of job {job.number} can't be changed; clone it and choose another type there.")
    match job.state:
        case Pending() | Failed():
            return (JobEdited(now, job.id, request.spec),) if request.spec != job.spec else ()
        case Running() | Completed():
            raise Refused(f"Job {job.number} is {job.status}; only Pending and Failed jobs can be edited. Clone it.")
        case _:
            raise Refused(f"Job {job.number} is starting just now; stop it first, then edit it.")
