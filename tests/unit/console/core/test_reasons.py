from __future__ import annotations

import pytest

from console.core.reasons import failure
from console.domain.jobs import Outcome


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (Outcome(1, None, "", 1.0), "exit code 1"),
        (Outcome(None, 9, "", 1.0), "killed by SIGKILL"),
        (Outcome(None, 42, "", 1.0), "killed by signal 42"),
        (Outcome(None, 9, "out of memory", 1.0), "out of memory"),
        (Outcome(0, None, "time limit", 1.0), "time limit"),
        (Outcome(None, None, "", None), "exit code unknown"),
    ],
)
def test_a_failure_in_words(outcome: Outcome, reason: str) -> None:
    assert failure(outcome) == reason
