from __future__ import annotations

import pytest

from console.core.requests import decide
from console.domain.errors import NotFound, Refused
from console.domain.events import (
    AttemptEnded,
    AttemptStarted,
    Event,
    JobDeleteRequested,
    JobEdited,
    JobRestarted,
    JobStopRequested,
)
from console.domain.jobs import JobType
from console.domain.requests import DeleteJob, EditJob, Request, RestartJob, StopJob, SubmitJob
from tests.harness.builders import ended, first, folded, job_id, planned, spec, submitted
from tests.harness.clock import NOW

JOB = job_id(1)
LATER = NOW + 60
STARTED = AttemptStarted(NOW, first(1), NOW)
STATES: dict[str, list[Event]] = {
    "pending": [submitted(1)],
    "starting": [submitted(1), planned(1)],
    "running": [submitted(1), planned(1), STARTED],
    "completed": [submitted(1), planned(1), STARTED, AttemptEnded(NOW, first(1), ended(), NOW, NOW)],
    "failed": [submitted(1), planned(1), STARTED, AttemptEnded(NOW, first(1), ended(1), NOW, NOW)],
}
EDIT = EditJob(JOB, spec("new"))


@pytest.mark.parametrize(
    ("states", "request_", "event"),
    [
        ("pending failed", EDIT, JobEdited(LATER, JOB, spec("new"))),
        ("pending starting running", StopJob(JOB), JobStopRequested(LATER, JOB)),
        ("completed failed", RestartJob(JOB), JobRestarted(LATER, JOB)),
        ("pending starting running completed failed", DeleteJob(JOB), JobDeleteRequested(LATER, JOB)),
    ],
)
def test_what_is_done(states: str, request_: Request, event: Event) -> None:
    for state in states.split():
        assert decide(folded(*STATES[state]), request_, LATER) == (event,)


@pytest.mark.parametrize(
    ("states", "request_", "words"),
    [
        ("starting", EDIT, "starting just now; stop it first"),
        ("running", EDIT, "Job 1 is running; only Pending and Failed jobs can be edited"),
        ("completed", EDIT, "Job 1 is completed; only Pending and Failed jobs can be edited"),
        ("pending failed", EditJob(JOB, spec(type=JobType.EVALUATION)), "type of job 1 can't be changed"),
        ("completed failed", StopJob(JOB), "already; there is nothing to stop"),
        ("pending starting running", RestartJob(JOB), "stop it before you restart it"),
    ],
)
def test_what_is_refused(states: str, request_: Request, words: str) -> None:
    for state in states.split():
        with pytest.raises(Refused, match=words):
            decide(folded(*STATES[state]), request_, LATER)


def test_an_edit_that_changes_nothing_is_done() -> None:
    assert decide(folded(submitted(1)), EditJob(JOB, spec()), LATER) == ()


def test_a_submission_keeps_its_moment_and_is_taken_once() -> None:
    request = SubmitJob(JOB, 1, spec(), NOW)
    assert decide(folded(), request, LATER) == (submitted(1),)
    assert decide(folded(submitted(1)), request, LATER) == ()


@pytest.mark.parametrize("request_", [EDIT, StopJob(JOB), RestartJob(JOB), DeleteJob(JOB)])
def test_a_deleted_job_is_not_there(request_: Request) -> None:
    for state in (folded(), folded(*STATES["failed"], JobDeleteRequested(NOW, JOB))):
        with pytest.raises(NotFound, match="it was deleted"):
            decide(state, request_, LATER)


def test_a_job_on_its_way_out_can_be_deleted_again() -> None:
    state = folded(*STATES["running"], JobDeleteRequested(NOW, JOB))
    assert decide(state, DeleteJob(JOB), LATER) == (JobDeleteRequested(LATER, JOB),)
