"""Follows one attempt: output into the index, metrics into the series, progress to whoever asked."""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Tuple

from agent.host.segments import STREAMS, LogRangeGone, read_range
from agent.logtail.cursor import StreamCursor
from agent.logtail.eta import Estimator
from agent.logtail.index import BLOCK_LIMIT, Block, IndexFile
from agent.logtail.series import Point, Series
from agent.logtail.sidefile import SideFile
from agent.reading import Finding, Hints, LogReader, Metric, Progress

INDEX_FILE = "index"
SNAPSHOT_FILE = "tail.json"
METRICS_FILE = "metrics.jsonl"

_MOST_LATEST = 32
_FORMAT = 2
_MOST_ROUNDS = 64
_SLICE = 8 * 1024
"""Read at once, in bytes: some milliseconds, in which the agent does nothing else."""


@dataclass(frozen=True)
class Reading:
    """The latest that was read out of an attempt: fraction of the whole job, seconds to go, newest value per metric."""

    time: float
    fraction: Optional[float]
    eta_s: Optional[float]
    latest: Tuple[Tuple[str, float], ...]


class Tail:
    """One attempt. `see` notes which bytes came when, so that they can be given out; `read` goes on in what was seen,
    at its own pace, for what it says. Neither takes longer than some milliseconds."""

    def __init__(self, directory: str, epochs: Optional[int]) -> None:
        self._directory = directory
        self.index = IndexFile(os.path.join(directory, INDEX_FILE))
        self._series = Series(directory)
        self._estimator = Estimator()
        self._latest: Dict[str, float] = {}
        self._own_names: List[str] = []
        self._fraction: Optional[float] = None
        self._is_own_fraction = False
        self._changed_at: Optional[float] = None
        self.is_done = False
        self._reader = LogReader(Hints(epochs=epochs))
        self._side = SideFile(os.path.join(directory, METRICS_FILE))
        self._positions = dict.fromkeys(STREAMS, 0)
        self._block = 0
        ends = self._ends(*self._restore())
        self._cursors = [StreamCursor(directory, stream, ends[stream]) for stream in STREAMS]

    def see(self, now: float) -> bool:
        """Note what is new, some MiB at most; `now` in seconds since the epoch. False if nothing is."""
        blocks: List[Block] = []
        for _ in range(_MOST_ROUNDS):
            before = len(blocks)
            for cursor in self._cursors:
                length = cursor.skip(BLOCK_LIMIT)
                if length:
                    blocks.append(Block(cursor.stream, cursor.offset - length, length, now))
            if len(blocks) == before:
                break
        if blocks:
            self.index.extend(blocks)
        return bool(blocks)

    def read(self, now: float) -> bool:
        """Read a little of what was seen, and what the script itself wrote; False if nothing was left to read."""
        found_any = self._read_seen(now)
        for offset, line in self._side.read():
            found_any = True
            self._take_own(offset, line.step, line.values, now)
            if line.progress is not None:
                self._is_own_fraction = True
                self._progress(line.progress, now, now)
        self._series.flush()
        return found_any

    def finish(self, now: float) -> None:
        """The attempt is over and nothing is left to read: take what its last unfinished lines say."""
        self._take(self._reader.finish(), now, now)
        self._series.flush()
        self.is_done = True
        self.save()

    def save(self) -> None:
        """Keep where the reading stands, for the agent's next life."""
        snapshot = {
            "format": _FORMAT,
            "done": self.is_done,
            "positions": self._positions,
            "block": self._block,
            "ends": {cursor.stream: cursor.offset for cursor in self._cursors},
            "blocks": self.index.count,
            "side": self._side.offset,
            "own_names": self._own_names,
            "own_fraction": self._is_own_fraction,
            "fraction": self._fraction,
            "reader": self._reader.snapshot(),
        }
        path = os.path.join(self._directory, SNAPSHOT_FILE)
        # Whole but not fsynced: it can be made anew from the log.
        descriptor = os.open(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with open(descriptor, "wb") as file:
            file.write(json.dumps(snapshot).encode("ascii"))
        os.rename(path + ".new", path)

    def close(self) -> None:
        """Let go of open files."""
        for cursor in self._cursors:
            cursor.close()

    def reading(self, now: float) -> Optional[Reading]:
        """The latest that was read, None if nothing was."""
        if self._changed_at is None:
            return None
        eta = None if self.is_done else self._estimator.remaining_s(now)
        return Reading(self._changed_at, self._fraction, eta, tuple(self._latest.items()))

    def _read_seen(self, now: float) -> bool:
        if all(cursor.offset <= self._positions[cursor.stream] for cursor in self._cursors):
            return False
        room = _SLICE
        for block in self.index.blocks(self._block):
            position = max(self._positions[block.stream], block.offset)
            while position < block.end and room > 0:
                try:
                    data = read_range(self._directory, block.stream, position, min(room, block.end - position))
                except LogRangeGone as gone:
                    position = min(gone.first, block.end)
                    continue
                if not data:
                    # All of the stream was removed.
                    position = block.end
                    break
                position += len(data)
                room -= len(data)
                self._take(self._reader.feed(block.stream, data), block.time, now)
            self._positions[block.stream] = max(self._positions[block.stream], position)
            if position < block.end or room <= 0:
                return True
            self._block += 1
        # The last block may still grow.
        self._block = max(0, self.index.count - 1)
        return room < _SLICE

    def _take(self, findings: List[Finding], time: float, now: float) -> None:
        """What was found in bytes that came at `time` and are read `now`."""
        for finding in findings:
            if isinstance(finding, Progress):
                if not self._is_own_fraction:
                    self._progress(finding.fraction, time, now)
            elif isinstance(finding, Metric) and finding.name not in self._own_names:
                point = Point(finding.stream, finding.offset, finding.name, finding.step, time, finding.value)
                self._series.add(point)
                self._note(finding.name, finding.value, now)

    def _take_own(self, offset: int, step: Optional[float], values: Dict[str, float], now: float) -> None:
        for name, value in values.items():
            if name not in self._own_names:
                self._own_names.append(name)
            self._series.add(Point("file", offset, name, step, now, value))
            self._note(name, value, now)

    def _note(self, name: str, value: float, now: float) -> None:
        self._latest.pop(name, None)
        self._latest[name] = value
        if len(self._latest) > _MOST_LATEST:
            del self._latest[next(iter(self._latest))]
        self._changed_at = now

    def _progress(self, fraction: float, time: float, now: float) -> None:
        if not math.isfinite(fraction):
            return
        self._fraction = min(max(fraction, 0.0), 1.0)
        self._changed_at = now
        self._estimator.add(time, self._fraction)

    def _restore(self) -> Tuple[Dict[str, int], int]:
        """Go on from the snapshot: where the streams ended in it after how many blocks of the index.

        From the beginning where there is none that can be used.
        """
        start = dict.fromkeys(STREAMS, 0)
        try:
            with open(os.path.join(self._directory, SNAPSHOT_FILE), "rb") as file:
                snapshot: Any = json.loads(file.read())
            if snapshot["format"] != _FORMAT:
                return start, 0
            reader = LogReader.restore(snapshot["reader"])
            positions = {stream: int(snapshot["positions"][stream]) for stream in STREAMS}
            ends = {stream: int(snapshot["ends"][stream]) for stream in STREAMS}
            block, blocks = int(snapshot["block"]), int(snapshot["blocks"])
        except (OSError, ValueError, KeyError, TypeError):
            return start, 0
        self._reader = reader
        self._positions = positions
        self._side.offset = int(snapshot["side"])
        self._own_names = [str(name) for name in snapshot["own_names"]]
        self._is_own_fraction = bool(snapshot["own_fraction"])
        self._fraction = snapshot["fraction"]
        self.is_done = bool(snapshot["done"])
        if self.index.count < blocks:
            # A power cut took a part of the index: what it lacks is noted again.
            return start, 0
        self._block = block
        return ends, blocks

    def _ends(self, ends: Dict[str, int], blocks: int) -> Dict[str, int]:
        """Where the index ends, from where it ended when it had so many blocks."""
        # The last of them may have grown since.
        for block in self.index.blocks(max(0, blocks - 1)):
            ends[block.stream] = max(ends[block.stream], block.end)
        return ends


def is_done(directory: str) -> bool:
    """Whether an earlier agent has read an attempt's output to its end."""
    try:
        with open(os.path.join(directory, SNAPSHOT_FILE), "rb") as file:
            return bool(json.loads(file.read())["done"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
