"""Follows the file that a script itself writes its metrics to ($CLUSTERDECK_METRICS)."""

from __future__ import annotations

import os
from typing import List, Tuple

from agent.reading import MetricsLine, parse_metrics_line

_READ = 64 * 1024
_LONGEST_LINE = 64 * 1024


class SideFile:
    """Whole lines as they appear; a line too long to be metrics is skipped."""

    def __init__(self, path: str, offset: int = 0) -> None:
        self.offset = offset
        self._path = path
        self._seen = (-1, -1)

    def read(self) -> List[Tuple[int, MetricsLine]]:
        """The new lines, each with the file's offset behind it."""
        try:
            found = os.stat(self._path)
            if (found.st_size, found.st_mtime_ns) == self._seen:
                return []
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK)
        except OSError:
            return []  # not there, or not a file that can be read: it is the script's
        if found.st_size < self.offset:
            self.offset = 0  # the script began it anew
        try:
            data = os.pread(descriptor, _READ, self.offset)
        except OSError:
            return []  # a FIFO or a directory
        finally:
            os.close(descriptor)
        end = data.rfind(b"\n") + 1
        if end == 0 and len(data) > _LONGEST_LINE - 1:
            end = len(data)
        if self.offset + len(data) >= found.st_size:
            self._seen = (found.st_size, found.st_mtime_ns)
        lines: List[Tuple[int, MetricsLine]] = []
        for line in data[:end].splitlines(keepends=True):
            self.offset += len(line)
            lines.append((self.offset, parse_metrics_line(line)))
        return lines
