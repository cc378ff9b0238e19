from __future__ import annotations

import errno
import json
import os
import resource
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.host.segments import read_range
from agent.supervisor import pump
from agent.supervisor.pump import DropCounter, DropCounters, StreamPump, recorded_drops


@pytest.fixture
def fifo(tmp_path: Path) -> Iterator[int]:
    os.mkfifo(tmp_path / "out.fifo")
    descriptor = os.open(tmp_path / "out.fifo", os.O_RDWR | os.O_NONBLOCK)
    yield descriptor
    os.close(descriptor)


@pytest.fixture
def drops() -> DropCounter:
    return DropCounters(1).of(0)


def in_child(action: Callable[[], None]) -> None:
    """Run where limits and descriptors are nobody else's."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            action()
            code = 0
        except BaseException:  # noqa: BLE001 - a fork must not return into the test run
            traceback.print_exc()
        finally:
            os._exit(code)
    assert os.waitpid(pid, 0)[1] == 0


def test_segments_roll_at_their_size_and_a_new_pump_goes_on(tmp_path: Path, fifo: int, drops: DropCounter) -> None:
    written = b""
    for round_number in range(4):
        stream = StreamPump(str(tmp_path), "stdout", fifo, 1000, drops)
        data = bytes([65 + round_number]) * 700
        os.write(fifo, data)
        written += data
        stream.finish()
    assert read_range(str(tmp_path), "stdout", 0, 10_000) == written
    assert sorted(path.name for path in tmp_path.glob("stdout.*")) == ["stdout.0", "stdout.1000", "stdout.2000"]


def test_a_full_disk_drops_and_counts_and_the_gap_is_recorded(tmp_path: Path, fifo: int, drops: DropCounter) -> None:
    def fill() -> None:
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        stream = StreamPump(str(tmp_path), "stdout", fifo, 1 << 20, drops)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1500, hard))
        for _ in range(4):
            os.write(fifo, b"x" * 1000)
            while stream.move():
                continue
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        os.write(fifo, b"after")
        stream.finish()

    in_child(fill)
    kept = read_range(str(tmp_path), "stdout", 0, 10_000)
    assert kept == b"x" * 1500 + b"after"
    assert len(kept) + drops.value == 4005
    gap = json.loads((tmp_path / "gaps.jsonl").read_text())
    assert (gap["stream"], gap["bytes"]) == ("stdout", 2500)
    assert recorded_drops(str(tmp_path), "stdout") == 2500
    assert recorded_drops(str(tmp_path), "stderr") == 0


def test_without_splice_it_copies(
    tmp_path: Path, fifo: int, drops: DropCounter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: int, target: int, length: int) -> int:
        raise OSError(errno.EINVAL, "not here")

    monkeypatch.setattr(pump, "splice", refuse)

    def copy() -> None:
        stream = StreamPump(str(tmp_path), "stdout", fifo, 1000, drops)
        for number in range(10):
            os.write(fifo, str(number).encode() * 300)
            stream.move()
        stream.finish()
        assert stream.move() == 0

    in_child(copy)
    expected = b"".join(str(number).encode() * 300 for number in range(10))
    assert read_range(str(tmp_path), "stdout", 0, 10_000) == expected


def test_a_gap_that_the_full_disk_cut_short_is_written_whole_later(
    tmp_path: Path, fifo: int, drops: DropCounter
) -> None:
    def fill() -> None:
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        stream = StreamPump(str(tmp_path), "stdout", fifo, 1 << 20, drops)
        drops.add(7)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
        os.write(fifo, b"x")
        stream.move()
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        stream.finish()

    in_child(fill)
    (line,) = (tmp_path / "gaps.jsonl").read_bytes().splitlines()
    assert json.loads(line)["bytes"] == 7


def test_damaged_gaps_are_passed_over(tmp_path: Path) -> None:
    whole = b'{"stream":"stdout","offset":1,"bytes":5}'
    (tmp_path / "gaps.jsonl").write_bytes(b"\n".join([b'{"stream":"st' + whole, b"7", b"{}", b"[]", whole, b""]))
    assert recorded_drops(str(tmp_path), "stdout") == 5
