"""An attempt's log as lines: the bytes of both streams in the order of their arrival, split, with levels."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from agent.reading import LineLevels, display_line
from console.core.state import LIVE_PHASES
from console.domain.errors import ClusterdeckError, NobodyToDoIt, NotFound
from console.domain.jobs import Attempt
from console.engine.service import LogLine
from console.engine.spool import LineSpool, SpooledLine
from console.ports import AttemptReader, LogChunk, LogPosition, StoreReader, Stream

PIECE_BYTES = 64 * 1024
_RETRY_S = 1.0
_log = logging.getLogger(__name__)
_UNKNOWN_LEVEL = "info"
"""Of a line that is not at its end: a bar that stderr is drawing is no warning."""


class StreamSplitter:
    """One stream's bytes as lines with levels; a line longer than 64 KiB comes in pieces."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._levels = LineLevels(stream)
        self._number = 1
        self._tail = bytearray()
        self.time = 0.0

    def feed(self, chunk: LogChunk) -> list[SpooledLine]:
        """The lines that this chunk ends, and the pieces of one that grows too long."""
        self.time = chunk.time
        levels = [line.level for line in self._levels.feed(chunk.data)]
        *ended, rest = chunk.data.split(b"\n")
        found: list[SpooledLine] = []
        for raw, level in zip(ended, levels, strict=True):
            found += self._grown(raw)
            found.append(self._ended(level))
        return found + self._grown(rest)

    def skip(self, missing: int, time: float) -> list[SpooledLine]:
        """What is known of the line that missing bytes cut off, and a line that says so. Counting goes on behind it."""
        self.time = time
        found = self.finish()
        self._levels = LineLevels(self._stream)
        text = f"[{missing:,} bytes of {self._stream} before this line are not kept]".encode()
        return [*found, SpooledLine(self._stream, 0, "warning", time, text)]

    def unfinished(self) -> SpooledLine | None:
        """The line that is being written, if there is one."""
        return self._line(bytes(self._tail), _UNKNOWN_LEVEL) if self._tail else None

    def finish(self) -> list[SpooledLine]:
        """The last line of a stream that ended without a newline."""
        levels = self._levels.finish()
        if not self._tail:
            return []
        return [self._ended(levels[-1].level if levels else _UNKNOWN_LEVEL)]

    def _grown(self, raw: bytes) -> list[SpooledLine]:
        """The pieces of the line that is being written, once it is too long for one."""
        self._tail += raw
        found: list[SpooledLine] = []
        while len(self._tail) > PIECE_BYTES:
            found.append(self._line(bytes(self._tail[:PIECE_BYTES]), _UNKNOWN_LEVEL))
            del self._tail[:PIECE_BYTES]
        return found

    def _ended(self, level: str) -> SpooledLine:
        line = self._line(bytes(self._tail), level)
        self._tail.clear()
        self._number += 1
        return line

    def _line(self, raw: bytes, level: str) -> SpooledLine:
        return SpooledLine(self._stream, self._number, level, self.time, raw)


class AttemptLog:
    """The growing log of one attempt (a `LogDocument`). Filled by a task of its own until `close`."""

    def __init__(
        self,
        attempt: Callable[[], Attempt | None],
        reader: AttemptReader,
        store: StoreReader,
        spool_directory: Path | None,
    ) -> None:
        self._attempt = attempt
        self._reader = reader
        self._store = store
        self._spool = LineSpool(spool_directory)
        self._splitters: dict[Stream, StreamSplitter] = {
            "stdout": StreamSplitter("stdout"),
            "stderr": StreamSplitter("stderr"),
        }
        self._position = LogPosition()
        self._version = 0
        self._is_complete = False
        self._has_caught_up = False
        self._is_closed = False
        self._problem = ""
        self._changed = asyncio.Condition()
        self._task = asyncio.create_task(self._fill(), name="log")

    @property
    def version(self) -> int:
        """Rises with every change."""
        return self._version

    @property
    def is_complete(self) -> bool:
        """The attempt has ended and all of its log is here."""
        return self._is_complete

    @property
    def has_caught_up(self) -> bool:
        """All that was written when it was opened is here."""
        return self._has_caught_up

    @property
    def is_closed(self) -> bool:
        """It can't be read any more."""
        return self._is_closed

    @property
    def problem(self) -> str:
        """Why nothing more arrives now."""
        return self._problem

    def line_count(self, minimum_level: str | None = None) -> int:
        """How many lines there are, of at least that level."""
        return self._spool.count(minimum_level) + len(self._unfinished(minimum_level))

    def lines(self, start: int, stop: int, minimum_level: str | None = None) -> Sequence[LogLine]:
        """The lines start…stop-1 of those of at least that level."""
        found = [_shown(line) for line in self._spool.lines(start, stop, minimum_level)]
        ended = self._spool.count(minimum_level)
        if stop > ended:
            unfinished = self._unfinished(minimum_level)[max(start - ended, 0) : stop - ended]
            found += [_shown(line, is_finished=False) for line in unfinished]
        return found

    async def wait(self, version: int) -> None:
        """Wait until the version is above this one."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._version > version)

    async def close(self) -> None:
        """Stop filling it."""
        self._is_closed = True
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._spool.close()

    def _unfinished(self, minimum_level: str | None) -> list[SpooledLine]:
        if minimum_level not in (None, "debug", "info"):
            return []
        return [line for line in (s.unfinished() for s in self._splitters.values()) if line is not None]

    async def _fill(self) -> None:
        try:
            await self._fill_on()
        except Exception:  # noqa: BLE001 - nobody watches this task: who waits for the log must be told
            _log.exception("a log can't be shown")
            self._has_caught_up = True
            await self._told(
                "The log can't be shown because of an error in clusterdeck, which its own log describes: open it "
                "again. The job and its files are not touched."
            )

    async def _fill_on(self) -> None:
        while not self._is_complete:
            try:
                for follow in (False, True):
                    chunks = follow_attempt(self._attempt, self._reader, self._store, self._position, follow=follow)
                    async for chunk in chunks:
                        await self._take(chunk)
                    self._has_caught_up = True
                    await self._told("")
            except OSError as error:
                self._has_caught_up = True
                await self._told(
                    f"The log can't be kept for reading ({error.strerror}): make room in the cache directory and open "
                    "it again. The job and its files are not touched."
                )
                return
            except ClusterdeckError as error:
                self._has_caught_up = True
                await self._told(str(error))
                if isinstance(error, NotFound):
                    return
                await asyncio.sleep(_RETRY_S)
                continue
            for splitter in self._splitters.values():
                self._append(splitter.finish())
            self._is_complete = True
            await self._told("")

    def _append(self, lines: Iterable[SpooledLine]) -> None:
        for line in lines:
            self._spool.append(line)

    async def _take(self, chunk: LogChunk) -> None:
        expected = self._position.stdout if chunk.stream == "stdout" else self._position.stderr
        splitter = self._splitters[chunk.stream]
        # What the node has deleted is counted in the offset, what its disk never took is not.
        missing = chunk.offset - expected + chunk.lost
        if missing > 0:
            self._append(splitter.skip(missing, chunk.time))
        self._append(splitter.feed(chunk))
        self._position = advanced(self._position, chunk)
        await self._told("")

    async def _told(self, problem: str) -> None:
        self._problem = problem
        self._version += 1
        async with self._changed:
            self._changed.notify_all()


def _shown(line: SpooledLine, *, is_finished: bool = True) -> LogLine:
    return LogLine(line.stream, line.number, line.level, line.time, display_line(line.raw), is_finished)


def advanced(position: LogPosition, chunk: LogChunk) -> LogPosition:
    """Where a reader is after a chunk."""
    end = chunk.offset + len(chunk.data)
    if chunk.stream == "stdout":
        return LogPosition(end, position.stderr)
    return LogPosition(position.stdout, end)


async def follow_attempt(
    attempt: Callable[[], Attempt | None],
    reader: AttemptReader,
    store: StoreReader,
    start: LogPosition,
    *,
    follow: bool = True,
    streams: Sequence[Stream] = ("stdout", "stderr"),
) -> AsyncIterator[LogChunk]:
    """The chunks of an attempt from its node; from the mirror where the node is out of reach or keeps nothing more.

    NotFound: nothing is kept anywhere. NobodyToDoIt: the node is out of reach and the attempt may go on there.
    """
    while True:
        record = attempt()
        if record is None:
            raise NotFound("The log is gone: the job was deleted.")
        try:
            async for chunk in reader.logs(record.node, record.id, start, follow=follow, streams=streams):
                start = advanced(start, chunk)
                yield chunk
        except (NotFound, NobodyToDoIt) as error:
            if record.mirrored:
                for chunk in await store.log_mirror(record.id):
                    fresh = _beyond(start, chunk)
                    if fresh is not None and chunk.stream in streams:
                        yield fresh
                return
            if isinstance(error, NobodyToDoIt) or record.phase not in LIVE_PHASES:
                raise
            if not follow:
                return
            await asyncio.sleep(_RETRY_S)
        else:
            return


def _beyond(position: LogPosition, chunk: LogChunk) -> LogChunk | None:
    """What of a chunk a reader doesn't have yet."""
    reached = position.stdout if chunk.stream == "stdout" else position.stderr
    if chunk.offset >= reached:
        return chunk
    data = chunk.data[reached - chunk.offset :]
    return replace(chunk, offset=reached, data=data, lost=0) if data else None
