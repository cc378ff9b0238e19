"""Moves a job's output from its FIFOs into segment files, so that being killed at any moment loses nothing."""

from __future__ import annotations

import contextlib
import errno
import json
import mmap
import os
import select
import struct
import time
from typing import List, Optional

from agent.host.durable import sync_directory, write_all
from agent.host.failpoints import failpoint
from agent.host.records import append_whole
from agent.host.segments import segments
from agent.host.syscalls import splice, tee

CHUNK = 1 << 20
GAPS_FILE = "gaps.jsonl"

# The disk doesn't take more, or the directory was removed: the job goes on, its bytes are counted and dropped.
_REFUSALS = frozenset((errno.ENOENT, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS))
_IDLE_S = 60.0
# A job that prints line by line would wake the pump for each one; the pipe holds far more than comes in this time.
_GATHER_BELOW = 16 << 10
_GATHER_S = 0.005
# Somebody who escaped the sweep may still write: the end must come nevertheless.
_DRAIN_S = 10.0


class DropCounters:
    """Bytes dropped per stream, in memory shared with the process that restarts the pump."""

    def __init__(self, streams: int) -> None:
        self._memory = mmap.mmap(-1, 8 * streams)

    def of(self, stream: int) -> DropCounter:
        """The counter of one stream."""
        return DropCounter(self._memory, 8 * stream)


class DropCounter:
    """The dropped bytes of one stream."""

    def __init__(self, memory: mmap.mmap, place: int) -> None:
        self._memory = memory
        self._place = place

    @property
    def value(self) -> int:
        """The bytes dropped so far."""
        return int(struct.unpack_from("=Q", self._memory, self._place)[0])

    def add(self, count: int) -> None:
        """Count more; only one process writes at a time."""
        struct.pack_into("=Q", self._memory, self._place, self.value + count)


class StreamPump:
    """One stream: its FIFO, the segment being written, the gaps."""

    def __init__(self, directory: str, stream: str, fifo: int, segment_bytes: int, drops: DropCounter) -> None:
        self.fifo = fifo
        self._directory = directory
        self._stream = stream
        self._segment_bytes = segment_bytes
        self._drops = drops
        self._file: Optional[int] = None
        self._start = 0
        self._size = 0
        self._side: Optional[List[int]] = None
        self._recorded_drops = recorded_drops(directory, stream)
        self._resume()

    def move(self) -> int:
        """Take what the FIFO holds, up to 1 MiB: kept, or counted as dropped. 0 if it is empty."""
        try:
            moved = self._keep()
        except BlockingIOError:
            return 0
        except OSError as error:
            if error.errno not in _REFUSALS:
                raise
            return self._drop()
        if moved:
            failpoint("pump.moved")
            self._record_gap()
        return moved

    def finish(self) -> None:
        """Empty the FIFO and put the log on the disk."""
        deadline = time.monotonic() + _DRAIN_S
        while self.move() and time.monotonic() < deadline:
            continue
        self._record_gap()
        if self._file is not None:
            os.fdatasync(self._file)

    def _resume(self) -> None:
        found = segments(self._directory, self._stream)
        if found:
            self._start, self._size = found[-1].start, found[-1].size
            self._file = os.open(found[-1].path, os.O_WRONLY | os.O_NOFOLLOW)
            os.lseek(self._file, self._size, os.SEEK_SET)

    def _keep(self) -> int:
        if self._file is None or self._size >= self._segment_bytes:
            self._roll()
        assert self._file is not None
        room = min(CHUNK, self._segment_bytes - self._size)
        if self._side is not None:
            moved = self._keep_by_copy(self._file, room)
        else:
            try:
                moved = splice(self.fifo, self._file, room)
            except OSError as error:
                if error.errno not in (errno.EINVAL, errno.ENOSYS):
                    raise
                self._side = list(os.pipe())
                moved = self._keep_by_copy(self._file, room)
        self._size += moved
        return moved

    def _keep_by_copy(self, file: int, room: int) -> int:
        """For file systems without splice: written before it is consumed, so a kill may double but never lose."""
        assert self._side is not None
        count = tee(self.fifo, self._side[1], room)
        data = os.read(self._side[0], count)
        os.lseek(file, self._size, os.SEEK_SET)
        try:
            write_all(file, data)
        except OSError:
            os.ftruncate(file, self._size)
            raise
        while count:
            count -= len(os.read(self.fifo, count))
        return len(data)

    def _roll(self) -> None:
        start = self._start + self._size
        path = os.path.join(self._directory, f"{self._stream}.{start}")
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        if self._file is not None:
            os.fdatasync(self._file)
            os.close(self._file)
        self._file, self._start, self._size = file, start, 0

    def _drop(self) -> int:
        try:
            count = len(os.read(self.fifo, CHUNK))
        except BlockingIOError:
            return 0
        self._drops.add(count)
        return count

    def _record_gap(self) -> None:
        """Write down what was dropped since the last record, as soon as the disk takes it."""
        missing = self._drops.value - self._recorded_drops
        if missing <= 0:
            return
        gap = {"stream": self._stream, "offset": self._start + self._size, "bytes": missing, "at": time.time()}
        path = os.path.join(self._directory, GAPS_FILE)
        try:
            append_whole(path, json.dumps(gap).encode("ascii") + b"\n")
            self._recorded_drops += missing
        except OSError as error:
            if error.errno not in _REFUSALS:
                raise


def recorded_drops(directory: str, stream: str) -> int:
    """The dropped bytes of a stream that the gap records account for."""
    try:
        with open(os.path.join(directory, GAPS_FILE), "rb") as file:
            lines = file.read().split(b"\n")
    except FileNotFoundError:
        return 0
    total = 0
    for line in lines:
        try:
            gap = json.loads(line)
            count = int(gap["bytes"]) if gap["stream"] == stream else 0
        except (ValueError, KeyError, TypeError, OverflowError):
            continue  # damaged by a full disk
        total += count
    return total


def run_pump(streams: List[StreamPump], directory: str, control: int) -> None:
    """Move output until a byte comes on ``control`` (the job has ended), then empty the FIFOs and sync the logs."""
    poller = select.poll()
    poller.register(control, select.POLLIN)
    for stream in streams:
        poller.register(stream.fifo, select.POLLIN)
    only_control = select.poll()
    only_control.register(control, select.POLLIN)
    while True:
        ready = {descriptor for descriptor, _ in poller.poll(_IDLE_S * 1000)}
        if control in ready:
            break
        moved = sum(stream.move() for stream in streams if stream.fifo in ready)
        if 0 < moved < _GATHER_BELOW:
            only_control.poll(_GATHER_S * 1000)
    for stream in streams:
        stream.finish()
    with contextlib.suppress(FileNotFoundError):
        sync_directory(directory)
