from __future__ import annotations

import errno

from agent.core.failures import (
    REASON_BYTES,
    STAGE_COMMAND,
    STAGE_DIRECTORY,
    failure_code,
    failure_reason,
    shortened,
)


def test_the_usual_failures_are_said_in_words() -> None:
    assert failure_reason(STAGE_COMMAND, errno.ENOENT, "foo", "") == "command not found: foo"
    assert failure_reason(STAGE_COMMAND, errno.EACCES, "foo", "") == "no permission to execute foo"
    assert failure_reason(STAGE_DIRECTORY, errno.ENOENT, "/x", "") == "directory /x does not exist"
    assert failure_reason(STAGE_DIRECTORY, errno.EACCES, "/x", "") == "no permission to enter directory /x"


def test_the_others_in_those_of_the_operating_system() -> None:
    assert failure_reason(STAGE_COMMAND, errno.EIO, "foo", "I/O error") == "can't execute foo: I/O error"
    assert failure_reason(STAGE_DIRECTORY, errno.EIO, "/x", "I/O error") == "can't enter directory /x: I/O error"


def test_the_code_is_what_a_shell_gives() -> None:
    assert failure_code(STAGE_COMMAND, errno.ENOENT) == 127
    assert failure_code(STAGE_COMMAND, errno.EACCES) == 126
    assert failure_code(STAGE_DIRECTORY, errno.ENOENT) == 126


def test_a_reason_stays_short_whatever_it_is_about() -> None:
    reason = failure_reason(STAGE_DIRECTORY, errno.ENOENT, "😀" * 30_000, "")
    assert len(reason.encode()) <= REASON_BYTES
    assert reason.startswith("directory 😀")
    assert reason.endswith("… does not exist")
    assert shortened("\udcff" * 10) == "\udcff" * 10
    assert len(shortened("x" * 5000).encode()) == REASON_BYTES
