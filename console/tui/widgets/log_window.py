"""The part of a log that is in view: which lines to read, and which of them stand where."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.strip import Strip

from console.engine.service import LogDocument, LogLine

Paint = Callable[[LogLine], list[Strip]]
Remark = Callable[[str], Strip]


class LogWindow:
    """Reads a document, or none, of which the lines of `level` and above count.

    Positions are lines of the document. What keeps it from growing is said in one more line at its end.
    """

    def __init__(self, document: LogDocument | None = None, notice: str = "", level: str | None = None) -> None:
        self.document = document
        self.notice = notice
        self.level = level
        self.count = 0
        """How many lines there were when `recount` was called last."""
        self.longest = 0
        """The characters of the longest line painted so far."""
        self._problem = ""

    def recount(self) -> None:
        """Take notice of what came."""
        self.count = self.document.line_count(self.level) if self.document is not None else 0
        self._problem = self.document.problem if self.document is not None else ""

    def end_top(self, height: int, paint: Paint | None) -> int:
        """The first line of the last `height` rows. Without `paint` each line is taken to be one row."""
        if paint is None:
            return max(self._items - height, 0)
        top, room = self._items, height - (self._items - self.count)
        for line in reversed(self._read(self.count - height, self.count)):
            room -= len(paint(line))
            if room < 0:
                break
            top -= 1
        return max(top - (self._items - self.count), 0)

    def rows(self, top: int, height: int, paint: Paint, remark: Remark, *, at_end: bool) -> list[Strip]:
        """The rows from line `top` on; at the end the last rows there are, so that the newest is always in view."""
        if self.count == 0:
            return [remark(self._nothing())]
        first = max(self.count - height, 0) if at_end else top
        rows: list[Strip] = []
        for line in self._read(first, first + height):
            self.longest = max(self.longest, len(line.text))
            rows.extend(paint(line))
        if self._problem and first + height >= self.count:
            rows.append(remark(self._problem))
        return rows[-height:] if at_end else rows[:height]

    def time_of(self, index: int) -> float | None:
        """When that line was written; None if there is none."""
        lines = self._read(index, index + 1)
        return lines[0].time if lines else None

    def first_since(self, at: float) -> int:
        """The first line that isn't older than that."""
        low, high = 0, self.count
        while low < high:
            middle = (low + high) // 2
            time = self.time_of(middle)
            if time is not None and time < at:
                low = middle + 1
            else:
                high = middle
        return low

    @property
    def _items(self) -> int:
        return self.count + (1 if self._problem and self.count else 0)

    def _nothing(self) -> str:
        if self._problem:
            return self._problem
        if self.document is None or self.notice:
            return self.notice
        if self.level is not None:
            return f"No lines of level {self.level} or above."
        return "No output." if self.document.is_complete else "No output yet."

    def _read(self, start: int, stop: int) -> Sequence[LogLine]:
        if self.document is None:
            return ()
        return self.document.lines(max(start, 0), min(stop, self.count), self.level)
