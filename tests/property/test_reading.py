"""Reading logs: the split of the bytes never matters, nothing raises, fractions are fractions."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.reading import Finding, Hints, LineLevels, LogReader, Metric, Progress, display_line, parse_metrics_line

BAR = "\rtrain:  45%|████▌     | 109/240 [00:02<00:02, 57.90it/s, loss=0.31]"
FRAGMENTS = [
    BAR,
    "\rEpoch 1:  50%|#####     | 5/10 [00:01<00:01,  5.0it/s]\x1b[A",
    "\r" + " " * 40 + "\r",
    "\n",
    "\r\n",
    "Epoch 3/10 - loss: 0.31 - val_acc: 50.5%\n",
    "step 120/1000 loss=nan grad_norm=inf\n",
    "2026-01-02 10:00:00,123 - train - ERROR - disk full\n",
    'Traceback (most recent call last):\n  File "x.py", line 1\nValueError: x\n',
    '{"level": "warning", "step": 3, "loss": 0.3}\n',
    "{'loss': '3.8', 'epoch': '0.17'}\n",
    "epoch,train_loss,val_loss\n",
    "1,0.5,0.6\n",
    "max_iters = 300\n",
    "\x1b[32mINFO\x1b[0m ok\n",
    "[10]\tvalid-auc:0.93\n",
    "\x00\xff]",
    "[0:00<",
]

text = st.lists(st.one_of(st.sampled_from([f.encode() for f in FRAGMENTS]), st.binary(max_size=20)), max_size=25).map(
    b"".join
)
hints = st.builds(Hints, st.one_of(st.none(), st.integers(min_value=1, max_value=100)))
cuts = st.lists(st.integers(min_value=0, max_value=2000), max_size=12)


def comparable(findings: list[Finding]) -> list[str]:
    """nan is not equal to itself, its text is."""
    return [repr(f) for f in findings]


def pieces(data: bytes, at: list[int]) -> list[bytes]:
    edges = [0, *sorted(min(a, len(data)) for a in at), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


@given(text, cuts, hints, st.sampled_from(["stdout", "stderr"]))
@settings(max_examples=150, deadline=None)
def test_any_split_gives_the_same_findings(data: bytes, at: list[int], typed: Hints, stream: str) -> None:
    whole = LogReader(typed)
    expected = whole.feed(stream, data) + whole.finish()
    reader = LogReader(typed)
    found = [f for piece in pieces(data, at) for f in reader.feed(stream, piece)] + reader.finish()
    assert comparable(found) == comparable(expected)


@given(text)
@settings(max_examples=60, deadline=None)
def test_byte_by_byte_gives_the_same_findings(data: bytes) -> None:
    whole, reader = LogReader(), LogReader()
    expected = whole.feed("stderr", data) + whole.finish()
    found = [f for i in range(len(data)) for f in reader.feed("stderr", data[i : i + 1])] + reader.finish()
    assert comparable(found) == comparable(expected)


@given(text, text, cuts, hints)
@settings(max_examples=100, deadline=None)
def test_a_restored_reader_goes_on_as_the_first_would(out: bytes, err: bytes, at: list[int], typed: Hints) -> None:
    first = LogReader(typed)
    second = LogReader(typed)
    for piece in pieces(out, at):
        expected = first.feed("stdout", piece) + first.feed("stderr", err)
        snapshot: Any = json.loads(json.dumps(second.snapshot(), allow_nan=False))
        second = LogReader.restore(snapshot)
        assert comparable(second.feed("stdout", piece) + second.feed("stderr", err)) == comparable(expected)
    assert comparable(second.finish()) == comparable(first.finish())


@given(text, cuts)
@settings(max_examples=80, deadline=None)
def test_levels_alone_are_the_levels_of_the_reader(data: bytes, at: list[int]) -> None:
    reader = LogReader()
    expected = [f for f in reader.feed("stderr", data) + reader.finish() if not isinstance(f, (Progress, Metric))]
    levels = LineLevels("stderr")
    found = []
    for piece in pieces(data, at):
        found += levels.feed(piece)
        levels = LineLevels.restore(json.loads(json.dumps(levels.snapshot())))
    assert found + levels.finish() == expected


@given(text, hints)
@settings(max_examples=150, deadline=None)
def test_findings_stay_within_their_bounds(data: bytes, typed: Hints) -> None:
    reader = LogReader(typed)
    line_ends = [0]
    for finding in reader.feed("stderr", data) + reader.finish():
        if isinstance(finding, Progress):
            assert 0 <= finding.fraction <= 1
        elif isinstance(finding, Metric):
            assert finding.name.strip()
            assert finding.step is None or math.isfinite(finding.step)
        else:
            assert finding.offset == line_ends[-1]
            line_ends.append(finding.end)
        assert finding.offset <= len(data)
    assert line_ends[-1] == len(data)
    assert len(line_ends) - 1 == data.count(b"\n") + (not data.endswith(b"\n") and data != b"")


@given(st.one_of(st.binary(max_size=200), text))
@settings(max_examples=150, deadline=None)
def test_lines_and_side_files_never_raise(data: bytes) -> None:
    assert "\r" not in display_line(data)
    said = parse_metrics_line(data)
    assert said.progress is None or 0 <= said.progress <= 1
