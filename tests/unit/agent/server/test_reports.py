"""Reports of attempts whose records are too large or damaged: they never cost the others their link."""

from __future__ import annotations

import json
import math
from pathlib import Path

from agent.core.lifecycle import LOST, ExitRecord
from agent.core.spec import LaunchSpec
from agent.host.attempts import AttemptStore
from agent.protocol.codec import encode
from agent.protocol.framing import MAX_FRAME
from agent.protocol.messages import Exit, Report
from agent.server.reports import REFUSAL_FILE, in_messages, look, sendable

JOB = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


def failed(number: int, reason: str) -> Report:
    return Report(f"{JOB}-{number}", "ended", 1.0, 2.0, Exit(127, None, reason, 1.0))


def test_a_greeting_is_cut_by_what_its_messages_weigh() -> None:
    reports = [failed(number, "😀" * 30_000) for number in range(1, 6)]
    messages = list(in_messages(reports))
    assert [report for message in messages for report in message.reports] == reports
    assert [message.last for message in messages] == [False] * (len(messages) - 1) + [True]
    assert all(len(encode(message)) < MAX_FRAME for message in messages)
    assert [message.last for message in in_messages([])] == [True]


def test_a_report_that_no_message_can_carry_is_told_as_damaged() -> None:
    for report in (failed(1, "😀" * 100_000), Report(f"{JOB}-1", "ended", math.nan)):
        told = sendable(report)
        assert (told.attempt, told.phase) == (report.attempt, LOST)
        assert "damaged" in told.reason
    (message,) = in_messages([failed(1, "😀" * 100_000), failed(2, "no")])
    assert [report.phase for report in message.reports] == [LOST, "ended"]


def test_long_reasons_on_the_disk_are_told_short(tmp_path: Path) -> None:
    store = AttemptStore(str(tmp_path))
    for ordinal in (1, 2):
        store.prepare(LaunchSpec(f"{JOB}-{ordinal}", JOB, ["true"], "11111111-1111-4111-8111-111111111111", 1.0))
    record = ExitRecord(127, None, False, "😀" * 30_000, 1.0, 2.0, 1.0)
    Path(store.directory(f"{JOB}-1").file("exit.json")).write_text(json.dumps(json.loads(record.to_json())))
    store.revoke(f"{JOB}-2")
    Path(store.directory(f"{JOB}-2").file(REFUSAL_FILE)).write_text("😀" * 30_000)
    ended = look(store, f"{JOB}-1").report
    assert ended.exit is not None
    assert len(ended.exit.reason.encode()) <= 1024
    assert len(look(store, f"{JOB}-2").report.reason.encode()) <= 1024
