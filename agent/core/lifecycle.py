"""What an attempt's files mean.

The state of an attempt is never stored: it is derived from which files exist and whether somebody still holds the lock,
so that no crash can leave the two out of step.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Dict, Optional

Phase = str

ABSENT: Phase = "absent"
PREPARED: Phase = "prepared"
REVOKED: Phase = "revoked"
NEVER_RAN: Phase = "never_ran"
LAUNCHING: Phase = "launching"
RUNNING: Phase = "running"
LOST: Phase = "lost"
ENDED: Phase = "ended"

FINAL_PHASES = frozenset((REVOKED, NEVER_RAN, LOST, ENDED))
LIVE_PHASES = frozenset((LAUNCHING, RUNNING))

INTENT_LAUNCH = "launch"
INTENT_REVOKED = "revoked"

EXIT_VERSION = 1


@dataclass(frozen=True)
class AttemptFacts:
    """What is on disk for one attempt, and whether a supervisor or the job still holds a lock on it."""

    spec: bool = False
    intent: Optional[str] = None
    lock_held: bool = False
    gate: bool = False
    started: bool = False
    exit: bool = False
    same_boot: bool = True


def derive(facts: AttemptFacts) -> Phase:
    """The phase that these facts prove.

    ========  ========  =====  =======  ====  =======================================================
    intent    lock      gate   started  exit  phase
    ========  ========  =====  =======  ====  =======================================================
    revoked   any       any    any      any   revoked: it never ran and never will
    any       any       any    any      yes   ended
    none      any       no     no       no    prepared (absent without a spec)
    launch    held      no     no       no    launching
    launch    free      no     no       no    never_ran: safe to launch again as a new attempt
    launch    held      yes    no       no    launching
    launch    held      yes    yes      no    running
    launch    free      yes    any      no    lost: it may have run
    ========  ========  =====  =======  ====  =======================================================

    A lock seen after a reboot is not the attempt's: another boot counts as a free lock.
    """
    if facts.intent == INTENT_REVOKED:
        return REVOKED
    if not facts.spec:
        return ABSENT
    if facts.exit:
        return ENDED
    if facts.intent is None:
        return PREPARED
    held = facts.lock_held and facts.same_boot
    if not held:
        return LOST if facts.gate else NEVER_RAN
    return RUNNING if facts.gate and facts.started else LAUNCHING


class RecordError(ValueError):
    """A record on disk that can't be read; the message is a sentence for a person."""


@dataclass(frozen=True)
class ExitRecord:
    """How an attempt ended.

    ``code`` is the exit code, ``signal`` the signal that ended it; both are None and ``unknown`` is True where nobody
    could know; all three say nothing if it was stopped before it ran. ``reason`` is set when we know more than the
    code: "time limit", "out of memory", "stopped by user", "command not found: foo". Times are Unix seconds,
    ``duration_s`` is by the monotonic clock. ``dropped`` counts bytes per stream that the disk didn't take,
    ``stragglers`` the processes that outlived the main one and were killed. ``peaks`` has ``rss_mib`` and ``cpu_s``.
    """

    code: Optional[int]
    signal: Optional[int]
    unknown: bool
    reason: Optional[str]
    started_at: Optional[float]
    ended_at: float
    duration_s: float
    dropped: Dict[str, int] = field(default_factory=dict)
    stragglers: int = 0
    peaks: Dict[str, float] = field(default_factory=dict)

    def to_json(self) -> str:
        """The record as one JSON object with its format's version."""
        return json.dumps({"version": EXIT_VERSION, **self.__dict__}, sort_keys=True)

    @staticmethod
    def from_json(text: str) -> ExitRecord:
        """Read what ``to_json`` wrote; RecordError if it is something else."""
        try:
            data = json.loads(text)
            return _exit_record(data)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise RecordError(f"the exit record is damaged: {error!r}") from error


def _exit_record(data: Dict[str, Any]) -> ExitRecord:
    def optional(name: str, kind: type) -> Any:
        value = data.get(name)
        return None if value is None else kind(value)

    return ExitRecord(
        code=optional("code", int),
        signal=optional("signal", int),
        unknown=bool(data["unknown"]),
        reason=optional("reason", str),
        started_at=optional("started_at", float),
        ended_at=float(data["ended_at"]),
        duration_s=float(data["duration_s"]),
        dropped={str(stream): int(count) for stream, count in data.get("dropped", {}).items()},
        stragglers=int(data.get("stragglers", 0)),
        peaks={str(name): float(value) for name, value in data.get("peaks", {}).items()},
    )
