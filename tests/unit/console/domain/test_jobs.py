from __future__ import annotations

import pytest

from console.domain.jobs import (
    Completed,
    Failed,
    JobState,
    Outcome,
    Pending,
    Priority,
    Running,
    Starting,
    Status,
    status_of,
)
from tests.harness.builders import first, folded, job_id, planned, submitted
from tests.harness.clock import NOW


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (Pending(NOW), Status.PENDING),
        (Starting(first(1), "n1", NOW), Status.PENDING),
        (Running(first(1), "n1", NOW), Status.RUNNING),
        (Running(first(1), "n1", NOW, "stopped by user"), Status.RUNNING),
        (Completed(NOW), Status.COMPLETED),
        (Failed(NOW, "exit code 1"), Status.FAILED),
    ],
)
def test_four_statuses_are_shown(state: JobState, status: Status) -> None:
    assert status_of(state) is status


def test_high_goes_first() -> None:
    assert sorted(Priority, key=lambda each: each.rank) == [Priority.HIGH, Priority.MEDIUM, Priority.LOW]


@pytest.mark.parametrize(
    ("outcome", "is_success"),
    [
        (Outcome(0, None, "", 1.0), True),
        (Outcome(1, None, "", 1.0), False),
        (Outcome(None, 9, "", 1.0), False),
        (Outcome(None, None, "", None), False),
        (Outcome(0, None, "time limit", 1.0), False),
    ],
)
def test_success_is_exit_code_0_by_itself(outcome: Outcome, is_success: bool) -> None:
    assert outcome.is_success is is_success


def test_the_last_attempt_is_the_newest() -> None:
    assert folded(submitted(1)).jobs[job_id(1)].last_attempt is None
    last = folded(submitted(1), planned(1)).jobs[job_id(1)].last_attempt
    assert last is not None
    assert last.id == first(1)
