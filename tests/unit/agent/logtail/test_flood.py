"""Output that comes faster than it can be read for what it says."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from agent.logtail.cursor import StreamCursor
from agent.logtail.follow import LogTail
from agent.logtail.serve import read_log
from agent.logtail.tail import Reading, Tail, is_done
from tests.harness.waiting import eventually

ROWS = 20_000
LOG = b"".join(b"step %d loss=%d.5\n" % (number, number) for number in range(ROWS))


def served(directory: Path) -> bytes:
    """All of stdout that is given out now."""
    at = {"stdout": 0, "stderr": 0}
    block, found = 0, []
    while True:
        piece = read_log(str(directory), at, ("stdout", "stderr"), block)
        found.append(piece.data)
        for chunk in piece.chunks:
            at[chunk.stream] = chunk.offset + chunk.length
        block = piece.block
        if not piece.more:
            return b"".join(found)


def steps(directory: Path) -> list[int]:
    path = directory / "series.jsonl"
    return [json.loads(line)["s"] for line in path.read_text().splitlines()] if path.exists() else []


def test_all_is_given_out_before_any_of_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "stdout.0").write_bytes(LOG)
    tail = Tail(str(tmp_path), None)
    while tail.see(1.0):
        pass
    assert served(tmp_path) == LOG
    assert steps(tmp_path) == []
    while tail.read(2.0):
        pass
    assert steps(tmp_path) == list(range(ROWS))
    tail.close()


@pytest.mark.parametrize("is_saved", [False, True])
def test_after_a_kill_in_between_it_goes_on_in_both(tmp_path: Path, is_saved: bool) -> None:
    (tmp_path / "stdout.0").write_bytes(LOG[:300_001])
    first = Tail(str(tmp_path), None)
    while first.see(1.0):
        pass
    for _ in range(5):
        assert first.read(2.0)
    if is_saved:
        first.save()
        assert first.read(2.0)
    first.close()
    (tmp_path / "stdout.0").write_bytes(LOG)
    second = Tail(str(tmp_path), None)
    while second.see(3.0):
        pass
    assert served(tmp_path) == LOG
    assert len(steps(tmp_path)) < ROWS
    while second.read(4.0):
        pass
    assert steps(tmp_path) == list(range(ROWS))
    second.close()


def test_an_index_that_lost_its_end_is_completed(tmp_path: Path) -> None:
    (tmp_path / "stdout.0").write_bytes(LOG)
    first = Tail(str(tmp_path), None)
    while first.see(1.0):
        pass
    first.read(1.0)
    first.save()
    first.close()
    index = (tmp_path / "index").read_bytes()
    (tmp_path / "index").write_bytes(index[:50])
    second = Tail(str(tmp_path), None)
    second.see(2.0)
    assert served(tmp_path) == LOG
    second.close()


def test_what_was_removed_before_it_was_read_is_passed_over(tmp_path: Path) -> None:
    tail = Tail(str(tmp_path), None)
    (tmp_path / "stdout.0").write_bytes(b"step 1 loss=1\n")
    tail.see(1.0)
    (tmp_path / "stdout.14").write_bytes(b"step 2 loss=2\n")
    (tmp_path / "stdout.0").unlink()
    (tmp_path / "stdout.14").rename(tmp_path / "stdout.28")
    tail.see(2.0)
    while tail.read(3.0):
        pass
    assert steps(tmp_path) == [2]
    tail.close()


def test_a_cursor_waits_for_the_segment_that_follows(tmp_path: Path) -> None:
    cursor = StreamCursor(str(tmp_path), "stdout")
    assert cursor.skip(10) == 0
    (tmp_path / "stdout.0").write_bytes(b"abc")
    assert (cursor.skip(2), cursor.skip(2), cursor.skip(2)) == (2, 1, 0)
    (tmp_path / "stdout.3").write_bytes(b"de")
    assert (cursor.skip(9), cursor.offset) == (2, 5)
    cursor.close()


async def test_output_is_whole_before_reading_it_is_over(tmp_path: Path) -> None:
    (tmp_path / "stdout.0").write_bytes(LOG)
    told: list[Reading] = []
    tail = LogTail(lambda _: str(tmp_path), lambda _, reading: told.append(reading))
    tail.follow("a", None)
    tail.end("a")
    running = asyncio.ensure_future(tail.run())
    try:
        await eventually(lambda: not tail.is_growing("a"))
        assert served(tmp_path) == LOG
        assert tail.is_reading("a")
        assert not is_done(str(tmp_path))
        await eventually(lambda: not tail.is_reading("a"))
        assert is_done(str(tmp_path))
        assert steps(tmp_path) == list(range(ROWS))
        assert told[-1].latest == (("loss", ROWS - 0.5),)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        tail.close()
