"""Lines on disk, found by their place in the list, with or without a lowest level, while only a sparse index is held.

A record is a header and the line's raw bytes. Every block of 256 records keeps where it starts and how many lines of at
least each level come before it, so memory grows by some 60 bytes per block, whatever the lines' length.
"""

from __future__ import annotations

import contextlib
import struct
import tempfile
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from console.ports import Stream

LEVELS = ("debug", "info", "warning", "error", "critical")
_RANK = {level: rank for rank, level in enumerate(LEVELS)}
_HEADER = struct.Struct("<BBdII")
_BLOCK = 256
_STREAMS: tuple[Stream, ...] = ("stdout", "stderr")


@dataclass(frozen=True, slots=True)
class SpooledLine:
    """A line as it was put in; `raw` is without its newline."""

    stream: Stream
    number: int
    level: str
    time: float
    raw: bytes


class LineSpool:
    """A growing list of lines in an unlinked temporary file, which goes with the process."""

    def __init__(self, directory: Path | None = None) -> None:
        self._file = tempfile.TemporaryFile(dir=directory, buffering=1 << 16)  # noqa: SIM115 - closed by close()
        self._end = 0
        self._starts: list[int] = []
        self._before: list[list[int]] = [[] for _ in LEVELS]
        self._counts = [0] * len(LEVELS)

    def close(self) -> None:
        """Give the space back."""
        # What a full disk didn't take is thrown away, too.
        with contextlib.suppress(OSError):
            self._file.close()

    def append(self, line: SpooledLine) -> None:
        """Put a line at the end of the list."""
        rank = _RANK[line.level]
        if self._counts[0] % _BLOCK == 0:
            self._starts.append(self._end)
            for level, count in enumerate(self._counts):
                self._before[level].append(count)
        for level in range(rank + 1):
            self._counts[level] += 1
        self._file.seek(self._end)
        header = _HEADER.pack(_STREAMS.index(line.stream), rank, line.time, line.number & 0xFFFFFFFF, len(line.raw))
        self._file.write(header + line.raw)
        self._end += len(header) + len(line.raw)

    def count(self, minimum_level: str | None = None) -> int:
        """How many lines there are of at least that level."""
        return self._counts[_RANK[minimum_level] if minimum_level else 0]

    def lines(self, start: int, stop: int, minimum_level: str | None = None) -> list[SpooledLine]:
        """The lines start…stop-1 of those that are of at least that level."""
        rank = _RANK[minimum_level] if minimum_level else 0
        stop = min(stop, self._counts[rank])
        found: list[SpooledLine] = []
        if start >= stop or start < 0:
            return found
        block = bisect_right(self._before[rank], start) - 1
        position = self._before[rank][block]
        for line_rank, line in self._read_from(self._starts[block]):
            if line_rank >= rank:
                if position >= start:
                    found.append(line)
                position += 1
                if position >= stop:
                    break
        return found

    def _read_from(self, offset: int) -> Iterator[tuple[int, SpooledLine]]:
        self._file.seek(offset)
        while True:
            header = self._file.read(_HEADER.size)
            if len(header) < _HEADER.size:
                return
            stream, rank, time, number, length = _HEADER.unpack(header)
            yield rank, SpooledLine(_STREAMS[stream], number, LEVELS[rank], time, self._file.read(length))
