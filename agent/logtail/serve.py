"""Gives out what was recorded: the output in order of arrival, and the recorded series and samples."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Dict, List, Sequence, Tuple

from agent.core.usage import SAMPLES_FILE
from agent.host.segments import STREAMS, LogRangeGone, read_range
from agent.logtail.index import Block, IndexFile
from agent.logtail.series import SERIES_FILE, whole_lines
from agent.logtail.tail import INDEX_FILE
from agent.protocol.messages import CHUNK_LIMIT, Chunk

GAPS_FILE = "gaps.jsonl"

# A chunk's header takes about 90 bytes; many small ones must still fit into one frame.
_MOST_CHUNKS = 512


@dataclass(frozen=True)
class LogPiece:
    """Chunks with their bytes in one row; `block` is where the next one begins; `more`: there is more already."""

    chunks: List[Chunk]
    data: bytes
    block: int
    more: bool


def read_log(directory: str, positions: Dict[str, int], streams: Sequence[str], block: int, tail: int = 0) -> LogPiece:
    """The next bytes of these streams from these offsets on, at most 64 KiB.

    With a `tail`, only of the last so many bytes that there are now.
    """
    index = IndexFile(os.path.join(directory, INDEX_FILE))
    gaps = _gaps(directory)
    chunks: List[Chunk] = []
    pieces: List[bytes] = []
    room = CHUNK_LIMIT
    at = dict(positions)
    if tail:
        first, starts = index.tail(streams, tail)
        block = max(block, first)
        at.update({stream: max(at[stream], start) for stream, start in starts.items()})
    number = block
    for found in index.blocks(block):
        if found.stream in streams and found.end > at[found.stream]:
            if room <= 0 or len(chunks) >= _MOST_CHUNKS:
                return LogPiece(chunks, b"".join(pieces), number, True)
            offset, data = _bytes_of(directory, found, at[found.stream], room)
            chunks.extend(_split(found, offset, len(data), max(0, offset - at[found.stream]), gaps))
            pieces.append(data)
            room -= len(data)
            at[found.stream] = offset + len(data)
            if at[found.stream] < found.end:
                return LogPiece(chunks, b"".join(pieces), number, True)
        number += 1
    # The last block may still grow.
    return LogPiece(chunks, b"".join(pieces), max(block, number - 1), False)


def read_history(directory: str, series: int, samples: int) -> Tuple[bytes, bytes, bool]:
    """Lines of both files from these offsets on, together at most 64 KiB, and whether these are all there are now."""
    first, first_all = whole_lines(os.path.join(directory, SERIES_FILE), series, CHUNK_LIMIT // 2)
    second, second_all = whole_lines(os.path.join(directory, SAMPLES_FILE), samples, CHUNK_LIMIT - len(first))
    return first, second, first_all and second_all


def _bytes_of(directory: str, block: Block, position: int, room: int) -> Tuple[int, bytes]:
    offset = max(position, block.offset)
    try:
        return offset, read_range(directory, block.stream, offset, min(room, block.end - offset))
    except LogRangeGone as gone:
        if gone.first >= block.end:
            return block.end, b""
        return gone.first, read_range(directory, block.stream, gone.first, min(room, block.end - gone.first))


def _split(block: Block, offset: int, length: int, lost: int, gaps: Dict[str, Dict[int, int]]) -> List[Chunk]:
    """One chunk, or several where bytes were dropped between them."""
    end = offset + length
    cuts = sorted(cut for cut in gaps[block.stream] if offset <= cut < end)
    chunks: List[Chunk] = []
    for cut in cuts:
        if cut > offset:
            chunks.append(Chunk(block.stream, offset, cut - offset, block.time, lost))
            lost = 0
        lost += gaps[block.stream][cut]
        offset = cut
    if end > offset or lost:
        chunks.append(Chunk(block.stream, offset, end - offset, block.time, lost))
    return chunks


def _gaps(directory: str) -> Dict[str, Dict[int, int]]:
    """Per stream: how many bytes the disk didn't take, by the offset behind them."""
    found: Dict[str, Dict[int, int]] = {stream: {} for stream in STREAMS}
    try:
        with open(os.path.join(directory, GAPS_FILE), "rb") as file:
            lines = file.read().split(b"\n")
    except FileNotFoundError:
        return found
    for line in lines[:-1]:
        try:
            gap = json.loads(line)
            at, offset, count = found[gap["stream"]], int(gap["offset"]), int(gap["bytes"])
        except (ValueError, KeyError, TypeError, OverflowError):
            continue  # cut short by the full disk that it reports
        at[offset] = at.get(offset, 0) + count
    return found
