from __future__ import annotations

import pytest

from console.domain.ids import JobId, attempt_id, is_job_id, split_attempt_id, ulid


def test_a_ulid_is_the_one_of_the_specification() -> None:
    assert ulid(1_469_918_176_385, bytes(10)) == "01ARYZ6S41" + "0" * 16
    assert ulid((1 << 48) - 1, b"\xff" * 10) == "7" + "Z" * 25
    assert ulid(0, bytes(9) + b"\x1f") == "0" * 25 + "Z"


def test_ids_sort_by_their_moment() -> None:
    assert ulid(1, b"\xff" * 10) < ulid(2, bytes(10))


@pytest.mark.parametrize("size", [0, 9, 11])
def test_other_entropy_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="10 random bytes"):
        ulid(0, bytes(size))


def test_what_is_made_has_the_form_and_is_split_again() -> None:
    job = ulid(1_767_225_600_000, b"0123456789")
    assert is_job_id(job)
    assert split_attempt_id(attempt_id(job, 12)) == (job, 12)


@pytest.mark.parametrize("text", ["", "8" + "0" * 25, "0" * 25, "0" * 25 + "I", "0" * 25 + "a", "0" * 26 + "\n"])
def test_what_is_no_job_id(text: str) -> None:
    assert not is_job_id(text)


@pytest.mark.parametrize("ordinal", ["0", "01", "-1", "1x", "", "1\n", "1234567", "1-1", "²"])
def test_what_is_no_attempt_id(ordinal: str) -> None:
    with pytest.raises(ValueError, match="is not an attempt id"):
        split_attempt_id(f"{JobId('0' * 26)}-{ordinal}")


def test_a_long_wrong_id_is_not_repeated_whole() -> None:
    with pytest.raises(ValueError, match=r"^.{60,90}$"):
        split_attempt_id("x" * 10_000)
