"""How far one stream's segments reach."""

from __future__ import annotations

import os
from typing import Optional

from agent.host.segments import segments


class StreamCursor:
    """Keeps the current segment open, so that looking for news costs one system call."""

    def __init__(self, directory: str, stream: str, offset: int = 0) -> None:
        self.stream = stream
        self.offset = offset
        self._directory = directory
        self._file: Optional[int] = None
        self._start = 0

    def skip(self, limit: int) -> int:
        """Go on behind the next bytes, up to `limit` in one segment; how many, 0 if there are none now."""
        length = self._ahead(limit)
        if not length and self._advance():
            length = self._ahead(limit)
        self.offset += length
        return length

    def close(self) -> None:
        """Let go of the open segment."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _ahead(self, limit: int) -> int:
        if self._file is None:
            return 0
        return max(0, min(limit, os.fstat(self._file).st_size - (self.offset - self._start)))

    def _advance(self) -> bool:
        """Open the segment that holds the next byte; False if it isn't there (yet)."""
        if self._file is not None:
            if self._open(os.path.join(self._directory, f"{self.stream}.{self.offset}"), self.offset):
                return True
            if os.fstat(self._file).st_nlink:
                return False
            # This segment was removed to save space, and the next one may be too.
            self.close()
        for segment in segments(self._directory, self.stream):
            if segment.start <= self.offset and (self.offset < segment.end or segment.start == self.offset):
                return self._open(segment.path, segment.start)
            if segment.start > self.offset:
                # What came before was removed to save space.
                self.offset = segment.start
                return self._open(segment.path, segment.start)
        return False

    def _open(self, path: str, start: int) -> bool:
        if self._file is not None and start == self._start:
            return False
        try:
            file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            return False
        self.close()
        self._file, self._start = file, start
        return True
