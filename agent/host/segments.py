"""A stream's log on disk: segments of raw bytes, named by the offset at which they start."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import List

STDOUT = "stdout"
STDERR = "stderr"
STREAMS = (STDOUT, STDERR)


class LogRangeGone(LookupError):
    """The bytes asked for were there and have been removed by retention; ``first`` is the first offset still kept."""

    def __init__(self, first: int) -> None:
        super().__init__(f"the log before byte {first} is no longer kept on the node")
        self.first = first


@dataclass(frozen=True)
class Segment:
    """One file of a stream: its path, the stream offset at which it starts, its size in bytes."""

    path: str
    start: int
    size: int

    @property
    def end(self) -> int:
        """The stream offset just after its last byte."""
        return self.start + self.size


def segments(directory: str, stream: str) -> List[Segment]:
    """The segments of a stream in order; empty if nothing was written or the attempt is gone."""
    prefix = stream + "."
    found = []
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        return []
    for name in names:
        if name.startswith(prefix) and name[len(prefix) :].isdigit():
            path = os.path.join(directory, name)
            try:
                found.append(Segment(path, int(name[len(prefix) :]), os.stat(path).st_size))
            except FileNotFoundError:
                continue
    return sorted(found, key=lambda segment: segment.start)


def log_size(directory: str, stream: str) -> int:
    """The offset at which the next byte of a stream will be kept."""
    found = segments(directory, stream)
    return found[-1].end if found else 0


def read_range(directory: str, stream: str, offset: int, limit: int) -> bytes:
    """Up to ``limit`` bytes from ``offset`` on, across segments; empty at the end, LogRangeGone before the start."""
    found = segments(directory, stream)
    if found and offset < found[0].start:
        raise LogRangeGone(found[0].start)
    pieces: List[bytes] = []
    for segment in found:
        if limit <= 0:
            break
        if segment.end <= offset:
            continue
        with open(segment.path, "rb") as file:
            file.seek(offset - segment.start)
            piece = file.read(min(limit, segment.end - offset))
        pieces.append(piece)
        offset += len(piece)
        limit -= len(piece)
        if offset < segment.end:
            break
    return b"".join(pieces)
