"""One attempt's output: indexed in order, read for progress and metrics, resumed after a kill."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from agent.logtail.eta import Estimator
from agent.logtail.index import BLOCK_LIMIT, Block, IndexFile
from agent.logtail.series import Point, Series, whole_lines
from agent.logtail.serve import read_history, read_log
from agent.logtail.tail import Tail, is_done

BOTH = ("stdout", "stderr")


def write(directory: Path, stream: str, data: bytes, start: int = 0) -> None:
    with (directory / f"{stream}.{start}").open("ab") as file:
        file.write(data)


def poll(tail: Tail, now: float) -> bool:
    """Take in all that is there now; False if nothing was."""
    is_any = tail.see(now)
    while tail.read(now):
        is_any = True
    return is_any


def everything(directory: Path, streams: tuple[str, ...] = BOTH) -> list[tuple[str, bytes]]:
    """All of the log as a reader gets it, piece by piece."""
    at = {"stdout": 0, "stderr": 0}
    block = 0
    found: list[tuple[str, bytes]] = []
    while True:
        piece = read_log(str(directory), at, streams, block)
        start = 0
        for chunk in piece.chunks:
            assert chunk.offset == at[chunk.stream]
            found.append((chunk.stream, piece.data[start : start + chunk.length]))
            start += chunk.length
            at[chunk.stream] = chunk.offset + chunk.length
        block = piece.block
        if not piece.more:
            return found


def values(directory: Path) -> list[tuple[str, float | None, float]]:
    lines = (directory / "series.jsonl").read_text().splitlines()
    return [(line["n"], line["s"], line["v"]) for line in map(json.loads, lines)]


def test_output_is_given_out_in_the_order_in_which_it_came(tmp_path: Path) -> None:
    tail = Tail(str(tmp_path), None)
    write(tmp_path, "stdout", b"one\n")
    assert poll(tail, 10.0)
    write(tmp_path, "stderr", b"oops\n")
    assert poll(tail, 11.0)
    write(tmp_path, "stdout", b"two\n")
    assert poll(tail, 12.0)
    assert not poll(tail, 13.0)
    assert everything(tmp_path) == [("stdout", b"one\n"), ("stderr", b"oops\n"), ("stdout", b"two\n")]
    assert everything(tmp_path, ("stderr",)) == [("stderr", b"oops\n")]
    tail.close()


def test_what_comes_soon_lengthens_the_last_block(tmp_path: Path) -> None:
    tail = Tail(str(tmp_path), None)
    for number in range(20):
        write(tmp_path, "stdout", b"%d\n" % number)
        poll(tail, 10.0 + number / 100)
    assert tail.index.count == 1
    (block,) = tail.index.blocks()
    assert block.length == 50
    tail.close()


def test_segments_follow_each_other(tmp_path: Path) -> None:
    tail = Tail(str(tmp_path), None)
    write(tmp_path, "stdout", b"a" * 10)
    poll(tail, 1.0)
    write(tmp_path, "stdout", b"b" * 10, start=10)
    poll(tail, 9.0)
    poll(tail, 9.0)
    assert b"".join(data for _, data in everything(tmp_path)) == b"a" * 10 + b"b" * 10
    tail.close()


def test_a_reader_in_the_middle_of_a_block_goes_on_there(tmp_path: Path) -> None:
    tail = Tail(str(tmp_path), None)
    write(tmp_path, "stdout", b"x" * (3 * BLOCK_LIMIT))
    while poll(tail, 1.0):
        pass
    piece = read_log(str(tmp_path), {"stdout": 100, "stderr": 0}, BOTH, 0)
    assert (piece.chunks[0].offset, len(piece.data), piece.more) == (100, BLOCK_LIMIT, True)
    assert sum(len(data) for _, data in everything(tmp_path)) == 3 * BLOCK_LIMIT
    tail.close()


def test_dropped_bytes_are_counted_once_where_they_were(tmp_path: Path) -> None:
    tail = Tail(str(tmp_path), None)
    write(tmp_path, "stdout", b"before|after")
    poll(tail, 1.0)
    (tmp_path / "gaps.jsonl").write_text('{"stream": "stdout", "offset": 7, "bytes": 99, "at": 1}\n{"stre')
    piece = read_log(str(tmp_path), {"stdout": 0, "stderr": 0}, BOTH, 0)
    assert [(chunk.offset, chunk.length, chunk.lost) for chunk in piece.chunks] == [(0, 7, 0), (7, 5, 99)]
    later = read_log(str(tmp_path), {"stdout": 9, "stderr": 0}, BOTH, 0)
    assert [(chunk.offset, chunk.lost) for chunk in later.chunks] == [(9, 0)]
    tail.close()


def test_bytes_that_retention_removed_are_counted(tmp_path: Path) -> None:
    tail = Tail(str(tmp_path), None)
    write(tmp_path, "stdout", b"a" * 10)
    poll(tail, 1.0)
    write(tmp_path, "stdout", b"b" * 10, start=10)
    poll(tail, 9.0)
    (tmp_path / "stdout.0").unlink()
    piece = read_log(str(tmp_path), {"stdout": 4, "stderr": 0}, BOTH, 0)
    assert piece.data == b"b" * 10
    assert sum(chunk.lost for chunk in piece.chunks) == 6
    tail.close()


@pytest.mark.parametrize("saved_after", [None, 1, 3])
def test_after_a_kill_no_value_is_doubled_or_lost(tmp_path: Path, saved_after: int | None) -> None:
    first = Tail(str(tmp_path), 10)
    for number in range(1, 5):
        write(tmp_path, "stdout", b"Epoch %d/10 loss=0.%d\n" % (number, number))
        poll(first, float(number))
        if number == saved_after:
            first.save()
    first.close()
    write(tmp_path, "stdout", b"Epoch 5/10 loss=0.5\n")
    second = Tail(str(tmp_path), 10)
    while poll(second, 6.0):
        pass
    assert [value for _, _, value in values(tmp_path)] == [0.1, 0.2, 0.3, 0.4, 0.5]
    reading = second.reading(6.0)
    assert reading is not None
    assert reading.latest == (("loss", 0.5),)
    second.finish(7.0)
    assert is_done(str(tmp_path))
    second.close()


def test_the_scripts_own_file_wins(tmp_path: Path) -> None:
    tail = Tail(str(tmp_path), None)
    write(tmp_path, "stdout", b"Epoch 1/10 loss=9 acc=0.5\n")
    poll(tail, 1.0)
    (tmp_path / "metrics.jsonl").write_bytes(b'{"progress": 0.7, "step": 3, "loss": 0.25}\n{"loss": ')
    poll(tail, 2.0)
    write(tmp_path, "stdout", b"Epoch 2/10 loss=8 acc=0.6\n")
    poll(tail, 3.0)
    assert values(tmp_path) == [("loss", 1, 9.0), ("acc", 1, 0.5), ("loss", 3, 0.25), ("acc", 2, 0.6)]
    reading = tail.reading(3.0)
    assert reading is not None
    assert reading.fraction == 0.7
    tail.close()


def test_a_metrics_file_that_is_no_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").mkdir()
    tail = Tail(str(tmp_path), None)
    assert not poll(tail, 1.0)
    tail.close()


def test_any_bytes_are_taken(tmp_path: Path) -> None:
    tail = Tail(str(tmp_path), None)
    data = bytes(range(256)) * 1000
    write(tmp_path, "stderr", data)
    while poll(tail, 1.0):
        pass
    tail.finish(2.0)
    assert b"".join(piece for _, piece in everything(tmp_path)) == data
    tail.close()


def test_a_torn_record_at_the_end_of_the_index_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "index"
    IndexFile(str(path)).extend([Block("stdout", 0, 5, 1.0)])
    with path.open("ab") as file:
        file.write(b"\x01\x02\x03")
    index = IndexFile(str(path))
    index.extend([Block("stderr", 0, 7, 2.0)])
    assert [(block.stream, block.length) for block in index.blocks()] == [("stdout", 5), ("stderr", 7)]


def test_a_series_that_grows_too_large_is_thinned(tmp_path: Path) -> None:
    (tmp_path / "series.jsonl").write_bytes(b'{"o":["stdout",0]}\n' * 500_000)
    series = Series(str(tmp_path))
    for number in range(100):
        series.add(Point("stdout", number + 1, "loss", number, 100.0 + number / 10, math.nan))
    before = (tmp_path / "series.jsonl").stat().st_size
    series.flush()
    added = (tmp_path / "series.jsonl").read_bytes()[before:].splitlines()
    assert len(added) == 10
    assert json.loads(added[0])["v"] == "nan"


def test_only_whole_lines_are_given_out(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"one\ntwo\nthr")
    assert whole_lines(str(path), 0, 100) == (b"one\ntwo\n", True)
    assert whole_lines(str(path), 0, 5) == (b"one\n", False)
    assert whole_lines(str(path), 8, 100) == (b"", True)
    assert whole_lines(str(tmp_path / "none"), 0, 5) == (b"", True)
    assert read_history(str(tmp_path), 0, 0) == (b"", b"", True)


def test_time_to_go_follows_the_recent_rate() -> None:
    estimator = Estimator()
    assert estimator.remaining_s(0.0) is None
    estimator.add(0.0, 0.0)
    assert estimator.remaining_s(1.0) is None
    for second in range(1, 11):
        estimator.add(float(second), second / 100)
    assert estimator.remaining_s(10.0) == pytest.approx(90.0)
    late = estimator.remaining_s(20.0)
    assert late is not None
    assert late > 90.0
    estimator.add(21.0, 0.01)
    assert estimator.remaining_s(22.0) is None


def test_old_points_leave_the_window() -> None:
    estimator = Estimator()
    for second in range(0, 3000, 10):
        estimator.add(float(second), second / 10_000 if second < 1500 else 0.15 + (second - 1500) / 2_000)
    assert estimator.remaining_s(2990.0) == pytest.approx((1 - 0.895) * 2000, rel=0.05)
