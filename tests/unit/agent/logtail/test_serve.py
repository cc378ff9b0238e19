"""What is given out of an attempt's log when its records are damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.logtail.serve import read_log
from agent.logtail.tail import Tail


def test_a_gap_that_was_cut_short_costs_only_itself(tmp_path: Path) -> None:
    (tmp_path / "stdout.0").write_bytes(b"onetwo")
    tail = Tail(str(tmp_path), None)
    tail.see(1.0)
    tail.close()
    whole = b'{"stream":"stdout","offset":3,"bytes":5}'
    damaged = [b'{"stream":"st' + whole, b"7", b"{}", b'{"stream":"x","offset":1,"bytes":1}', b"\xff"]
    (tmp_path / "gaps.jsonl").write_bytes(b"\n".join([*damaged, whole, b'{"stream":']))
    piece = read_log(str(tmp_path), {"stdout": 0, "stderr": 0}, ("stdout",), 0)
    assert piece.data == b"onetwo"
    assert [(chunk.offset, chunk.lost) for chunk in piece.chunks] == [(0, 0), (3, 5)]


def written(directory: Path) -> None:
    """Three rounds of output: stdout 0-9, stderr 0-4, stdout 10-19."""
    tail = Tail(str(directory), None)
    (directory / "stdout.0").write_bytes(b"0123456789")
    tail.see(1.0)
    (directory / "stderr.0").write_bytes(b"vwxyz")
    tail.see(2.0)
    (directory / "stdout.0").write_bytes(b"0123456789abcdefghij")
    tail.see(3.0)
    tail.close()


@pytest.mark.parametrize(
    ("size", "streams", "expected"),
    [
        (4, ("stdout", "stderr"), [("stdout", 16, b"ghij")]),
        (10, ("stdout", "stderr"), [("stdout", 10, b"abcdefghij")]),
        (12, ("stdout", "stderr"), [("stderr", 3, b"yz"), ("stdout", 10, b"abcdefghij")]),
        (17, ("stdout", "stderr"), [("stdout", 8, b"89"), ("stderr", 0, b"vwxyz"), ("stdout", 10, b"abcdefghij")]),
        (12, ("stdout",), [("stdout", 8, b"89"), ("stdout", 10, b"abcdefghij")]),
        (99, ("stderr",), [("stderr", 0, b"vwxyz")]),
    ],
)
def test_a_tail_is_the_last_that_came(
    tmp_path: Path, size: int, streams: tuple[str, ...], expected: list[tuple[str, int, bytes]]
) -> None:
    written(tmp_path)
    piece = read_log(str(tmp_path), {"stdout": 0, "stderr": 0}, streams, 0, size)
    found, start = [], 0
    for chunk in piece.chunks:
        assert chunk.lost == 0
        found.append((chunk.stream, chunk.offset, piece.data[start : start + chunk.length]))
        start += chunk.length
    assert found == expected
    at = dict.fromkeys(("stdout", "stderr"), 0)
    at.update({chunk.stream: chunk.offset + chunk.length for chunk in piece.chunks})
    assert read_log(str(tmp_path), at, streams, piece.block, size).chunks == []
