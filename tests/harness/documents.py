"""A log in memory, for what shows logs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from console.engine.service import LogDocument, LogLine
from console.ports import Stream

LEVELS = ("debug", "info", "warning", "error", "critical")


class MemoryDocument:
    """A LogDocument that tests fill themselves."""

    def __init__(self, *texts: str) -> None:
        self._lines: list[LogLine] = []
        self._changed = asyncio.Event()
        self._version = 0
        self.is_complete = False
        self.has_caught_up = True
        self.problem = ""
        self.closed = False
        self.lines_read = 0
        self.extend(texts)

    @property
    def version(self) -> int:
        return self._version

    def append(self, text: str, level: str = "info", stream: Stream = "stdout") -> None:
        """One more line; its time is its place in seconds."""
        self._add(text, level, stream)
        self._touch()

    def extend(self, texts: Sequence[str], level: str = "info") -> None:
        """More lines in one change."""
        for text in texts:
            self._add(text, level, "stdout")
        self._touch()

    def replace_last(self, text: str) -> None:
        """The last line is being rewritten, as by a progress bar."""
        self._lines[-1] = replace(self._lines[-1], text=text)
        self._touch()

    def fail(self, problem: str) -> None:
        """Nothing more arrives."""
        self.problem = problem
        self._touch()

    def line_count(self, minimum_level: str | None = None) -> int:
        return len(self._of_level(minimum_level))

    def lines(self, start: int, stop: int, minimum_level: str | None = None) -> Sequence[LogLine]:
        found = self._of_level(minimum_level)[start:stop]
        self.lines_read += len(found)
        return found

    async def wait(self, version: int) -> None:
        while self._version <= version:
            self._changed.clear()
            await self._changed.wait()

    async def close(self) -> None:
        self.closed = True

    def _add(self, text: str, level: str, stream: Stream) -> None:
        number = 1 + sum(line.stream == stream for line in self._lines[-1:]) * len(self._lines)
        self._lines.append(LogLine(stream, number, level, float(len(self._lines)), text))

    def _touch(self) -> None:
        self._version += 1
        self._changed.set()

    def _of_level(self, minimum: str | None) -> list[LogLine]:
        if minimum is None:
            return self._lines
        return [line for line in self._lines if LEVELS.index(line.level) >= LEVELS.index(minimum)]


def is_document(document: MemoryDocument) -> LogDocument:
    """Only for the type checker: the double has the shape of what it stands for."""
    return document
