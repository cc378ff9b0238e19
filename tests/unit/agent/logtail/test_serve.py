"""What is given out of an attempt's log when its records are damaged."""

from __future__ import annotations

from pathlib import Path

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
