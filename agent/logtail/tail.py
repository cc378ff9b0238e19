"""Follows one attempt: output into the index, metrics into the series, progress to whoever asked."""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Tuple

from agent.host.segments import STREAMS
from agent.logtail.cursor import StreamCursor
from agent.logtail.eta import Estimator
from agent.logtail.index import BLOCK_LIMIT, Block, IndexFile
from agent.logtail.series import Point, Series
from agent.logtail.sidefile import SideFile
from agent.reading import Finding, Hints, Level, Line, LogReader, Metric, Progress

INDEX_FILE = "index"
SNAPSHOT_FILE = "tail.json"
METRICS_FILE = "metrics.jsonl"

_LEVEL_BITS = {name: 1 << rank for rank, name in enumerate(Level.ORDER)}
_MOST_LATEST = 32
_FORMAT = 1


@dataclass(frozen=True)
class Reading:
    """The latest that was read out of an attempt: fraction of the whole job, seconds to go, newest value per metric."""

    time: float
    fraction: Optional[float]
    eta_s: Optional[float]
    latest: Tuple[Tuple[str, float], ...]


class Tail:
    """One attempt. `poll` is called often; nothing here blocks for longer than reading two blocks."""

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
        positions, block = self._restore()
        self._replay(positions, block)
        self._cursors = [StreamCursor(directory, stream, positions[stream]) for stream in STREAMS]

    def poll(self, now: float) -> bool:
        """Take in what is new, at most one block per stream; `now` in seconds since the epoch. False if nothing is."""
        found_any = False
        for cursor in self._cursors:
            before = cursor.offset
            data = cursor.read(BLOCK_LIMIT)
            if not data:
                continue
            found_any = True
            offset = cursor.offset - len(data)
            levels, lines = self._take(self._reader.feed(cursor.stream, data), now)
            self._series.flush()
            self.index.append(Block(cursor.stream, offset, len(data), now, lines, levels, offset - before))
        for offset, line in self._side.read():
            found_any = True
            self._take_own(offset, line.step, line.values, now)
            if line.progress is not None:
                self._is_own_fraction = True
                self._progress(line.progress, now)
        self._series.flush()
        return found_any

    def finish(self, now: float) -> None:
        """The attempt is over and nothing is left to read: take what its last unfinished lines say."""
        self._take(self._reader.finish(), now)
        self._series.flush()
        self.is_done = True
        self.save()

    def save(self) -> None:
        """Keep where the reading stands, for the agent's next life."""
        snapshot = {
            "format": _FORMAT,
            "done": self.is_done,
            "positions": {cursor.stream: cursor.offset for cursor in self._cursors},
            "block": max(0, self.index.count - 1),
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

    def _take(self, findings: List[Finding], now: float, *, is_replay: bool = False) -> Tuple[int, int]:
        levels = lines = 0
        for finding in findings:
            if isinstance(finding, Line):
                levels |= _LEVEL_BITS.get(finding.level, 0)
                lines += 1
            elif isinstance(finding, Progress):
                if not self._is_own_fraction:
                    self._progress(finding.fraction, now, is_replay=is_replay)
            elif isinstance(finding, Metric) and finding.name not in self._own_names:
                self._metric(finding, now)
        return levels, lines

    def _metric(self, finding: Metric, now: float) -> None:
        self._series.add(Point(finding.stream, finding.offset, finding.name, finding.step, now, finding.value))
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

    def _progress(self, fraction: float, now: float, *, is_replay: bool = False) -> None:
        if not math.isfinite(fraction):
            return
        self._fraction = min(max(fraction, 0.0), 1.0)
        self._changed_at = now
        if not is_replay:
            # Replayed progress has no times of its own: a rate from it would be invented.
            self._estimator.add(now, self._fraction)

    def _restore(self) -> Tuple[Dict[str, int], int]:
        """Go on from the snapshot; from the beginning where there is none that can be used."""
        start = dict.fromkeys(STREAMS, 0)
        try:
            with open(os.path.join(self._directory, SNAPSHOT_FILE), "rb") as file:
                snapshot: Any = json.loads(file.read())
            reader = LogReader.restore(snapshot["reader"])
            positions = {stream: int(snapshot["positions"][stream]) for stream in STREAMS}
            if snapshot["format"] != _FORMAT:
                return start, 0
        except (OSError, ValueError, KeyError, TypeError):
            return start, 0
        self._reader = reader
        self._side.offset = int(snapshot["side"])
        self._own_names = [str(name) for name in snapshot["own_names"]]
        self._is_own_fraction = bool(snapshot["own_fraction"])
        self._fraction = snapshot["fraction"]
        self.is_done = bool(snapshot["done"])
        return positions, int(snapshot["block"])

    def _replay(self, positions: Dict[str, int], first: int) -> None:
        """Let the reader see again what the index has and the snapshot hasn't; moves `positions` to the index's end."""
        cursors = {stream: StreamCursor(self._directory, stream, positions[stream]) for stream in STREAMS}
        for block in self.index.blocks(first):
            cursor = cursors[block.stream]
            if block.end > cursor.offset:
                data = cursor.read(block.end - cursor.offset)
                self._take(self._reader.feed(block.stream, data), block.time, is_replay=True)
        self._series.flush()
        for stream, cursor in cursors.items():
            positions[stream] = cursor.offset
            cursor.close()


def is_done(directory: str) -> bool:
    """Whether an earlier agent has read an attempt's output to its end."""
    try:
        with open(os.path.join(directory, SNAPSHOT_FILE), "rb") as file:
            return bool(json.loads(file.read())["done"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
