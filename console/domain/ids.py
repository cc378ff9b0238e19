"""Identifiers. A job's id is a ULID (https://github.com/ulid/spec); an attempt's is `<job ULID>-<n>`."""

from __future__ import annotations

import re
from typing import NewType

JobId = NewType("JobId", str)
AttemptId = NewType("AttemptId", str)

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_JOB_ID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_ATTEMPT_ID = re.compile(r"([0-7][0-9A-HJKMNP-TV-Z]{25})-([1-9][0-9]{0,5})")


def ulid(milliseconds: int, entropy: bytes) -> JobId:
    """The ULID of a moment (ms since the epoch, 48 bits) and 10 random bytes."""
    if len(entropy) != 10:
        raise ValueError(f"a ULID takes 10 random bytes, not {len(entropy)}")
    number = (milliseconds & (1 << 48) - 1) << 80 | int.from_bytes(entropy, "big")
    return JobId("".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5)))


def is_job_id(text: str) -> bool:
    """Whether the text has the form of a job's id."""
    return _JOB_ID.fullmatch(text) is not None


def attempt_id(job: JobId, ordinal: int) -> AttemptId:
    """The id of the n-th attempt (from 1) of a job."""
    return AttemptId(f"{job}-{ordinal}")


def split_attempt_id(text: str) -> tuple[JobId, int]:
    """The job and the ordinal in an attempt's id; ValueError for anything else."""
    found = _ATTEMPT_ID.fullmatch(text)
    if found is None:
        raise ValueError(f"{text[:64]!r} is not an attempt id")
    return JobId(found[1]), int(found[2])
