from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest

from agent.protocol import messages as wire
from console.backends.agents.translate import (
    WrongReport,
    chunks_of,
    facts_of,
    metrics_of,
    progress_of,
    read_cursor,
    report_of,
    sampled_of,
    samples_of,
    write_cursor,
)
from console.domain.jobs import AttemptPhase, Outcome
from console.domain.resources import Resources
from console.ports import LogChunk

ATTEMPT = "01ARZ3NDEKTSV4RRFFQ69G5FAV-1"
WELCOME = wire.Welcome(
    1, "0.1", "key", "boot", "host", 8, 4096, [wire.Gpu("A", 0, "H200", 100), wire.Gpu("B", 1, "H200", 100)]
)
SAMPLE = {
    "time": 1.0,
    "cpu_percent": 99.5,
    "memory_mib": 10.5,
    "read_bytes_s": 0.0,
    "write_bytes_s": None,
    "node_rx_bytes_s": 1.0,
    "node_tx_bytes_s": 2.0,
    "gpus": [{"uuid": "A", "utilisation_percent": 5, "used_mib": None}],
}


def test_what_other_databases_hold_is_not_on_offer() -> None:
    assert facts_of(WELCOME).capacity == Resources(8, 4096, 2)
    held = replace(WELCOME, foreign_cpus=3, foreign_memory_mib=5000, foreign_gpus=["A"])
    assert facts_of(held).capacity == Resources(5, 0, 1)
    assert [gpu.uuid for gpu in facts_of(held).gpus] == ["B"]


def test_a_machine_that_cannot_be_is_refused() -> None:
    with pytest.raises(WrongReport, match="than any machine"):
        facts_of(replace(WELCOME, cpus=10**9))


@pytest.mark.parametrize(
    ("phase", "expected"),
    [
        ("prepared", AttemptPhase.ACCEPTED),
        ("launching", AttemptPhase.ACCEPTED),
        ("running", AttemptPhase.RUNNING),
        ("revoked", AttemptPhase.NEVER_RAN),
        ("never_ran", AttemptPhase.NEVER_RAN),
        ("lost", AttemptPhase.LOST),
    ],
)
def test_phases(phase: str, expected: AttemptPhase) -> None:
    assert report_of(wire.Report(ATTEMPT, phase)).phase is expected


def test_an_end_says_how() -> None:
    end = wire.Report(ATTEMPT, "ended", 1.0, 2.0, wire.Exit(None, 9, "time limit", 1.0, 5.0, 3), acknowledged=True)
    report = report_of(end)
    assert report.outcome == Outcome(None, 9, "time limit", 1.0, 5.0, 3)
    assert report.is_acknowledged
    with pytest.raises(WrongReport, match="without saying how"):
        report_of(replace(end, exit=None))


@pytest.mark.parametrize("report", [wire.Report(ATTEMPT, "dancing"), wire.Report("../../x", "running")])
def test_reports_that_cannot_be(report: wire.Report) -> None:
    with pytest.raises(WrongReport):
        report_of(report)


def test_progress() -> None:
    read = progress_of(wire.Progressed(ATTEMPT, 1.0, 0.5, 3.0, [wire.Value("loss", -1.5), wire.Value("lr", None)]))
    assert read.progress.latest[0] == ("loss", -1.5)
    assert math.isnan(read.progress.latest[1][1])
    with pytest.raises(WrongReport, match="more than the whole"):
        progress_of(wire.Progressed(ATTEMPT, 1.0, 1.5))


def test_a_sample_of_an_attempt_that_cannot_be() -> None:
    node = wire.NodeUse(1.0, None, None, None, None, None, None, None)
    with pytest.raises(WrongReport):
        sampled_of("n", wire.Sampled(node, {"x": wire.AttemptUse(1.0, None, None, None, None, None, None)}))


def test_log_chunks() -> None:
    answer = wire.LogData(1, [wire.Chunk("stdout", 5, 2, 1.0), wire.Chunk("stderr", 0, 1, 2.0, 9)], 3, ended=False)
    assert chunks_of(answer, b"abc") == (LogChunk("stdout", 5, 1.0, b"ab"), LogChunk("stderr", 0, 2.0, b"c", 9))
    with pytest.raises(WrongReport, match="another amount"):
        chunks_of(answer, b"abcd")
    with pytest.raises(WrongReport, match="doesn't exist"):
        chunks_of(wire.LogData(1, [wire.Chunk("stdin", 0, 1, 1.0)], 0, ended=False), b"a")


def test_series_and_samples() -> None:
    lines = b'{"n":"loss","s":1,"t":2.5,"v":0.5,"o":["stdout",3]}\n{"n":"lr","s":null,"t":3,"v":"nan"}\n'
    first, second = metrics_of(lines)
    assert (first.name, first.step, first.time, first.value) == ("loss", 1.0, 2.5, 0.5)
    assert second.step is None
    assert math.isnan(second.value)
    (sample,) = samples_of(json.dumps(SAMPLE).encode() + b"\n")
    assert (sample.cpu_percent, sample.write_bytes_s, sample.gpus) == (99.5, None, (("A", 5.0, None),))


@pytest.mark.parametrize(
    "lines",
    [
        b"{\n",
        b"[" * 100_000,
        b'{"n":"a","s":1,"t":-1,"v":0}\n',
        b'{"n":"a","s":NaN,"t":1,"v":0}\n',
        b'{"n":"a","t":1,"v":0}\n',
        b'{"n":"a","s":1,"t":1e300,"v":0}\n',
        b"3\n",
    ],
    ids=["cut", "deep", "negative time", "step", "missing", "huge", "number"],
)
def test_records_that_cannot_be(lines: bytes) -> None:
    with pytest.raises(WrongReport):
        metrics_of(lines)


def test_cursors() -> None:
    assert read_cursor("") == (0, 0)
    assert read_cursor(write_cursor(12, 7)) == (12, 7)


@pytest.mark.parametrize("time", [-1.0, 253_402_300_800.0, 2.0**53])
def test_a_time_that_is_no_date_is_refused(time: float) -> None:
    nothing: dict[str, Any] = {each.name: None for each in fields(wire.NodeUse)} | {"time": 1.0, "gpus": []}
    node = wire.NodeUse(**nothing)
    unused: dict[str, Any] = {each.name: None for each in fields(wire.AttemptUse)} | {"time": time, "gpus": []}
    use = wire.AttemptUse(**unused)
    exit_ = wire.Exit(0, None, "", 1.0)
    told: list[Callable[[], object]] = [
        lambda: report_of(wire.Report(ATTEMPT, "running", time)),
        lambda: report_of(wire.Report(ATTEMPT, "ended", 1.0, time, exit_)),
        lambda: progress_of(wire.Progressed(ATTEMPT, time)),
        lambda: sampled_of("n1", wire.Sampled(replace(node, time=time), {})),
        lambda: sampled_of("n1", wire.Sampled(node, {ATTEMPT: use})),
        lambda: chunks_of(wire.LogData(1, [wire.Chunk("stdout", 0, 1, time)], 0, False), b"x"),
        lambda: metrics_of(json.dumps({"n": "loss", "s": 1, "t": time, "v": 1}).encode()),
        lambda: samples_of(json.dumps(SAMPLE | {"time": time}).encode()),
    ]
    for tell in told:
        with pytest.raises(WrongReport):
            tell()


def test_the_last_second_of_the_last_year_is_a_date() -> None:
    assert report_of(wire.Report(ATTEMPT, "running", 253_402_300_799.0)).started_at == 253_402_300_799.0
