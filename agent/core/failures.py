"""Why a command could not be executed, in words."""

from __future__ import annotations

import errno

REASON_BYTES = 1024
"""What a reason may have at most: it travels with every report of its attempt, many of which must fit into a frame."""

STAGE_DIRECTORY = "directory"
STAGE_COMMAND = "command"

# Leaves room for the sentence around it.
_SUBJECT_BYTES = 900
_CUT = "…"

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


def shortened(text: str, limit: int = REASON_BYTES) -> str:
    """The text, or as much of its beginning as makes at most ``limit`` bytes of UTF-8 with a mark behind it."""
    encoded = text.encode("utf-8", "surrogatepass")
    if len(encoded) <= limit:
        return text
    return encoded[: limit - len(_CUT.encode("utf-8"))].decode("utf-8", "ignore") + _CUT


def failure_reason(stage: str, number: int, subject: str, explanation: str) -> str:
    """One sentence for an errno; ``explanation`` is the operating system's own text, used where we have no better."""
    subject = shortened(subject, _SUBJECT_BYTES)
    table = _DIRECTORY if stage == STAGE_DIRECTORY else _COMMAND
    template = table.get(number)
    if template is not None:
        return template.format(subject)
    verb = "enter directory" if stage == STAGE_DIRECTORY else "execute"
    return f"can't {verb} {subject}: {explanation}"


def failure_code(stage: str, number: int) -> int:
    """The exit code that a shell would give: 127 for a command that isn't there, 126 otherwise."""
    return 127 if stage == STAGE_COMMAND and number in (errno.ENOENT, errno.ENOTDIR) else 126
