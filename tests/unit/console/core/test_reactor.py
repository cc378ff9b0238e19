from __future__ import annotations

import pytest

from console.core.commands import (
    AcknowledgeAttempt,
    Command,
    ForgetAttempt,
    LaunchAttempt,
    MirrorAttempt,
    StopAttempt,
)
from console.core.reactor import is_wanted, step
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
    NodeConnected,
    NodeStale,
)
from console.domain.ids import attempt_id
from tests.harness.builders import connected, ended, facts, first, folded, job_id, planned, spec, submitted
from tests.harness.clock import NOW

JOB, ATTEMPT = job_id(1), first(1)
STARTED = AttemptStarted(NOW, ATTEMPT, NOW)
BADLY = AttemptEnded(NOW, ATTEMPT, ended(1), NOW, NOW)
MIRRORED = AttemptMirrored(NOW, ATTEMPT)
STOP = JobStopRequested(NOW, JOB)
DELETE = JobDeleteRequested(NOW, JOB)
UP = NodeConnected(NOW, "n1", facts())
TO_STOP = StopAttempt("n1", ATTEMPT, "stopped by user")
TO_FORGET = ForgetAttempt("n1", ATTEMPT)
TO_MIRROR = MirrorAttempt("n1", ATTEMPT)

QUIET: list[tuple[list[Event], Event]] = [
    ([], submitted(1)),
    ([submitted(1)], JobEdited(NOW, JOB, spec("other"))),
    ([submitted(1)], STOP),
    ([submitted(1)], DELETE),
    ([submitted(1), planned(1)], STARTED),
    ([submitted(1), planned(1)], AttemptRefused(NOW, ATTEMPT, "no room")),
    ([submitted(1), planned(1)], planned(1, 2)),
    ([submitted(1), planned(1), STARTED, BADLY], STOP),
    ([submitted(1), planned(1), STARTED, BADLY], JobRestarted(NOW, JOB)),
    ([submitted(1), planned(1), STARTED, BADLY, MIRRORED], UP),
    ([submitted(1), planned(1), STARTED], UP),
    ([submitted(1), planned(1)], NodeStale(NOW, "n1", "cut")),
    ([], STARTED),
]


def test_what_is_left_of_a_lost_attempt_is_taken_over_too() -> None:
    state = folded(*connected(), submitted(1), planned(1), STARTED)
    assert step(state, AttemptLost(NOW, ATTEMPT, "node lost")) == (MirrorAttempt("n1", ATTEMPT),)


@pytest.mark.parametrize(("before", "event"), QUIET)
def test_nothing_follows(before: list[Event], event: Event) -> None:
    assert step(folded(*connected(), *before), event) == ()


FOLLOWS: list[tuple[list[Event], Event, list[Command]]] = [
    ([submitted(1), planned(1)], STOP, [TO_STOP]),
    ([submitted(1), planned(1), STARTED], STOP, [TO_STOP]),
    ([submitted(1), planned(1), STARTED, STOP], STOP, [TO_STOP]),
    ([submitted(1), planned(1), STOP], AttemptAccepted(NOW, ATTEMPT), [TO_STOP]),
    ([submitted(1), planned(1), STOP], STARTED, [TO_STOP]),
    ([submitted(1), planned(1), STARTED, STOP], UP, [TO_STOP]),
    ([submitted(1), planned(1), STARTED], BADLY, [TO_MIRROR]),
    ([submitted(1), planned(1), STARTED, BADLY], UP, [TO_MIRROR]),
    ([submitted(1), planned(1), STARTED, BADLY], MIRRORED, [AcknowledgeAttempt("n1", ATTEMPT)]),
    ([submitted(1), planned(1), STARTED, BADLY], DELETE, [TO_FORGET]),
    ([submitted(1), planned(1), STARTED, BADLY, DELETE], UP, [TO_FORGET]),
    ([submitted(1), planned(1), STARTED], DELETE, [TO_STOP]),
    ([submitted(1), planned(1), STARTED, DELETE], BADLY, [TO_FORGET]),
    ([submitted(1), planned(1), STARTED, DELETE], AttemptLost(NOW, ATTEMPT, "node lost"), [TO_FORGET]),
    ([submitted(1), planned(1), DELETE], AttemptRefused(NOW, ATTEMPT, "no room"), [TO_FORGET]),
]


@pytest.mark.parametrize(("before", "event", "commands"), FOLLOWS)
def test_what_follows(before: list[Event], event: Event, commands: list[Command]) -> None:
    assert list(step(folded(*connected(), *before), event)) == commands


def test_an_intent_is_sent_and_sent_again_when_the_node_is_back() -> None:
    state = folded(*connected(), submitted(1))
    (launch,) = step(state, planned(1))
    job = state.jobs[JOB]
    assert launch == LaunchAttempt(job, job.attempts[0])
    assert step(state, UP) == (launch,)
    step(state, AttemptAccepted(NOW, ATTEMPT))
    assert step(state, UP) == ()


def test_only_the_node_that_came_back_is_told() -> None:
    state = folded(*connected(2), submitted(1), planned(1, node="n2"))
    assert step(state, UP) == ()
    assert len(step(state, NodeConnected(NOW, "n2", facts()))) == 1


def test_a_deleted_job_is_forgotten_with_all_of_its_attempts() -> None:
    second = attempt_id(JOB, 2)
    state = folded(
        *connected(), submitted(1), planned(1), STARTED, BADLY, JobRestarted(NOW, JOB), planned(1, 2), DELETE
    )
    commands = step(state, AttemptEnded(NOW, second, ended(None), NOW, NOW))
    assert commands == (TO_FORGET, ForgetAttempt("n1", second))
    for attempt in (ATTEMPT, second):
        assert JOB in state.jobs
        step(state, AttemptForgotten(NOW, attempt))
    assert not state.jobs


def test_an_order_that_failed_is_wanted_as_long_as_it_would_change_something() -> None:
    state = folded(*connected(), submitted(1))
    (launch,) = step(state, planned(1))
    acknowledge = AcknowledgeAttempt("n1", ATTEMPT)
    assert is_wanted(state, launch)
    assert is_wanted(state, TO_STOP)
    for event in (STARTED, BADLY):
        step(state, event)
        assert not is_wanted(state, launch), "it may have been forgotten: another launch would run it twice"
    assert not is_wanted(state, TO_STOP)
    assert is_wanted(state, TO_MIRROR)
    step(state, MIRRORED)
    assert not is_wanted(state, TO_MIRROR)
    for order in (acknowledge, TO_FORGET):
        assert is_wanted(state, order)
    step(state, NodeStale(NOW, "n1", "cut"))
    for order in (acknowledge, TO_FORGET):
        assert not is_wanted(state, order), "it is ordered anew when the node is back"
    for last in (UP, DELETE, AttemptForgotten(NOW, ATTEMPT)):
        step(state, last)
    assert not is_wanted(state, acknowledge)


def test_what_never_ran_is_forgotten_once_a_node_has_taken_in_another() -> None:
    second = attempt_id(JOB, 2)
    state = folded(*connected(), submitted(1), planned(1), AttemptRefused(NOW, ATTEMPT, "no room"))
    assert step(state, UP) == (), "its ordinal tells the next one's"
    step(state, planned(1, 2))
    assert TO_FORGET not in step(state, UP), "the job's checkpoints would go with it"
    assert step(state, AttemptAccepted(NOW, second)) == (TO_FORGET,)
    assert step(state, UP) == (TO_FORGET,), "the node was away"
    step(state, AttemptForgotten(NOW, ATTEMPT))
    assert [attempt.id for attempt in state.jobs[JOB].attempts] == [second]
    assert step(state, UP) == ()


def test_refusals_in_a_row_leave_the_last_one() -> None:
    state = folded(*connected(), submitted(1), planned(1), AttemptRefused(NOW, ATTEMPT, "no room"), planned(1, 2))
    assert step(state, AttemptRefused(NOW, attempt_id(JOB, 2), "no room")) == (TO_FORGET,)
