from __future__ import annotations

import pytest

from agent.core.lifecycle import (
    ABSENT,
    ENDED,
    LAUNCHING,
    LOST,
    NEVER_RAN,
    PREPARED,
    REVOKED,
    RUNNING,
    AttemptFacts,
    ExitRecord,
    RecordError,
    derive,
)

LAUNCH = AttemptFacts(spec=True, intent="launch")


@pytest.mark.parametrize(
    ("facts", "phase"),
    [
        (AttemptFacts(), ABSENT),
        (AttemptFacts(lock_held=True), ABSENT),
        (AttemptFacts(spec=True), PREPARED),
        (AttemptFacts(spec=True, lock_held=True), PREPARED),
        (AttemptFacts(intent="revoked"), REVOKED),
        (AttemptFacts(spec=True, intent="revoked"), REVOKED),
        (AttemptFacts(spec=True, intent="launch", lock_held=True), LAUNCHING),
        (AttemptFacts(spec=True, intent="launch"), NEVER_RAN),
        (AttemptFacts(spec=True, intent="launch", lock_held=True, same_boot=False), NEVER_RAN),
        (AttemptFacts(spec=True, intent="launch", lock_held=True, gate=True), LAUNCHING),
        (AttemptFacts(spec=True, intent="launch", lock_held=True, gate=True, started=True), RUNNING),
        (AttemptFacts(spec=True, intent="launch", gate=True), LOST),
        (AttemptFacts(spec=True, intent="launch", gate=True, started=True), LOST),
        (AttemptFacts(spec=True, intent="launch", lock_held=True, gate=True, started=True, same_boot=False), LOST),
        (AttemptFacts(spec=True, intent="launch", gate=True, started=True, exit=True), ENDED),
        (AttemptFacts(spec=True, intent="launch", gate=True, lock_held=True, exit=True), ENDED),
        (AttemptFacts(spec=True, intent="launch", gate=True, exit=True, same_boot=False), ENDED),
        (AttemptFacts(spec=True, intent="launch", exit=True), ENDED),
    ],
)
def test_the_phase_follows_from_the_facts(facts: AttemptFacts, phase: str) -> None:
    assert derive(facts) == phase


def test_an_exit_record_survives_its_json() -> None:
    record = ExitRecord(None, 9, False, "out of memory", 1.5, 2.5, 1.0, {"stdout": 3}, 2, {"rss_mib": 4.5})
    assert ExitRecord.from_json(record.to_json()) == record


@pytest.mark.parametrize("text", ["", "[]", "null", "{}", '{"unknown": false, "ended_at": "x", "duration_s": 1}'])
def test_a_damaged_exit_record_is_refused(text: str) -> None:
    with pytest.raises(RecordError, match="exit record is damaged"):
        ExitRecord.from_json(text)
