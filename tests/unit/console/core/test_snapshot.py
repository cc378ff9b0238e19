from __future__ import annotations

from dataclasses import replace

from console.core.snapshot import changes_plan, next_retry, retry_at, snapshot_of
from console.domain.events import (
    AttemptAccepted,
    AttemptEnded,
    AttemptForgotten,
    AttemptMirrored,
    AttemptPlanned,
    AttemptRefused,
    NodeAdded,
    NodeStale,
)
from console.domain.jobs import Pending, Priority
from console.domain.resources import Resources
from tests.harness.builders import connected, ended, first, folded, job_id, planned, submitted
from tests.harness.clock import NOW


def test_intents_hold_what_they_asked_for() -> None:
    amounts = Resources(3, 5000, 1)
    plan = AttemptPlanned(NOW, job_id(1), first(1), "n1", amounts, ("GPU-n1-0",))
    state = folded(*connected(2, gpus=2), submitted(1), plan)
    first_node, second_node = snapshot_of(state, NOW).nodes
    assert first_node.free == Resources(1, 3192, 1)
    assert first_node.free_gpus == ("GPU-n1-1",)
    assert second_node.free == second_node.capacity == Resources(4, 8192, 2)


def test_what_is_over_holds_nothing() -> None:
    state = folded(*connected(), submitted(1), planned(1), AttemptEnded(NOW, first(1), ended(), NOW, NOW))
    (node,) = snapshot_of(state, NOW).nodes
    assert node.free == node.capacity


def test_a_node_that_is_not_up_offers_nothing_but_its_size() -> None:
    state = folded(*connected(), NodeStale(NOW, "n1", "cut"), NodeAdded(NOW, "n2", "host"))
    stale, unknown = snapshot_of(state, NOW).nodes
    assert (stale.is_usable, stale.problem, stale.capacity) == (False, "stale", Resources(4, 8192, 0))
    assert (unknown.is_usable, unknown.problem, unknown.capacity) == (False, "not connected yet", None)


def test_what_waits_is_told_as_it_was_asked_for() -> None:
    state = folded(submitted(1, priority=Priority.HIGH, node="n1", held=True), submitted(2, at=NOW + 1))
    first_job, second_job = snapshot_of(state, NOW).pending
    assert (first_job.priority, first_job.node, first_job.is_held) == (Priority.HIGH, "n1", True)
    assert (second_job.number, second_job.queued_at) == (2, NOW + 1)


def test_a_delay_is_over_when_the_clock_stepped_back_behind_its_beginning() -> None:
    waits = Pending(NOW, "no room", NOW + 300)
    assert retry_at(waits, NOW) == NOW + 300
    assert retry_at(waits, NOW - 3600) < NOW - 3600
    state = folded(submitted(1), planned(1), AttemptRefused(NOW, first(1), "no room"))
    (job,) = snapshot_of(state, NOW).pending
    assert (job.not_before, job.wait_reason) == (NOW + 5, "no room")
    (job,) = snapshot_of(state, NOW - 3600).pending
    assert job == replace(job, not_before=0.0)


def test_the_next_retry_is_the_first_that_is_still_to_come() -> None:
    events = [event for number in (1, 2, 3) for event in (submitted(number), planned(number))]
    state = folded(*events, *(AttemptRefused(NOW + number, first(number), "no room") for number in (1, 2)))
    assert next_retry(state, NOW + 3) == NOW + 6
    assert next_retry(state, NOW + 6) == NOW + 7
    assert next_retry(state, NOW + 7) is None


def test_what_a_plan_rests_on() -> None:
    outcome = AttemptEnded(NOW, first(1), ended(), NOW, NOW)
    assert all(map(changes_plan, [*connected(), submitted(1), planned(1), outcome]))
    for kind in (AttemptAccepted, AttemptMirrored, AttemptForgotten):
        assert not changes_plan(kind(NOW, first(1)))
