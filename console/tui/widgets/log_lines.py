"""Drawing the lines of a log: one line to as many strips as it takes on the screen."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.cache import LRUCache
from textual.strip import Strip

from console.domain.text import clean
from console.engine.service import LogLine
from console.tui.text import cut, fitting, safe_ansi
from console.tui.widgets.glyphs import Glyphs
from console.tui.widgets.painting import segments_of

LETTERS = {"debug": "D", "info": "I", "warning": "W", "error": "E", "critical": "C"}
LEVELS = tuple(LETTERS)
_LETTER_WIDTH = 2
_TIME_WIDTH = 9
MOST_PREFIX = _LETTER_WIDTH + _TIME_WIDTH


@dataclass(frozen=True, slots=True)
class Tools:
    """What lines are drawn with: a style for each level, `letter-<level>` for its letter, and `time`."""

    styles: Mapping[str, Style]
    glyphs: Glyphs
    console: Console


@dataclass(frozen=True, slots=True)
class LineLook:
    """How lines are to be drawn: in `width` cells, from cell `x` of their text on; wrapped into at most `rows` rows,
    or cut if that is 0."""

    width: int
    x: int
    rows: int
    timestamps: bool

    @property
    def prefix(self) -> int:
        """The cells before the text: the level's letter and the time."""
        return _LETTER_WIDTH + (_TIME_WIDTH if self.timestamps else 0)


class LinePainter:
    """Draws lines, and keeps for a while what it drew."""

    def __init__(self) -> None:
        # A line may have 64 KiB, so this is also a bound on memory.
        self._drawn: LRUCache[tuple[LogLine, LineLook], list[Strip]] = LRUCache(192)

    def forget(self) -> None:
        """The styles changed: draw everything anew."""
        self._drawn.clear()

    def paint(self, line: LogLine, look: LineLook, tools: Tools) -> list[Strip]:
        """The rows of a line, each of at most `look.width` cells; at least one."""
        rows = self._drawn.get((line, look))
        if rows is None:
            room = max(look.width - look.prefix, 1)
            draw = _wrapped if look.rows else _cut
            rows = [
                _row(body, line, look, tools, is_first=index == 0)
                for index, body in enumerate(draw(line, look, room, tools.glyphs))
            ]
            self._drawn[line, look] = rows
        return rows


def _cut(line: LogLine, look: LineLook, room: int, glyphs: Glyphs) -> list[Text]:
    # One cell more than is shown tells whether there is more.
    text = safe_ansi(line.text, look.x + room + 1)
    start = fitting(text.plain, 0, look.x) if look.x else 0
    return [cut(text[start:] if start else text, room, ellipsis=glyphs.ellipsis)]


def _wrapped(line: LogLine, look: LineLook, room: int, glyphs: Glyphs) -> list[Text]:
    text = safe_ansi(line.text, look.rows * room + 1)
    breaks: list[int] = []
    start = 0
    while len(breaks) < look.rows:
        start = max(fitting(text.plain, start, room), start + 1)
        if start >= len(text.plain):
            break
        breaks.append(start)
    rows = list(text.divide(breaks))
    if len(rows) > look.rows:
        rows[look.rows - 1 :] = [cut(rows[look.rows - 1].append(" "), room - 1).append(glyphs.ellipsis)]
    return rows


def _row(body: Text, line: LogLine, look: LineLook, tools: Tools, *, is_first: bool) -> Strip:
    level = line.level if line.level in LETTERS else "info"
    sign = LETTERS[level] if is_first else tools.glyphs.wrapped
    segments = [Segment(f"{sign} ", tools.styles[f"letter-{level}"])]
    if look.timestamps:
        stamp = time.strftime("%H:%M:%S ", time.localtime(line.time)) if is_first else " " * _TIME_WIDTH
        segments.append(Segment(stamp, tools.styles["time"]))
    body.end = ""
    segments.extend(Segment.apply_style(segments_of(body, tools.console), tools.styles[level]))
    return Strip(segments)


def remark(text: str, width: int, style: Style, glyphs: Glyphs) -> Strip:
    """A line that isn't of the log but about it."""
    shown = cut(Text(clean(text), end=""), max(width - 2, 1), ellipsis=glyphs.ellipsis)
    return Strip([Segment("  " + shown.plain, style)])
