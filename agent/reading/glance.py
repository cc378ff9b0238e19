"""A quick look at bytes, so that plain lines, most of most logs, cost next to nothing.

Each question here is answered "no" only where the readers behind it can find nothing: a look may save work and never
changes a finding. Whether a word occurs is asked once for a whole block of lines, then only words that do are looked
for line by line.
"""

from __future__ import annotations

import re
from typing import NamedTuple, Tuple

from agent.reading.levels.markers import CRASHES

_MARKERS = (
    *(b"info", b"warn", b"err", b"debug", b"level", b"crit", b"fatal", b"exception", b"lvl", b"trace", b"notice"),
    *(b"success", b"sever", b"interrupt", b"systemexit", b"panic"),
)
_REPORTS = (b"poch", b"step", b"iter", b"batch", b"round", b"episode", b" nan", b" inf ", b"updat")
_MARKED_START = re.compile(rb"\x1b?[\[IWEF][\dDIWEFC]|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{1,9}: ")
_CRASH_STARTS = tuple(text.encode() for text in CRASHES)
_QUIET = re.compile(rb"[%\[:\x80-\xff\d`]|Using |Seed |Restor|Loaded |Init|Trainer|Running |Number ")
_SHAPE = re.compile(
    rb"[=:%/.{|\t\x80-\xff](?:(?<=[%{|\t\x80-\xff])|(?<=[^\d][=:])[ \"'\[(\t]{0,3}[-+]?[\d.nNiI]|(?<=\d[./])\d)"
)
_OF = re.compile(rb"\d (?:out )?of \d")
_SMALL = 1024


class Glance(NamedTuple):
    """Which of the words that matter occur in a block of lines."""

    markers: Tuple[bytes, ...]
    reports: Tuple[bytes, ...]

    def may_be_marked(self, raw: bytes) -> bool:
        """Whether a line of the block may hold a marker of a level."""
        if self.markers:
            low = raw.lower()
            for word in self.markers:
                if word in low:
                    return True
        return _MARKED_START.match(raw) is not None or raw.startswith(_CRASH_STARTS)

    def may_report(self, raw: bytes) -> bool:
        """Whether a line of the block may hold a counter, a metric or a table's header."""
        if _SHAPE.search(raw) is not None or (b" of " in raw and _OF.search(raw) is not None):
            return True
        if self.reports:
            low = raw.lower()
            for word in self.reports:
                if word in low:
                    return True
        return False


ANYTHING = Glance(_MARKERS, _REPORTS)
"""For bytes that were not looked at: every word may occur."""


def glance(block: bytes) -> Glance:
    """Look at a block. What it says holds for lines that lie in the block as a whole."""
    if len(block) < _SMALL:
        return ANYTHING
    low = block.lower()
    return Glance(tuple(w for w in _MARKERS if w in low), tuple(w for w in _REPORTS if w in low))


def may_be_quiet(raw: bytes) -> bool:
    """Whether a line may be a bar, a notice or blank."""
    return _QUIET.search(raw) is not None or raw.isspace()
