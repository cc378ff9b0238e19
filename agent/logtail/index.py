"""The index of an attempt's output: which bytes came when, in the order in which they were seen.

One record of fixed size per block of at most 64 KiB of one stream. What comes within a second right behind the last
block makes that block longer instead of a new one, so that a chatty job doesn't get an index as large as its log.
The index can be rebuilt from the segments, less the times and the order between the streams.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass, replace
from itertools import islice
from typing import Dict, Iterator, Optional, Sequence, Tuple

from agent.host.segments import STREAMS

BLOCK_LIMIT = 64 * 1024
_MERGE_S = 1.0
_PIECE = 512
_RECORD = struct.Struct("<B3xIQ8xd8x")


@dataclass(frozen=True)
class Block:
    """`length` bytes of a stream from `offset` on, first seen at `time` (seconds since the epoch)."""

    stream: str
    offset: int
    length: int
    time: float

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

    def extend(self, blocks: Sequence[Block]) -> None:
        """Add blocks in one write; the last one there is made longer where it can be."""
        first, *more = blocks
        last = self._last
        place = self.count
        if (
            last is not None
            and last.stream == first.stream
            and last.end == first.offset
            and first.time - last.time < _MERGE_S
            and last.length + first.length <= BLOCK_LIMIT
        ):
            first = replace(last, length=last.length + first.length)
            place -= 1
        written = [first, *more]
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            os.pwrite(descriptor, b"".join(map(_pack, written)), place * _RECORD.size)
        finally:
            os.close(descriptor)
        self.count = place + len(written)
        self._last = written[-1]

    def blocks(self, first: int = 0) -> Iterator[Block]:
        """The blocks from a number on, as they are now."""
        try:
            with open(self._path, "rb") as file:
                file.seek(first * _RECORD.size)
                while True:
                    piece = file.read(_RECORD.size * _PIECE)
                    whole = len(piece) - len(piece) % _RECORD.size
                    for record in _RECORD.iter_unpack(piece[:whole]):
                        yield _unpack(record)
                    if whole < _RECORD.size * _PIECE:
                        return
        except FileNotFoundError:
            return

    def tail(self, streams: Sequence[str], size: int) -> Tuple[int, Dict[str, int]]:
        """Where the last `size` bytes of these streams begin: the block's number, and the offset in each of them."""
        number, left = self.count, size
        starts: Dict[str, int] = {}
        while number and left > 0:
            first = max(0, number - _PIECE)
            for block in reversed(list(islice(self.blocks(first), number - first))):
                if left <= 0:
                    break
                number -= 1
                if block.stream in streams:
                    starts[block.stream] = max(block.offset, block.end - left)
                    left -= block.length
        return number, starts

    def _whole_records(self) -> int:
        try:
            return os.stat(self._path).st_size // _RECORD.size
        except FileNotFoundError:
            return 0


def _pack(block: Block) -> bytes:
    return _RECORD.pack(STREAMS.index(block.stream), block.length, block.offset, block.time)


def _unpack(record: tuple) -> Block:  # type: ignore[type-arg]
    stream, length, offset, time = record
    return Block(STREAMS[stream & 1], offset, length, time)
