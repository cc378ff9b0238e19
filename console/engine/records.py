"""What attempts left behind: logs, metrics and samples, from their node or from what is recorded here."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from console.domain.errors import NobodyToDoIt, NotFound
from console.domain.ids import AttemptId
from console.domain.jobs import Attempt
from console.domain.nodes import AttemptSample
from console.engine.logs import AttemptLog, follow_attempt
from console.ports import AttemptReader, LogPosition, MetricPoint, StoreReader, Stream

FindAttempt = Callable[[], Attempt | None]


class AttemptRecords:
    """Read access to one database's attempts."""

    def __init__(self, reader: AttemptReader, store: StoreReader, spool_directory: Path | None) -> None:
        self._reader = reader
        self._store = store
        self._spool_directory = spool_directory
        self._open: list[AttemptLog] = []

    def open_log(self, attempt: FindAttempt) -> AttemptLog:
        """The live log of an attempt, until it or this object is closed."""
        document = AttemptLog(attempt, self._reader, self._store, self._spool_directory)
        self._open = [each for each in self._open if not each.is_closed]
        self._open.append(document)
        return document

    async def close(self) -> None:
        """Close the logs that are still open."""
        for document in self._open:
            await document.close()

    async def raw(self, attempt: FindAttempt, stream: Stream) -> AsyncIterator[bytes]:
        """One stream, byte for byte, from its start to what is there now."""
        chunks = follow_attempt(attempt, self._reader, self._store, LogPosition(), follow=False, streams=(stream,))
        async for chunk in chunks:
            yield chunk.data

    async def metrics(self, attempt: Attempt) -> Sequence[MetricPoint]:
        """What is recorded here, and what the node has beyond it."""
        while True:
            cursor = await self._store.history_cursor(attempt.id)
            points = list(await self._store.metrics(attempt.id))
            if await self._is_still(attempt.id, cursor):
                break
        async for newer, _ in self._beyond(attempt, cursor):
            points.extend(newer)
        return points

    async def samples(self, attempt: Attempt) -> Sequence[AttemptSample]:
        """What is recorded here, and what the node has beyond it."""
        while True:
            cursor = await self._store.history_cursor(attempt.id)
            samples = list(await self._store.samples(attempt.id))
            if await self._is_still(attempt.id, cursor):
                break
        async for _, newer in self._beyond(attempt, cursor):
            samples.extend(newer)
        return samples

    async def _is_still(self, attempt: AttemptId, cursor: str) -> bool:
        return cursor == await self._store.history_cursor(attempt)

    async def _beyond(
        self, attempt: Attempt, cursor: str
    ) -> AsyncIterator[tuple[tuple[MetricPoint, ...], tuple[AttemptSample, ...]]]:
        if attempt.mirrored:
            return
        with contextlib.suppress(NobodyToDoIt, NotFound):
            while True:
                piece = await self._reader.history(attempt.node, attempt.id, cursor)
                yield piece.metrics, piece.samples
                if piece.is_complete or piece.cursor == cursor:
                    return
                cursor = piece.cursor
