"""Why a job has its status, in the words that people read."""

from __future__ import annotations

from console.domain.jobs import Outcome

STOPPED_BY_USER = "stopped by user"
HELD = "held"

_SIGNALS = {1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE", 9: "SIGKILL"}
_SIGNALS |= {11: "SIGSEGV", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM", 24: "SIGXCPU", 25: "SIGXFSZ"}


def failure(outcome: Outcome) -> str:
    """The reason of a failed attempt: what the node says, else its signal or exit code, else that it is unknown."""
    if outcome.reason:
        return outcome.reason
    if outcome.signal is not None:
        return f"killed by {_SIGNALS.get(outcome.signal, f'signal {outcome.signal}')}"
    if outcome.code is not None:
        return f"exit code {outcome.code}"
    return "exit code unknown"
