"""Bytes of one stream -> frames and lines, byte-exact and with bounded memory.

A *line* is what stands between newlines. A *frame* is one writing of a line: a carriage return starts the line anew,
so a progress bar is one line of many frames. A frame is complete at the `\r` or `\n` behind it. A tqdm bar writes its
`\r` first and then nothing until the next iteration, which may be an hour away; since it also shows its own end (the
bracket that closes `[elapsed<remaining, rate, postfix]`), a frame that began with `\r` is complete there as well. All
three ends are bytes of the stream, so how the stream was cut into reads never matters.
"""

from __future__ import annotations

import re
from typing import Any, Dict, List, NamedTuple

FRAME_LIMIT = 64 * 1024
"""Bytes kept of one frame; the rest of a longer one is counted but not read."""

BAR_LIMIT = 2048
"""A bar that is longer than this is not looked for."""

BAR_END = re.compile(rb"\[\d{1,6}(?::\d\d){1,3}(?:<| ?,)[^\[\]\r\n]*\]")


class Frame(NamedTuple):
    """`raw` fills the stream's bytes from `start`; `end` is the byte behind it, where its newline stands if any."""

    raw: bytes
    start: int
    end: int
    rewrites: bool
    """A carriage return stands before it in its line."""
    ends_line: bool


class FrameSplitter:
    """Cuts one stream into frames. Any split of the bytes gives the same frames."""

    def __init__(self) -> None:
        self._tail = bytearray()
        self._start = 0
        self._seen = 0
        self._rewrites = False

    @property
    def seen(self) -> int:
        """How many bytes of the stream were fed."""
        return self._seen

    def feed(self, data: bytes) -> List[Frame]:
        """The frames that `data` completes."""
        out: List[Frame] = []
        *lines, rest = data.split(b"\n")
        for raw in lines:
            if self._seen == self._start and not self._rewrites and b"\r" not in raw:
                end = self._start + len(raw)
                out.append(Frame(raw[:FRAME_LIMIT], self._start, end, False, True))
                self._seen = self._start = end + 1
            else:
                self._write(raw, out)
                self._close(out, ends_line=True)
                self._seen = self._start = self._seen + 1
                self._rewrites = False
        if rest:
            self._write(rest, out)
        return out

    def finish(self) -> List[Frame]:
        """The last frame of a stream that ended without a newline, if there is one."""
        out: List[Frame] = []
        if self._seen > self._start or self._rewrites:
            self._close(out, ends_line=True)
            self._start = self._seen
            self._rewrites = False
        return out

    def _write(self, raw: bytes, out: List[Frame]) -> None:
        for number, part in enumerate(raw.split(b"\r")):
            if number:
                self._close(out, ends_line=False)
                self._seen = self._start = self._seen + 1
                self._rewrites = True
            self._append(part, out)

    def _append(self, part: bytes, out: List[Frame]) -> None:
        while self._rewrites and len(self._tail) < BAR_LIMIT and b"]" in part[:BAR_LIMIT]:
            held = len(self._tail)
            text = bytes(self._tail) + part[: BAR_LIMIT - held]
            # No bracket stands inside a bar's brackets: one that is still open began at the last "[".
            bar = BAR_END.search(text, max(self._tail.rfind(b"["), 0))
            if bar is None:
                break
            self._tail += part[: bar.end() - held]
            self._seen += bar.end() - held
            part = part[bar.end() - held :]
            self._close(out, ends_line=False)
        self._tail += part[: FRAME_LIMIT - len(self._tail)]
        self._seen += len(part)

    def _close(self, out: List[Frame], *, ends_line: bool) -> None:
        if ends_line or self._tail:
            out.append(Frame(bytes(self._tail), self._start, self._seen, self._rewrites, ends_line))
        self._tail.clear()
        self._start = self._seen

    def snapshot(self) -> Dict[str, Any]:
        """What `restore` takes; at most 64 KiB of text."""
        return {
            "tail": self._tail.decode("latin-1"),
            "start": self._start,
            "seen": self._seen,
            "rewrites": self._rewrites,
        }

    @classmethod
    def restore(cls, snapshot: Dict[str, Any]) -> FrameSplitter:
        """The splitter as it was; raises KeyError, TypeError or ValueError on something else's snapshot."""
        self = cls()
        self._tail = bytearray(snapshot["tail"].encode("latin-1"))
        self._start = int(snapshot["start"])
        self._seen = int(snapshot["seen"])
        self._rewrites = bool(snapshot["rewrites"])
        return self
