"""The index of an attempt's output: which bytes came when, in the order in which they were seen.

One record of fixed size per block of at most 64 KiB of one stream. What comes within a second right behind the last
block makes that block longer instead of a new one, so that a chatty job doesn't get an index as large as its log.
The index can be rebuilt from the segments, less the times and the order between the streams.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass, replace
from typing import Iterator, Optional

from agent.host.segments import STREAMS

BLOCK_LIMIT = 64 * 1024
_MERGE_S = 1.0
_RECORD = struct.Struct("<BBxxIQQdII")


@dataclass(frozen=True)
class Block:
    """`length` bytes of a stream from `offset` on, first seen at `time` (seconds since the epoch).

    `lines` newlines end in it; bit n of `levels` is set if a line of the n-th level of `agent.reading` does; `lost`
    bytes just before it were not kept.
    """

    stream: str
    offset: int
    length: int
    time: float
    lines: int = 0
    levels: int = 0
    lost: int = 0

    @property
    def end(self) -> int:
        """The stream's offset just behind it."""
        return self.offset + self.length


class IndexFile:
    """Reads and appends to one attempt's index."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._last: Optional[Block] = None
        self.count = self._whole_records()
        if self.count:
            self._last = next(self.blocks(self.count - 1))

    def append(self, block: Block) -> None:
        """Add a block, or make the last one longer."""
        last = self._last
        if (
            last is not None
            and last.stream == block.stream
            and last.end == block.offset
            and not block.lost
            and block.time - last.time < _MERGE_S
            and last.length + block.length <= BLOCK_LIMIT
        ):
            block = replace(
                last,
                length=last.length + block.length,
                lines=last.lines + block.lines,
                levels=last.levels | block.levels,
            )
            place = self.count - 1
        else:
            place = self.count
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            os.pwrite(descriptor, _pack(block), place * _RECORD.size)
        finally:
            os.close(descriptor)
        self.count = place + 1
        self._last = block

    def blocks(self, first: int = 0) -> Iterator[Block]:
        """The blocks from a number on, as they are now."""
        try:
            with open(self._path, "rb") as file:
                file.seek(first * _RECORD.size)
                while True:
                    piece = file.read(_RECORD.size * 512)
                    whole = len(piece) - len(piece) % _RECORD.size
                    for record in _RECORD.iter_unpack(piece[:whole]):
                        yield _unpack(record)
                    if whole < _RECORD.size * 512:
                        return
        except FileNotFoundError:
            return

    def _whole_records(self) -> int:
        try:
            return os.stat(self._path).st_size // _RECORD.size
        except FileNotFoundError:
            return 0


def _pack(block: Block) -> bytes:
    stream = STREAMS.index(block.stream)
    lost = min(block.lost, 2**64 - 1)
    return _RECORD.pack(stream, block.levels, block.length, block.offset, lost, block.time, block.lines, 0)


def _unpack(record: tuple) -> Block:  # type: ignore[type-arg]
    stream, levels, length, offset, lost, time, lines, _ = record
    return Block(STREAMS[stream & 1], offset, length, time, lines, levels, lost)
