"""Brings what a node recorded of an attempt into the console's own storage."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from console.domain.errors import NotFound
from console.domain.ids import AttemptId
from console.ports import AttemptReader, LogChunk, LogPosition, Store


async def mirror_attempt(reader: AttemptReader, store: Store, node: str, attempt: AttemptId, tail_bytes: int) -> None:
    """Take over the whole metrics and samples, and the last `tail_bytes` of the logs of an attempt that has ended.

    An attempt of which the node keeps nothing any more is mirrored as it is here.
    """
    try:
        while not await pull_history(reader, store, node, attempt):
            pass
        await store.record_mirror(attempt, await _tail(reader, node, attempt, tail_bytes))
    except NotFound:
        await store.record_mirror(attempt, ())


async def pull_history(reader: AttemptReader, store: Store, node: str, attempt: AttemptId) -> bool:
    """Record the next piece of metrics and samples; whether that was the last one there is now."""
    cursor = await store.history_cursor(attempt)
    history = await reader.history(node, attempt, cursor)
    if history.cursor != cursor:
        await store.record_history(attempt, history)
    return history.is_complete or history.cursor == cursor


async def _tail(reader: AttemptReader, node: str, attempt: AttemptId, tail_bytes: int) -> tuple[LogChunk, ...]:
    kept: deque[LogChunk] = deque()
    size = 0
    async for chunk in reader.logs(node, attempt, LogPosition(), follow=False, streams=("stdout", "stderr")):
        kept.append(chunk)
        size += len(chunk.data)
        while kept and size - len(kept[0].data) >= tail_bytes:
            size -= len(kept.popleft().data)
    if kept and size > tail_bytes:
        first = kept[0]
        cut = size - tail_bytes
        kept[0] = replace(first, offset=first.offset + cut, data=first.data[cut:])
    return tuple(kept)
