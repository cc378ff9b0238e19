from __future__ import annotations

import pytest

from console.core.commands import AcknowledgeAttempt, Command, LaunchAttempt, MirrorAttempt
from console.core.intake import NO_RECORD, attempt_events, connection_events, forgotten_acknowledgements, gone_events
from console.core.reactor import step
from console.core.state import State
from console.domain.events import (
    AttemptAccepted,
    AttemptEnded,
    AttemptLost,
    AttemptMirrored,
    AttemptRefused,
    AttemptStarted,
    Event,
    NodeConnected,
    NodeStale,
)
from console.domain.jobs import AttemptPhase, Failed, Running
from console.domain.reports import AttemptReport, NodeGone, NodeUp
from tests.harness.builders import connected, ended, facts, first, folded, job_id, node_up, planned, report, submitted
from tests.harness.clock import NOW

ATTEMPT = first(1)
ACCEPTED = report(ATTEMPT, AttemptPhase.ACCEPTED)
RUNNING = report(ATTEMPT, AttemptPhase.RUNNING, started_at=NOW - 7)
ENDED = report(ATTEMPT, AttemptPhase.ENDED, started_at=NOW - 7, ended_at=NOW - 1, outcome=ended(3))
LATER = NOW + 60

PLANNED_JOB: list[Event] = [submitted(1), planned(1)]
ACCEPTED_JOB: list[Event] = [*PLANNED_JOB, AttemptAccepted(NOW, ATTEMPT)]
RUNNING_JOB: list[Event] = [*ACCEPTED_JOB, AttemptStarted(NOW, ATTEMPT, NOW - 7)]
ENDED_JOB: list[Event] = [*RUNNING_JOB, AttemptEnded(NOW, ATTEMPT, ended(3), NOW - 7, NOW - 1)]

NEWS: list[tuple[list[Event], AttemptReport, Event]] = [
    (PLANNED_JOB, ACCEPTED, AttemptAccepted(LATER, ATTEMPT)),
    (PLANNED_JOB, RUNNING, AttemptStarted(LATER, ATTEMPT, NOW - 7)),
    (ACCEPTED_JOB, RUNNING, AttemptStarted(LATER, ATTEMPT, NOW - 7)),
    (ACCEPTED_JOB, report(ATTEMPT, AttemptPhase.RUNNING), AttemptStarted(LATER, ATTEMPT, LATER)),
    (ACCEPTED_JOB, report(ATTEMPT, AttemptPhase.RUNNING, started_at=0.0), AttemptStarted(LATER, ATTEMPT, 0.0)),
    (RUNNING_JOB, ENDED, AttemptEnded(LATER, ATTEMPT, ended(3), NOW - 7, NOW - 1)),
    (PLANNED_JOB, ENDED, AttemptEnded(LATER, ATTEMPT, ended(3), NOW - 7, NOW - 1)),
    (PLANNED_JOB, report(ATTEMPT, AttemptPhase.NEVER_RAN, reason="full"), AttemptRefused(LATER, ATTEMPT, "full")),
    (RUNNING_JOB, report(ATTEMPT, AttemptPhase.LOST, reason="rebooted"), AttemptLost(LATER, ATTEMPT, "rebooted")),
    (RUNNING_JOB, report(ATTEMPT, AttemptPhase.LOST), AttemptLost(LATER, ATTEMPT, "node lost")),
]


@pytest.mark.parametrize(("before", "said", "event"), NEWS)
def test_news_become_events(before: list[Event], said: AttemptReport, event: Event) -> None:
    assert list(attempt_events(folded(*before), "n1", said, LATER)) == [event]


NO_NEWS: list[tuple[list[Event], AttemptReport]] = [
    (ACCEPTED_JOB, ACCEPTED),
    (RUNNING_JOB, ACCEPTED),
    (RUNNING_JOB, RUNNING),
    *((ENDED_JOB, each) for each in (ACCEPTED, RUNNING, ENDED, report(ATTEMPT, AttemptPhase.LOST))),
    ([], RUNNING),
    (RUNNING_JOB, report(ATTEMPT, AttemptPhase.PLANNED)),
]


@pytest.mark.parametrize(("before", "said"), NO_NEWS)
def test_what_is_known_gives_none(before: list[Event], said: AttemptReport) -> None:
    assert list(attempt_events(folded(*before), "n1", said, LATER)) == []


def test_a_node_has_no_say_in_the_attempts_of_another() -> None:
    state = folded(*connected(2), *RUNNING_JOB)
    assert list(attempt_events(state, "n2", ENDED, LATER)) == []
    assert list(connection_events(state, node_up(ENDED, node="n2"), LATER)) == [
        NodeConnected(LATER, "n2", facts(name="n2"))
    ]


def _connect(state: State, up: NodeUp) -> tuple[list[Event], list[Command]]:
    events = list(connection_events(state, up, LATER))
    return events, [command for event in events for command in step(state, event)]


def test_what_a_node_knows_is_joined_before_the_launch() -> None:
    state = folded(*connected(), *PLANNED_JOB)
    events, commands = _connect(state, node_up(RUNNING))
    assert events == [AttemptStarted(LATER, ATTEMPT, NOW - 7), NodeConnected(LATER, "n1", facts())]
    assert commands == []
    assert state.jobs[job_id(1)].state == Running(ATTEMPT, "n1", NOW - 7)


@pytest.mark.parametrize("before", [ACCEPTED_JOB, RUNNING_JOB])
def test_an_attempt_that_its_node_does_not_know_any_more_is_lost(before: list[Event]) -> None:
    state = folded(*connected(), *before)
    events, commands = _connect(state, node_up())
    assert events[0] == AttemptLost(LATER, ATTEMPT, NO_RECORD)
    assert set(commands) == {MirrorAttempt("n1", ATTEMPT)}
    assert state.jobs[job_id(1)].state == Failed(LATER, NO_RECORD)


def test_an_intent_that_never_arrived_is_ordered_again_under_the_same_id() -> None:
    state = folded(*connected(), *PLANNED_JOB)
    for _ in range(3):
        _, commands = _connect(state, node_up())
        (launch,) = commands
        assert isinstance(launch, LaunchAttempt)
        assert launch.attempt.id == ATTEMPT
    assert [attempt.id for attempt in state.jobs[job_id(1)].attempts] == [ATTEMPT]


def test_attempts_elsewhere_are_not_lost_with_it() -> None:
    state = folded(*connected(2), *RUNNING_JOB)
    events, _ = _connect(state, node_up(node="n2"))
    assert len(events) == 1


def test_an_end_that_is_kept_here_is_acknowledged_again() -> None:
    state = folded(*connected(), *ENDED_JOB)
    unacknowledged, acknowledged = ENDED, report(ATTEMPT, AttemptPhase.ENDED, outcome=ended(3), is_acknowledged=True)
    assert list(forgotten_acknowledgements(state, node_up(unacknowledged))) == []
    state = folded(*connected(), *ENDED_JOB, AttemptMirrored(NOW, ATTEMPT))
    assert list(forgotten_acknowledgements(state, node_up(unacknowledged))) == [AcknowledgeAttempt("n1", ATTEMPT)]
    assert list(forgotten_acknowledgements(state, node_up(acknowledged))) == []
    assert list(forgotten_acknowledgements(state, node_up(unacknowledged, node="n2"))) == []
    stranger = report(first(9), AttemptPhase.ENDED, outcome=ended())
    assert list(forgotten_acknowledgements(state, node_up(stranger))) == []


def test_a_lost_link_is_news_once_and_again_for_another_reason() -> None:
    state = folded(*connected())
    for reason in ("cut", "refused"):
        (event,) = gone_events(state, NodeGone("n1", reason), NOW)
        assert event == NodeStale(NOW, "n1", reason)
        step(state, event)
        assert list(gone_events(state, NodeGone("n1", reason), NOW)) == []
    assert list(gone_events(state, NodeGone("n9", "cut"), NOW)) == []
