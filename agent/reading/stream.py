"""One stream of an attempt: from its bytes to findings."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Optional, Tuple, Union

from agent.reading.findings import Finding, Level, Line, Metric, Progress
from agent.reading.glance import ANYTHING, Glance, glance
from agent.reading.levels.tracker import LevelTracker
from agent.reading.lines import Frame, FrameSplitter
from agent.reading.metrics import MetricTracker
from agent.reading.metrics.side_file import whole
from agent.reading.metrics.values import Values
from agent.reading.progress import Count, JobProgress, read_counts
from agent.reading.progress.count import BAR, EPOCH, RECORD, STEP, TOTAL
from agent.reading.progress.job import Totals
from agent.reading.text import plain_text

_NEWS = 0.0005
"""A fraction that rose by less isn't told."""
_CORRECTION = 0.05
"""A fraction that fell by more is told: what was known before was wrong. By less it is a bar that was drawn anew."""
_DIGIT = re.compile(rb"\d|[nN][aA][nN]")
_HEADER = re.compile(rb"[Ee]poch|[Ii]ter|[Ss]tep|[Bb]atch|[Rr]ound")
Number = Union[int, float]


class StreamReader:
    """Reads one stream; `totals` is shared between the streams of an attempt."""

    def __init__(self, stream: str, totals: Totals) -> None:
        self._stream = stream
        self._frames = FrameSplitter()
        self._levels = LevelTracker(stream)
        self._job = JobProgress(totals)
        self._metrics = MetricTracker()
        self._number = 1
        self._line_start = 0
        self._told = -1.0
        self._step: Optional[float] = None
        self._bar_values: List[Tuple[str, float]] = []

    def feed(self, data: bytes) -> List[Finding]:
        """What `data` makes known, in the order of the bytes."""
        look, begin = glance(data), self._frames.seen
        return self._read(self._frames.feed(data), look, begin)

    def finish(self) -> List[Finding]:
        """What the unfinished last line makes known once nothing follows."""
        return self._read(self._frames.finish(), ANYTHING, 0, at_end=True)

    def _read(self, frames: List[Frame], look: Glance, begin: int, *, at_end: bool = False) -> List[Finding]:
        out: List[Finding] = []
        for frame in frames:
            raw = frame.raw
            seen = look if frame.start >= begin else ANYTHING
            if frame.ends_line and frame.start == self._line_start:
                plain = self._levels.blank_or_plain(raw, seen)
                if plain is not None and not (raw and (self._metrics.expects_rows or seen.may_report(raw))):
                    self._end_line(frame, out, plain, at_end=at_end)
                    continue
            level = self._levels.frame(raw, seen)
            if level not in (Level.ERROR, Level.CRITICAL):
                if (self._metrics.expects_rows or seen.may_report(raw)) and _DIGIT.search(raw):
                    self._read_frame(frame, out)
                elif _HEADER.search(raw):
                    self._metrics.record(plain_text(raw))
            if frame.ends_line:
                self._end_line(frame, out, self._levels.line(), at_end=at_end)
        return out

    def _end_line(self, frame: Frame, out: List[Finding], level: str, *, at_end: bool) -> None:
        end = frame.end if at_end else frame.end + 1
        out.append(Line(self._stream, self._number, self._line_start, end, level))
        self._number += 1
        self._line_start = end

    def _read_frame(self, frame: Frame, out: List[Finding]) -> None:
        text = plain_text(frame.raw)
        values = self._metrics.record(text)
        if values is None:
            counts, rest = read_counts(text)
            values = self._metrics.running_text(rest, has_count=any(c.kind != TOTAL for c in counts))
        else:
            counts = _counts_of(values)
            if values.message and not values.pairs:
                more, rest = read_counts(values.message)
                counts += more
                values = self._metrics.running_text(rest, has_count=bool(more)) or values
        fraction = self._job.see(counts, has_values=bool(values and values.pairs))
        if fraction is not None and (fraction >= self._told + _NEWS or fraction < self._told - _CORRECTION):
            self._told = fraction
            out.append(Progress(self._stream, self._number, frame.end, fraction))
        step = self._step_of(counts, values)
        if values is not None and values.pairs and not self._is_redrawn(frame, counts, values):
            for name, value in values.pairs:
                out.append(Metric(self._stream, self._number, frame.end, name, step, value))

    def _step_of(self, counts: List[Count], values: Optional[Values]) -> Optional[Number]:
        """The step that stands in the frame, else its epoch, else the newest of the stream."""
        step = values.step if values is not None else None
        if step is None and not _is_keras(counts):
            step = self._job.global_step(counts)
        if step is None and values is not None:
            step = values.epoch
        if step is None:
            step = next((c.n for c in counts if c.kind == EPOCH), None)
        if step is not None:
            self._step = step
        return whole(self._step) if self._step is not None else None

    def _is_redrawn(self, frame: Frame, counts: List[Count], values: Values) -> bool:
        """Whether a bar shows again what it showed before, or (Keras) a mean that is still moving."""
        if not any(c.kind == BAR for c in counts):
            return False
        if _is_keras(counts):
            return not frame.ends_line
        again = values.pairs == self._bar_values
        self._bar_values = values.pairs
        return again

    def snapshot(self) -> Dict[str, Any]:
        """What `restore` takes."""
        return {
            "frames": self._frames.snapshot(),
            "levels": self._levels.snapshot(),
            "job": self._job.snapshot(),
            "metrics": self._metrics.snapshot(),
            "number": self._number,
            "line_start": self._line_start,
            "told": self._told,
            "step": self._step,
            "bar": [[name, repr(value)] for name, value in self._bar_values],
        }

    @classmethod
    def restore(cls, stream: str, totals: Totals, snapshot: Dict[str, Any]) -> StreamReader:
        """The reader as it was; raises KeyError, TypeError or ValueError on something else's snapshot."""
        self = cls(stream, totals)
        self._frames = FrameSplitter.restore(snapshot["frames"])
        self._levels = LevelTracker.restore(stream, snapshot["levels"])
        self._job = JobProgress.restore(totals, snapshot["job"])
        self._metrics = MetricTracker.restore(snapshot["metrics"])
        self._number = int(snapshot["number"])
        self._line_start = int(snapshot["line_start"])
        self._told = float(snapshot["told"])
        self._step = None if snapshot["step"] is None else float(snapshot["step"])
        self._bar_values = [(str(name), float(value)) for name, value in snapshot["bar"]]
        return self


def _is_keras(counts: List[Count]) -> bool:
    return any(c.kind == BAR and c.key.startswith("keras") for c in counts)


def _counts_of(values: Values) -> List[Count]:
    """The counters that a structured record holds."""
    counts: List[Count] = []
    if values.total_steps is not None and values.total_steps >= 1:
        counts.append(Count(TOTAL, STEP, values.total_steps))
    if values.total_epochs is not None and values.total_epochs >= 1:
        counts.append(Count(TOTAL, EPOCH, values.total_epochs))
    if values.step is not None:
        counts.append(Count(STEP, RECORD, values.step, values.total_steps))
    elif values.epoch is not None:
        counts.append(Count(EPOCH, RECORD, values.epoch, values.total_epochs))
    return counts
