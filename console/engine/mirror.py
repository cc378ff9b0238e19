"""Brings what a node recorded of an attempt into the console's own storage."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import replace
from weakref import WeakValueDictionary

from console.domain.errors import NotFound
from console.domain.ids import AttemptId
from console.ports import AttemptReader, History, LogChunk, LogPosition, Store

_AGAIN_S = 0.5


class Mirror:
    """Copies metrics and samples while attempts run, and the last `tail_bytes` of their logs when they have ended."""

    def __init__(self, reader: AttemptReader, store: Store, tail_bytes: int) -> None:
        self._reader = reader
        self._store = store
        self._tail_bytes = tail_bytes
        # Two who read on from one cursor would record the same piece twice.
        self._locks: WeakValueDictionary[AttemptId, asyncio.Lock] = WeakValueDictionary()

    async def take(self, node: str, attempt: AttemptId) -> None:
        """Take over the whole metrics and samples, and the tail of the logs of an attempt that has ended.

        An attempt of which the node keeps nothing any more is mirrored as it is here.
        """
        try:
            while not (piece := await self.pull_history(node, attempt)).is_complete:
                if not piece.metrics and not piece.samples:
                    # The node is still reading them out of the log.
                    await asyncio.sleep(_AGAIN_S)
            tail = await self._tail(node, attempt)
        except NotFound:
            tail = ()
        await self._store.record_mirror(attempt, tail)

    async def pull_history(self, node: str, attempt: AttemptId) -> History:
        """Record the next piece of metrics and samples, and give it."""
        async with self._locks.setdefault(attempt, asyncio.Lock()):
            cursor = await self._store.history_cursor(attempt)
            history = await self._reader.history(node, attempt, cursor)
            if history.cursor != cursor:
                await self._store.record_history(attempt, history)
            return history

    async def _tail(self, node: str, attempt: AttemptId) -> tuple[LogChunk, ...]:
        if not self._tail_bytes:
            return ()
        kept: deque[LogChunk] = deque()
        size = 0
        chunks = self._reader.logs(
            node, attempt, LogPosition(), follow=False, streams=("stdout", "stderr"), tail_bytes=self._tail_bytes
        )
        async for chunk in chunks:
            # No node is trusted to send no more than was asked for.
            kept.append(chunk)
            size += len(chunk.data)
            while kept and size - len(kept[0].data) >= self._tail_bytes:
                size -= len(kept.popleft().data)
        if kept and size > self._tail_bytes:
            first = kept[0]
            cut = size - self._tail_bytes
            kept[0] = replace(first, offset=first.offset + cut, data=first.data[cut:], lost=0)
        return tuple(kept)
