"""The level of each line of one stream, from its frames in order."""

from __future__ import annotations

from typing import Any, Dict, Optional

from agent.reading.findings import LEVEL_RANK, Level
from agent.reading.glance import Glance, may_be_quiet
from agent.reading.levels.blocks import Blocks, without_tag
from agent.reading.levels.markers import MARKERS
from agent.reading.levels.quiet import is_bar, is_notice
from agent.reading.text import plain_text

_STDERR = "stderr"


class LevelTracker:
    """Levels of one stream. Feed each frame of a line to `frame`, then ask `line` once for the line's level."""

    def __init__(self, stream: str) -> None:
        self._default = Level.WARNING if stream == _STDERR else Level.INFO
        self._blocks = Blocks(stream)
        self._strongest: Optional[str] = None
        self._has_text = False

    def blank_or_plain(self, raw: bytes, look: Glance) -> Optional[str]:
        """The level of a line of one frame when a glance tells it, else None; then `frame` has to see it."""
        if not raw:
            self._blocks.blank_line()
            return Level.INFO if self._blocks.idle else None
        if self._blocks.idle and not look.may_be_marked(raw):
            if self._default == Level.INFO:
                return Level.INFO
            if not may_be_quiet(raw):
                return self._default
        return None

    def frame(self, raw: bytes, look: Glance) -> Optional[str]:
        """Take one frame of the current line; the level that its text or the lines above it give, if any."""
        text = plain_text(raw)
        marked = None
        quiet = is_bar(text) or is_notice(text)
        if look.may_be_marked(raw):
            bare = without_tag(text)
            for read in MARKERS:
                marked = read(bare)
                if marked is not None:
                    break
        level = self._blocks.level_of(text, marked, is_quiet=quiet)
        if level is not None and (self._strongest is None or LEVEL_RANK[level] > LEVEL_RANK[self._strongest]):
            self._strongest = level
        if level is None and text.strip() and not quiet:
            self._has_text = True
        return level

    def line(self) -> str:
        """The level of the line whose frames were given, and on to the next line."""
        level = self._strongest or (self._default if self._has_text else Level.INFO)
        self._strongest = None
        self._has_text = False
        return level

    def snapshot(self) -> Dict[str, Any]:
        """What `restore` takes."""
        return {
            "blocks": self._blocks.snapshot(),
            "strongest": self._strongest,
            "text": self._has_text,
        }

    @classmethod
    def restore(cls, stream: str, snapshot: Dict[str, Any]) -> LevelTracker:
        """The tracker as it was; raises KeyError, TypeError or ValueError on something else's snapshot."""
        self = cls(stream)
        self._blocks = Blocks.restore(stream, snapshot["blocks"])
        strongest = snapshot["strongest"]
        if strongest is not None and strongest not in Level.ORDER:
            raise ValueError(f"{strongest!r} is no level")
        self._strongest = strongest
        self._has_text = bool(snapshot["text"])
        return self
