from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from agent.core.lifecycle import ABSENT, ENDED, LAUNCHING, LOST, NEVER_RAN, PREPARED, REVOKED, ExitRecord, RecordError
from agent.core.spec import LaunchSpec
from agent.host.attempts import AttemptError, AttemptStore, claim_launch
from agent.host.locks import acquire
from agent.host.segments import LogRangeGone

JOB = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
ATTEMPT = f"{JOB}-1"
SPEC = LaunchSpec(ATTEMPT, JOB, ["true"], "11111111-1111-4111-8111-111111111111", 1.0)


@pytest.fixture
def store(tmp_path: Path) -> AttemptStore:
    return AttemptStore(str(tmp_path))


def touch(store: AttemptStore, name: str, data: bytes = b"{}") -> None:
    Path(store.directory(ATTEMPT).file(name)).write_bytes(data)


def test_preparing_again_keeps_the_first_request(store: AttemptStore) -> None:
    assert store.phase(ATTEMPT) == ABSENT
    assert store.prepare(SPEC) == PREPARED
    assert store.prepare(replace(SPEC, argv=["false"])) == PREPARED
    assert store.report(ATTEMPT).spec == SPEC
    assert store.list_ids() == [ATTEMPT]


def test_an_unknown_attempt_is_absent(store: AttemptStore) -> None:
    assert store.report(ATTEMPT).phase == ABSENT
    for act in (lambda: store.request_stop(ATTEMPT, "x", 1), lambda: store.acknowledge(ATTEMPT)):
        with pytest.raises(AttemptError, match="there is no attempt"):
            act()


@pytest.mark.parametrize("text", ["../x-1", "", ".", f"{JOB}-1/../..", JOB])
def test_what_is_no_id_never_becomes_a_path(store: AttemptStore, text: str) -> None:
    with pytest.raises(AttemptError, match="is not an attempt id"):
        store.phase(text)


def test_revoked_before_it_arrives_stays_revoked(store: AttemptStore) -> None:
    assert store.revoke(ATTEMPT)
    assert store.prepare(SPEC) == REVOKED
    assert not claim_launch(store.directory(ATTEMPT))
    assert store.revoke(ATTEMPT)


def test_claimed_once_it_can_be_neither_claimed_nor_revoked(store: AttemptStore) -> None:
    store.prepare(SPEC)
    assert claim_launch(store.directory(ATTEMPT))
    assert not claim_launch(store.directory(ATTEMPT))
    assert not store.revoke(ATTEMPT)


def test_the_lock_decides_between_launching_and_never_ran(store: AttemptStore) -> None:
    store.prepare(SPEC)
    lock = acquire(store.directory(ATTEMPT).file("lock"), 1.0)
    assert lock is not None
    claim_launch(store.directory(ATTEMPT))
    assert store.phase(ATTEMPT) == LAUNCHING
    with pytest.raises(AttemptError, match="only one that can't run any more may be removed"):
        store.forget(ATTEMPT)
    os.close(lock)
    assert store.phase(ATTEMPT) == NEVER_RAN
    touch(store, "gate")
    assert store.phase(ATTEMPT) == LOST


@pytest.mark.parametrize("data", [b"", b"[]", b'{"pid": 1}'])
def test_a_damaged_record_is_said_in_a_sentence(store: AttemptStore, data: bytes) -> None:
    store.prepare(SPEC)
    touch(store, "pid.json", data)
    with pytest.raises(RecordError, match="record of the job's process is damaged"):
        store.phase(ATTEMPT)


def test_the_report_of_an_ended_attempt_has_everything(store: AttemptStore) -> None:
    store.prepare(SPEC)
    claim_launch(store.directory(ATTEMPT))
    record = ExitRecord(1, None, False, None, 5.0, 6.0, 1.0)
    touch(store, "gate")
    touch(store, "started", b'{"at": 5.0}')
    touch(store, "stdout.0", b"hello")
    touch(store, "exit.json", record.to_json().encode())
    report = store.report(ATTEMPT)
    assert (report.phase, report.exit, report.started_at) == (ENDED, record, 5.0)
    assert report.log_sizes == {"stdout": 5, "stderr": 0}
    assert not report.acknowledged
    store.acknowledge(ATTEMPT)
    store.acknowledge(ATTEMPT)
    assert store.report(ATTEMPT).acknowledged


def test_what_is_forgotten_is_gone_but_for_the_checkpoints(store: AttemptStore) -> None:
    store.prepare(SPEC)
    checkpoint = Path(store.directory(ATTEMPT).file("checkpoints")) / "model"
    checkpoint.write_bytes(b"x")
    with pytest.raises(AttemptError, match="is prepared"):
        store.forget(ATTEMPT)
    store.revoke(ATTEMPT)
    store.forget(ATTEMPT)
    assert store.list_ids() == []
    assert os.listdir(os.path.join(store.root, "attempts")) == []
    assert (Path(store.root) / "checkpoints" / JOB / "model").read_bytes() == b"x"


def test_a_removal_that_was_cut_short_is_finished(store: AttemptStore) -> None:
    leftover = Path(store.root) / "attempts" / ".removed-0123"
    leftover.mkdir()
    (leftover / "stdout.0").write_bytes(b"x")
    AttemptStore(store.root)
    assert not leftover.exists()


def test_logs_are_read_by_stream_and_offset(store: AttemptStore) -> None:
    store.prepare(SPEC)
    touch(store, "stdout.4", b"hello")
    assert store.log_size(ATTEMPT, "stdout") == 9
    assert store.log_range(ATTEMPT, "stdout", 5, 3) == b"ell"
    with pytest.raises(LogRangeGone):
        store.log_range(ATTEMPT, "stdout", 0, 3)
    with pytest.raises(AttemptError, match="is not a stream"):
        store.log_range(ATTEMPT, "../spec", 0, 3)
    with pytest.raises(AttemptError, match="0 or more"):
        store.log_range(ATTEMPT, "stdout", -1, 3)
