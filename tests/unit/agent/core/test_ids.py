from __future__ import annotations

import pytest

from agent.core.ids import is_attempt_id, is_job_id, job_of

JOB = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


def test_a_ulid_and_a_number_is_an_attempt() -> None:
    assert is_job_id(JOB)
    assert is_attempt_id(f"{JOB}-1")
    assert is_attempt_id(f"{JOB}-999999")
    assert job_of(f"{JOB}-12") == JOB


@pytest.mark.parametrize(
    "text",
    ["", JOB, f"{JOB}-", f"{JOB}-0", f"{JOB}-01", f"{JOB}-1/..", f"../{JOB}-1", f"{JOB}-1\n", JOB.lower() + "-1"],
)
def test_everything_else_is_not(text: str) -> None:
    assert not is_attempt_id(text)
    with pytest.raises(ValueError, match="is not an attempt id"):
        job_of(text)
