"""The metrics of an attempt as they were read: one JSON object per line in `series.jsonl`."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Dict, List, Optional, Tuple, Union

from agent.host.records import append_whole
from agent.reading.findings import json_number

SERIES_FILE = "series.jsonl"

# A metric that is told many times a second for a week would fill the disk: past these sizes (bytes), at most one value
# per name and span (seconds) is kept.
_THINNING = ((64 << 20, 10.0), (8 << 20, 1.0))
_TAIL = 1 << 16


@dataclass(frozen=True)
class Point:
    """A value of a metric, known once `offset` bytes of a stream ("stdout", "stderr", "file") were read."""

    stream: str
    offset: int
    name: str
    step: Optional[Union[int, float]]
    time: float
    value: float


class Series:
    """Appends to one attempt's series. What was appended before a crash isn't appended again."""

    def __init__(self, directory: str) -> None:
        self._path = os.path.join(directory, SERIES_FILE)
        self._size, self._known = _resume(self._path)
        self._kept_at: Dict[str, float] = {}
        self._waiting: List[str] = []

    def add(self, point: Point) -> None:
        """Note a value; `flush` writes it."""
        if point.offset <= self._known.get(point.stream, -1):
            return
        span = next((span for size, span in _THINNING if self._size > size), 0.0)
        if span and point.time - self._kept_at.get(point.name, 0.0) < span:
            return
        self._kept_at[point.name] = point.time
        self._waiting.append(_encode(point))

    def flush(self) -> None:
        """Write what waits, in one call, so that a kill leaves all of it or nothing."""
        if not self._waiting:
            return
        data = ("\n".join(self._waiting) + "\n").encode("ascii")
        append_whole(self._path, data)
        self._waiting.clear()
        self._size += len(data)


def whole_lines(path: str, offset: int, limit: int) -> Tuple[bytes, bool]:
    """Whole lines from `offset` on, up to `limit` bytes of them, and whether these are all there are now."""
    try:
        with open(path, "rb") as file:
            file.seek(offset)
            data = file.read(limit + 1)
    except FileNotFoundError:
        return b"", True
    if len(data) <= limit:
        return data[: data.rfind(b"\n") + 1], True
    return data[: data[:limit].rfind(b"\n") + 1], False


def _resume(path: str) -> Tuple[int, Dict[str, int]]:
    known: Dict[str, int] = {}
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL))
            lines = file.read().split(b"\n")
    except FileNotFoundError:
        return 0, known
    # The first line of the piece is cut unless it is the file's first; behind the last newline is nothing.
    for line in lines[0 if size <= _TAIL else 1 : -1]:
        stream, offset = json.loads(line)["o"]
        known[stream] = max(known.get(stream, -1), offset)
    return size, known


def _encode(point: Point) -> str:
    record = {
        "n": point.name,
        "s": point.step,
        "t": round(point.time, 3),
        "v": json_number(point.value),
        "o": [point.stream, point.offset],
    }
    return json.dumps(record, separators=(",", ":"))
