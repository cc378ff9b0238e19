"""What the files of an attempt say, as the message that consoles get."""

from __future__ import annotations

from typing import Iterable, Iterator, List, Optional

from agent.core.failures import shortened
from agent.core.lifecycle import FINAL_PHASES, LOST, NEVER_RAN, REVOKED, RecordError
from agent.core.spec import LaunchSpec, SpecError
from agent.host.attempts import AttemptReport, AttemptStore
from agent.host.identity import boot_id
from agent.protocol.codec import encode
from agent.protocol.errors import LocalProtocolError
from agent.protocol.messages import Attempts, Changed, Exit, Report

REFUSAL_FILE = "refusal"

_MESSAGE_BYTES = 256 * 1024


class Known:
    """One attempt as the agent knows it: what it asked for, and the last report of it."""

    def __init__(self, spec: Optional[LaunchSpec], report: Report, *, supervised: bool, stopping: bool) -> None:
        self.spec = spec
        self.report = report
        self.supervised = supervised
        self.stopping = stopping

    @property
    def is_over(self) -> bool:
        """Whether it can't run any more."""
        return self.report.phase in FINAL_PHASES

    @property
    def database(self) -> str:
        """Whose attempt it is; "" where its request isn't there."""
        return "" if self.spec is None else self.spec.database


def look(store: AttemptStore, attempt_id: str) -> Known:
    """Read an attempt's files. One whose records are damaged is lost: it may have run, and nobody can tell its end."""
    try:
        found = store.report(attempt_id)
    except (SpecError, RecordError, ValueError, KeyError) as error:
        return Known(None, _damaged(attempt_id, str(error)), supervised=False, stopping=False)
    return Known(
        found.spec,
        Report(
            attempt=attempt_id,
            phase=found.phase,
            started_at=found.started_at,
            ended_at=None if found.exit is None else found.exit.ended_at,
            exit=_exit(found),
            reason=_reason(store, found),
            acknowledged=found.acknowledged,
        ),
        supervised=found.supervised,
        stopping=found.stop_requested,
    )


def in_messages(reports: Iterable[Report]) -> Iterator[Attempts]:
    """The reports of a greeting, in as many messages as they need."""
    batch: List[Report] = []
    size = 0
    for report in reports:
        chosen = sendable(report)
        length = len(encode(Changed(chosen)))
        if batch and size + length > _MESSAGE_BYTES:
            yield Attempts(batch, last=False)
            batch, size = [], 0
        batch.append(chosen)
        size += length
    yield Attempts(batch, last=True)


def sendable(report: Report) -> Report:
    """The report; in place of one that no message can carry, one that says that its records are damaged."""
    try:
        encode(Changed(report))
    except (LocalProtocolError, ValueError) as error:
        return _damaged(report.attempt, str(error))
    return report


def _damaged(attempt_id: str, trouble: str) -> Report:
    return Report(attempt_id, LOST, reason=shortened(f"its records are damaged: {trouble}"))


def _exit(found: AttemptReport) -> Optional[Exit]:
    record = found.exit
    if record is None:
        return None
    peak = record.peaks.get("rss_mib")
    return Exit(
        code=None if record.unknown else record.code,
        signal=None if record.unknown else record.signal,
        reason=shortened(record.reason or ("exit code unknown: its supervisor died" if record.unknown else "")),
        duration_s=record.duration_s,
        peak_memory_mib=peak,
        dropped_bytes=sum(record.dropped.values()),
    )


def _reason(store: AttemptStore, found: AttemptReport) -> str:
    if found.phase == REVOKED:
        text = store.directory(found.attempt_id).read(REFUSAL_FILE)
        return "the launch was taken back" if text is None else shortened(text.decode("utf-8", "replace"))
    if found.phase == NEVER_RAN:
        return "the node could not start it"
    if found.phase == LOST:
        launched = store.directory(found.attempt_id).launch_record()
        if launched is not None and launched.process.boot_id != boot_id():
            return "node rebooted"
        return "job and supervisor are gone and left no exit code"
    return ""
