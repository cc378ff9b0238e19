"""Why a command could not be executed, in words."""

from __future__ import annotations

import errno

STAGE_DIRECTORY = "directory"
STAGE_COMMAND = "command"

_DIRECTORY = {
    errno.ENOENT: "directory {0} does not exist",
    errno.ENOTDIR: "{0} is not a directory",
    errno.EACCES: "no permission to enter directory {0}",
}
_COMMAND = {
    errno.ENOENT: "command not found: {0}",
    errno.EACCES: "no permission to execute {0}",
    errno.ENOEXEC: "{0} is not a program this machine can run (a script needs a #! line)",
    errno.E2BIG: "the arguments and the environment of {0} are too long together",
    errno.ENOTDIR: "command not found: {0}",
    errno.EISDIR: "{0} is a directory, not a command",
    errno.ETXTBSY: "{0} is being written by another process",
}


def failure_reason(stage: str, number: int, subject: str, explanation: str) -> str:
    """One sentence for an errno; ``explanation`` is the operating system's own text, used where we have no better."""
    table = _DIRECTORY if stage == STAGE_DIRECTORY else _COMMAND
    template = table.get(number)
    if template is not None:
        return template.format(subject)
    verb = "enter directory" if stage == STAGE_DIRECTORY else "execute"
    return f"can't {verb} {subject}: {explanation}"


def failure_code(stage: str, number: int) -> int:
    """The exit code that a shell would give: 127 for a command that isn't there, 126 otherwise."""
    return 127 if stage == STAGE_COMMAND and number in (errno.ENOENT, errno.ENOTDIR) else 126
