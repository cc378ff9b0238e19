from __future__ import annotations

import errno

from agent.core.failures import STAGE_COMMAND, STAGE_DIRECTORY, failure_code, failure_reason


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
