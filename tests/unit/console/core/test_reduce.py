from __future__ import annotations

from dataclasses import replace

import pytest

from console.core.reduce import apply, job_of, node_of
from console.core.state import State, current_attempt
from console.domain.events import (
    AttemptAccepted,
    AttemptEnded,
    AttemptForgotten,
    AttemptLost,
    AttemptMirrored,
    AttemptRefused,
    AttemptStarted,
    Event,
    JobDeleteRequested,
    JobEdited,
    JobRestarted,
    JobStopRequested,
    NodeAdded,
    NodeConnected,
    NodeRemoved,
    NodeStale,
)
from console.domain.ids import attempt_id
from console.domain.jobs import AttemptPhase, Completed, Failed, Job, JobState, Pending, Running, Starting
from console.domain.nodes import NodeState
from tests.harness.builders import connected, ended, facts, first, folded, job_id, planned, spec, submitted
from tests.harness.clock import NOW

JOB, ATTEMPT = job_id(1), first(1)
LATER = NOW + 60

ACCEPTED = AttemptAccepted(NOW, ATTEMPT)
STARTED = AttemptStarted(NOW, ATTEMPT, NOW + 2)
WELL = AttemptEnded(NOW, ATTEMPT, ended(), NOW + 2, NOW + 9)
BADLY = AttemptEnded(NOW, ATTEMPT, ended(1), NOW + 2, NOW + 9)
LOST = AttemptLost(LATER, ATTEMPT, "node lost")
REFUSED = AttemptRefused(LATER, ATTEMPT, "no room")
STOP = JobStopRequested(LATER, JOB)
STOPPED = "stopped by user"

# How each state is come by. Of the job's own events, and of those of its newest attempt.
WAYS: dict[str, list[Event]] = {
    "pending": [submitted(1)],
    "refused": [submitted(1), planned(1), AttemptRefused(NOW, ATTEMPT, "no room")],
    "starting": [submitted(1), planned(1)],
    "accepted": [submitted(1), planned(1), ACCEPTED],
    "running": [submitted(1), planned(1), STARTED],
    "stopping": [submitted(1), planned(1), STARTED, JobStopRequested(NOW, JOB)],
    "cancelled": [submitted(1), planned(1), JobStopRequested(NOW, JOB)],
    "completed": [submitted(1), planned(1), STARTED, WELL],
    "failed": [submitted(1), planned(1), STARTED, BADLY],
    "lost": [submitted(1), planned(1), STARTED, AttemptLost(NOW, ATTEMPT, "node lost")],
}
STARTING = Starting(ATTEMPT, "n1", NOW)
RUNNING = Running(ATTEMPT, "n1", NOW + 2)
SAME = None

# state, event, the job's state after it
TABLE: list[tuple[str, Event, JobState | None]] = [
    ("pending", STOP, Failed(LATER, STOPPED)),
    ("refused", STOP, Failed(LATER, STOPPED)),
    ("starting", STOP, replace(STARTING, stop_reason=STOPPED)),
    ("accepted", STOP, replace(STARTING, stop_reason=STOPPED)),
    ("running", STOP, replace(RUNNING, stop_reason=STOPPED)),
    ("stopping", STOP, SAME),
    ("cancelled", STOP, SAME),
    ("completed", STOP, SAME),
    ("failed", STOP, SAME),
    ("lost", STOP, SAME),
    *((state, JobRestarted(LATER, JOB), Pending(LATER)) for state in ("completed", "failed", "lost")),
    *((state, JobRestarted(LATER, JOB), SAME) for state in ("pending", "starting", "running", "stopping")),
    ("pending", planned(1), STARTING),
    ("refused", planned(1, 2, LATER), Starting(attempt_id(JOB, 2), "n1", LATER)),
    *(
        (state, planned(1, 2, LATER), SAME)
        for state in ("starting", "accepted", "running", "stopping", "completed", "failed", "lost")
    ),
    ("refused", planned(1), SAME),
    ("starting", ACCEPTED, SAME),
    ("running", ACCEPTED, SAME),
    ("starting", STARTED, RUNNING),
    ("accepted", STARTED, RUNNING),
    ("cancelled", STARTED, replace(RUNNING, stop_reason=STOPPED)),
    *((state, WELL, Completed(NOW + 9)) for state in ("starting", "accepted", "running", "stopping")),
    *((state, BADLY, Failed(NOW + 9, "exit code 1")) for state in ("starting", "accepted", "running", "stopping")),
    *((state, LOST, Failed(LATER, "node lost")) for state in ("starting", "accepted", "running", "stopping")),
    ("starting", REFUSED, Pending(LATER, "no room", LATER + 5)),
    ("accepted", REFUSED, Pending(LATER, "no room", LATER + 5)),
    ("cancelled", REFUSED, Failed(LATER, STOPPED)),
    *(
        (state, event, SAME)
        for state in ("refused", "completed", "failed", "lost")
        for event in (ACCEPTED, STARTED, WELL, BADLY, LOST, REFUSED)
    ),
    *((state, event, SAME) for state in ("pending",) for event in (ACCEPTED, STARTED, WELL, LOST, REFUSED)),
]


@pytest.mark.parametrize(("way", "event", "after"), TABLE)
def test_each_event_in_each_state(way: str, event: Event, after: JobState | None) -> None:
    state = folded(*WAYS[way])
    before = state.jobs[JOB].state
    apply(state, event)
    assert state.jobs[JOB].state == (before if after is SAME else after)
    _check_indexes(state)


def _check_indexes(state: State) -> None:
    assert state.pending.keys() == {job.id for job in state.jobs.values() if isinstance(job.state, Pending)}
    standing = {current_attempt(job) for job in state.jobs.values()} - {None}
    assert state.live.keys() == standing
    assert all(state.live[a.id] is a for job in state.jobs.values() for a in job.attempts if a.id in state.live)


@pytest.mark.parametrize("way", ["refused", "completed", "failed", "lost"])
def test_an_attempt_that_is_over_is_changed_by_nothing_but_its_mirror(way: str) -> None:
    state = folded(*WAYS[way])
    before = state.jobs[JOB]
    for event in (ACCEPTED, STARTED, WELL, BADLY, LOST, REFUSED):
        apply(state, event)
    assert state.jobs[JOB] == before
    apply(state, AttemptMirrored(LATER, ATTEMPT))
    assert state.jobs[JOB].attempts == (replace(before.attempts[0], mirrored=True),)


@pytest.mark.parametrize("way", WAYS)
def test_a_submission_twice_is_one(way: str) -> None:
    state = folded(*WAYS[way])
    before = state.jobs[JOB]
    apply(state, submitted(1, LATER, name="another"))
    assert state.jobs[JOB] == before


def test_an_edit_keeps_the_place_in_the_queue() -> None:
    for way in ("pending", "refused", "failed"):
        before = folded(*WAYS[way]).jobs[JOB]
        assert folded(*WAYS[way], JobEdited(LATER, JOB, spec("new"))).jobs[JOB] == replace(before, spec=spec("new"))


@pytest.mark.parametrize("way", ["starting", "running", "stopping", "completed"])
def test_what_runs_or_is_completed_is_not_edited(way: str) -> None:
    assert folded(*WAYS[way], JobEdited(LATER, JOB, spec("new"))).jobs[JOB].spec == spec()


def test_a_restart_queues_anew_and_keeps_the_attempts() -> None:
    job = folded(*WAYS["failed"], JobRestarted(LATER, JOB)).jobs[JOB]
    assert (job.queued_at, job.submitted_at, job.failures) == (LATER, NOW, 0)
    assert [a.phase for a in job.attempts] == [AttemptPhase.ENDED]


def test_failures_are_counted_once() -> None:
    assert folded(*WAYS["failed"], BADLY, LOST).jobs[JOB].failures == 1
    assert folded(*WAYS["completed"]).jobs[JOB].failures == 0
    assert folded(*WAYS["refused"]).jobs[JOB].failures == 0


@pytest.mark.parametrize("are_forgotten", [False, True])
def test_each_refusal_in_a_row_doubles_the_delay_up_to_five_minutes(are_forgotten: bool) -> None:
    state = folded(submitted(1))
    delays = []
    for ordinal in range(1, 10):
        apply(state, planned(1, ordinal))
        if are_forgotten and ordinal > 1:
            apply(state, AttemptForgotten(NOW, attempt_id(JOB, ordinal - 1)))
            assert len(state.jobs[JOB].attempts) == 1
        apply(state, AttemptRefused(NOW, attempt_id(JOB, ordinal), "no room"))
        now = state.jobs[JOB].state
        assert isinstance(now, Pending)
        delays.append(now.not_before - NOW)
    assert delays == [5, 10, 20, 40, 80, 160, 300, 300, 300]
    apply(state, planned(1, 10))
    apply(state, AttemptEnded(NOW, attempt_id(JOB, 10), ended(1), None, NOW))
    apply(state, JobRestarted(NOW, JOB))
    apply(state, planned(1, 11))
    apply(state, AttemptRefused(NOW, attempt_id(JOB, 11), "no room"))
    assert state.jobs[JOB].state == Pending(NOW, "no room", NOW + 5)


def _deleted(way: str) -> State:
    return folded(*WAYS[way], JobDeleteRequested(LATER, JOB))


def test_a_job_that_never_had_an_attempt_is_deleted_at_once() -> None:
    state = _deleted("pending")
    assert not state.jobs
    assert not state.pending


@pytest.mark.parametrize("way", ["refused", "completed", "failed", "lost"])
def test_a_finished_job_leaves_when_its_attempts_are_forgotten(way: str) -> None:
    state = _deleted(way)
    assert state.jobs[JOB].delete_requested
    assert not state.pending
    apply(state, JobRestarted(LATER, JOB))
    assert not isinstance(state.jobs[JOB].state, Pending)
    apply(state, AttemptForgotten(LATER, ATTEMPT))
    assert not state.jobs


@pytest.mark.parametrize("way", ["starting", "accepted", "running", "stopping"])
def test_a_live_job_is_stopped_before_it_leaves(way: str) -> None:
    state = _deleted(way)
    now = state.jobs[JOB].state
    assert isinstance(now, Starting | Running)
    assert now.stop_reason == STOPPED
    apply(state, AttemptForgotten(LATER, ATTEMPT))
    assert current_attempt(state.jobs[JOB]) == ATTEMPT, "it may still run: it is not forgotten"
    apply(state, BADLY)
    assert not isinstance(state.jobs[JOB].state, Pending)
    apply(state, AttemptForgotten(LATER, ATTEMPT))
    assert not state.jobs
    assert not state.live


def test_it_leaves_only_after_the_last_attempt() -> None:
    second = attempt_id(JOB, 2)
    state = folded(*WAYS["failed"], JobRestarted(NOW, JOB), planned(1, 2), JobDeleteRequested(NOW, JOB))
    apply(state, AttemptForgotten(NOW, ATTEMPT))
    apply(state, AttemptLost(NOW, second, "node lost"))
    assert [a.id for a in state.jobs[JOB].attempts] == [second]
    apply(state, AttemptForgotten(NOW, second))
    assert not state.jobs


def test_what_is_said_of_a_job_that_left_changes_nothing() -> None:
    state = State()
    for event in (STOP, STARTED, WELL, planned(1), JobDeleteRequested(NOW, JOB), AttemptForgotten(NOW, ATTEMPT)):
        apply(state, event)
    assert not state.jobs
    assert not state.live


def test_the_live_attempt_of_a_restarted_job_is_the_new_one() -> None:
    state = folded(*WAYS["failed"], JobRestarted(NOW, JOB), planned(1, 2))
    assert list(state.live) == [attempt_id(JOB, 2)]
    assert [attempt.id for _, attempt in state.attempts_on("n1")] == [ATTEMPT, attempt_id(JOB, 2)]


def test_a_node_comes_goes_and_comes_back() -> None:
    state = folded(NodeAdded(NOW, "n1", "host"))
    assert state.nodes["n1"].state is NodeState.DOWN
    apply(state, NodeStale(NOW, "n1", "no route"))
    assert state.nodes["n1"].state is NodeState.DOWN, "one that was never there isn't stale"
    apply(state, NodeConnected(LATER, "n1", facts()))
    node = state.nodes["n1"]
    assert (node.state, node.facts, node.seen_at, node.reason) == (NodeState.UP, facts(), LATER, "")
    apply(state, NodeStale(LATER, "n1", "cut"))
    assert (state.nodes["n1"].state, state.nodes["n1"].reason) == (NodeState.STALE, "cut")
    apply(state, NodeAdded(LATER, "n1", "other"))
    assert (state.nodes["n1"].host, state.nodes["n1"].facts) == ("other", facts())
    apply(state, NodeRemoved(LATER, "n1"))
    assert not state.nodes


def test_what_is_said_of_an_unknown_node_changes_nothing() -> None:
    state = folded(NodeConnected(NOW, "n9", facts()), NodeStale(NOW, "n9", "cut"), NodeRemoved(NOW, "n9"))
    assert not state.nodes


def test_a_node_that_goes_leaves_its_jobs_as_they_were() -> None:
    state = folded(*connected(), *WAYS["running"], NodeStale(LATER, "n1", "cut"))
    assert state.jobs[JOB].state == RUNNING
    assert list(state.live) == [ATTEMPT]


def test_what_an_event_is_about() -> None:
    assert {job_of(event) for event in (submitted(1), STOP, planned(1), STARTED)} == {JOB}
    assert job_of(NodeRemoved(NOW, "n1")) is None
    assert node_of(NodeRemoved(NOW, "n1")) == "n1"
    assert node_of(planned(1)) is None


def test_the_state_of_records_is_the_state_of_their_events() -> None:
    state = folded(*connected(2), *(event for way in ("running",) for event in WAYS[way]), submitted(2), submitted(3))
    jobs: list[Job] = list(state.jobs.values())
    assert State.of(jobs, state.nodes.values()) == state


@pytest.mark.parametrize("way", WAYS)
def test_a_state_that_takes_over_what_changed_is_equal_to_the_other(way: str) -> None:
    ahead = folded(*connected(2), submitted(2), *WAYS[way])
    behind = ahead.copy()
    for event in (planned(2), NodeRemoved(LATER, "n2"), JobDeleteRequested(LATER, JOB), BADLY, REFUSED):
        apply(ahead, event)
    apply(ahead, AttemptForgotten(LATER, ATTEMPT))
    assert behind != ahead
    behind.take_over(ahead, (JOB, job_id(2)), ("n1", "n2"))
    assert behind == ahead
