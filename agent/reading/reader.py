"""The readers that others use: all findings of an attempt, or the levels of one stream alone."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Dict, List

from agent.reading.findings import Finding, Hints, Line, Metric, Progress, ScanResult
from agent.reading.glance import ANYTHING, Glance, glance
from agent.reading.levels.tracker import LevelTracker
from agent.reading.lines import Frame, FrameSplitter
from agent.reading.progress.job import Totals
from agent.reading.stream import StreamReader

STREAMS = ("stdout", "stderr")
_FORMAT = 1
_BROKEN = (AttributeError, IndexError, KeyError, TypeError, ValueError, OverflowError)


class LogReader:
    """Reads both streams of one attempt. How each stream's bytes were split never matters; no bytes make it raise."""

    def __init__(self, hints: Hints = Hints()) -> None:  # noqa: B008 - frozen
        typed = hints.epochs if hints.epochs is not None and hints.epochs > 0 else None
        self._totals = Totals(typed_epochs=typed)
        self._streams = {name: StreamReader(name, self._totals) for name in STREAMS}

    def feed(self, stream: str, data: bytes) -> List[Finding]:
        """What the next bytes of `stream` ("stdout" or "stderr") make known."""
        return self._streams[stream].feed(data)

    def finish(self) -> List[Finding]:
        """What the last unfinished line of each stream makes known, once nothing follows."""
        return [finding for name in STREAMS for finding in self._streams[name].finish()]

    def snapshot(self) -> Dict[str, Any]:
        """A small JSON document from which `restore` goes on, in this process or another."""
        return {
            "format": _FORMAT,
            "kind": "log",
            "totals": asdict(self._totals),
            "streams": {name: reader.snapshot() for name, reader in self._streams.items()},
        }

    @classmethod
    def restore(cls, snapshot: Dict[str, Any]) -> LogReader:
        """The reader as it was at `snapshot`. Raises ValueError on a snapshot of another kind or version."""
        _check(snapshot, "log")
        self = cls()
        try:
            self._totals = Totals(**snapshot["totals"])
            self._streams = {
                name: StreamReader.restore(name, self._totals, snapshot["streams"][name]) for name in STREAMS
            }
        except _BROKEN as error:
            raise ValueError(
                f"the snapshot of a log reader is damaged ({error!r}); read the log from its start"
            ) from error
        return self


class LineLevels:
    """The levels of one stream's lines and nothing else."""

    def __init__(self, stream: str) -> None:
        self._stream = stream
        self._frames = FrameSplitter()
        self._levels = LevelTracker(stream)
        self._number = 1
        self._line_start = 0

    def feed(self, data: bytes) -> List[Line]:
        """The lines that `data` completes."""
        look, begin = glance(data), self._frames.seen
        return self._lines(self._frames.feed(data), look, begin, newline=1)

    def finish(self) -> List[Line]:
        """The unfinished last line, if there is one."""
        return self._lines(self._frames.finish(), ANYTHING, 0, newline=0)

    def _lines(self, frames: List[Frame], look: Glance, begin: int, *, newline: int) -> List[Line]:
        out: List[Line] = []
        for frame in frames:
            level = None
            seen = look if frame.start >= begin else ANYTHING
            if frame.ends_line and frame.start == self._line_start:
                level = self._levels.blank_or_plain(frame.raw, seen)
            if level is None:
                self._levels.frame(frame.raw, seen)
            if frame.ends_line:
                end = frame.end + newline
                level = level or self._levels.line()
                out.append(Line(self._stream, self._number, self._line_start, end, level))
                self._number += 1
                self._line_start = end
        return out

    def snapshot(self) -> Dict[str, Any]:
        """A small JSON document from which `restore` goes on."""
        return {
            "format": _FORMAT,
            "kind": "levels",
            "stream": self._stream,
            "frames": self._frames.snapshot(),
            "levels": self._levels.snapshot(),
            "number": self._number,
            "line_start": self._line_start,
        }

    @classmethod
    def restore(cls, snapshot: Dict[str, Any]) -> LineLevels:
        """The reader as it was at `snapshot`. Raises ValueError on a snapshot of another kind or version."""
        _check(snapshot, "levels")
        try:
            self = cls(str(snapshot["stream"]))
            self._frames = FrameSplitter.restore(snapshot["frames"])
            self._levels = LevelTracker.restore(self._stream, snapshot["levels"])
            self._number = int(snapshot["number"])
            self._line_start = int(snapshot["line_start"])
        except _BROKEN as error:
            raise ValueError(
                f"the snapshot of line levels is damaged ({error!r}); read the log from its start"
            ) from error
        return self


def scan(stdout: bytes, stderr: bytes, hints: Hints = Hints()) -> ScanResult:  # noqa: B008 - frozen
    """Everything that can be read out of a whole log."""
    reader = LogReader(hints)
    findings = reader.feed("stdout", stdout) + reader.feed("stderr", stderr) + reader.finish()
    return ScanResult(
        [f for f in findings if isinstance(f, Line)],
        [f for f in findings if isinstance(f, Progress)],
        [f for f in findings if isinstance(f, Metric)],
    )


def _check(snapshot: object, kind: str) -> None:
    if not isinstance(snapshot, dict) or snapshot.get("format") != _FORMAT or snapshot.get("kind") != kind:
        raise ValueError(
            f"this is no snapshot of format {_FORMAT} of the reader of {kind}; read the log from its start"
        )
