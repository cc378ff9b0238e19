"""Blocks: lines that belong to a record above them, so that a traceback is one ERROR."""

from __future__ import annotations

import re
from typing import Any, Dict, Optional

from agent.reading.findings import Level

TRACEBACK = "Traceback (most recent call last)"
_CHAINS = (
    "The above exception was the direct cause",
    "During handling of the above exception",
    "The following exception was",
)
_INSIDE = (" ", "\t", "> File", "+ ", "| ")
_TAIL_LINES = 20
"""Lines of message that may follow the line which names an exception."""

_TAG = re.compile(r"^(?:\[(?:rank)?\d{1,6}\]:? ?|\((?:[^()]{1,60}pid=|rank ?)\d{1,8}[^()]{0,60}\) ?|\d{1,4}: )")


def without_tag(text: str) -> str:
    """The text behind a launcher's `[rank0]: `, `(train pid=7) ` or `0: `."""
    found = _TAG.match(text)
    return text[found.end() :] if found else text


class Blocks:
    """Which block the next line of a stream may belong to."""

    def __init__(self, stream: str) -> None:
        # A message of several lines goes on behind its exception where the interpreter prints it.
        self._most_tail = _TAIL_LINES if stream == "stderr" else 0
        self._in_traceback = False
        self._tail = 0
        self._record: Optional[str] = None

    @property
    def idle(self) -> bool:
        """Whether a line without a marker gets the stream's own level."""
        return not (self._in_traceback or self._tail or self._record)

    def level_of(self, text: str, marked: Optional[str], *, is_quiet: bool) -> Optional[str]:
        """The level that a line has because of the lines above it, or because it starts a traceback."""
        bare = without_tag(text)
        if TRACEBACK in bare[:200] or bare.startswith(_CHAINS):
            self._in_traceback, self._tail = not bare.startswith(_CHAINS), self._most_tail
            self._record = Level.ERROR
            return Level.ERROR
        if self._in_traceback:
            return self._traceback_line(bare)
        if marked is not None:
            is_open = marked == Level.ERROR and bare.rstrip(": ").endswith(("Error", "Traceback"))
            self._tail = self._most_tail if is_open else 0
            self._record = marked
            return marked
        if is_quiet:
            self._tail = 0
            return self._record if bare[:1] in " \t" else None
        if not bare.strip():
            self._record = None
            return Level.ERROR if self._tail else None
        if self._record is not None and bare[0] in " \t":
            return self._record
        self._record = None
        if self._tail:
            self._tail -= 1
            return Level.ERROR
        return None

    def blank_line(self) -> None:
        """An empty line ends a record of several lines, but not a traceback."""
        self._record = None

    def _traceback_line(self, bare: str) -> str:
        if bare.strip() and not bare.startswith(_INSIDE):
            self._in_traceback = False
        return Level.ERROR

    def snapshot(self) -> Dict[str, Any]:
        """What `restore` takes."""
        return {"traceback": self._in_traceback, "tail": self._tail, "record": self._record}

    @classmethod
    def restore(cls, stream: str, snapshot: Dict[str, Any]) -> Blocks:
        """The blocks as they were; raises KeyError, TypeError or ValueError on something else's snapshot."""
        self = cls(stream)
        self._in_traceback = bool(snapshot["traceback"])
        self._tail = int(snapshot["tail"])
        record = snapshot["record"]
        if record is not None and record not in Level.ORDER:
            raise ValueError(f"{record!r} is no level")
        self._record = record
        return self
