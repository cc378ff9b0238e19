"""Identifiers that become names of files: checked before they touch a path."""

from __future__ import annotations

import re

_JOB_ID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_ATTEMPT_ID = re.compile(r"([0-7][0-9A-HJKMNP-TV-Z]{25})-([1-9][0-9]{0,5})")


def is_job_id(text: str) -> bool:
    """True for a ULID in its canonical upper-case form."""
    return _JOB_ID.fullmatch(text) is not None


def is_attempt_id(text: str) -> bool:
    """True for ``<job ULID>-<n>`` with n from 1 to 999,999."""
    return _ATTEMPT_ID.fullmatch(text) is not None


def job_of(attempt_id: str) -> str:
    """The job that an attempt belongs to; ValueError if the id is malformed."""
    match = _ATTEMPT_ID.fullmatch(attempt_id)
    if match is None:
        raise ValueError(f"'{attempt_id[:80]}' is not an attempt id (a ULID, a dash, a number)")
    return match.group(1)
