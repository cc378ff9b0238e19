from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from console.engine.logs import PIECE_BYTES, StreamSplitter
from console.engine.spool import LEVELS, LineSpool, SpooledLine
from console.ports import LogChunk, Stream
from tests.harness.clock import NOW

streams = st.sampled_from(["stdout", "stderr"])
lines = st.builds(
    SpooledLine, streams, st.integers(0, 1 << 31), st.sampled_from(LEVELS), st.floats(0, 1e10), st.binary(max_size=9)
)


@given(st.lists(lines, max_size=6), st.integers(0, 1500), st.data())
def test_a_filtered_window_is_the_window_of_the_filtered_list(
    pattern: list[SpooledLine], count: int, data: st.DataObject
) -> None:
    everything = [pattern[index * index % len(pattern)] for index in range(count)] if pattern else []
    spool = LineSpool()
    try:
        for line in everything:
            spool.append(line)
        for minimum in (None, *LEVELS):
            rank = LEVELS.index(minimum) if minimum else 0
            filtered = [line for line in everything if LEVELS.index(line.level) >= rank]
            assert spool.count(minimum) == len(filtered)
            start = data.draw(st.integers(0, len(filtered) + 2))
            stop = start + data.draw(st.integers(-1, 300))
            assert spool.lines(start, stop, minimum) == filtered[start : max(stop, start)]
    finally:
        spool.close()


def split(stream: Stream, pieces: list[bytes]) -> list[SpooledLine]:
    splitter = StreamSplitter(stream)
    found = []
    offset = 0
    for piece in pieces:
        found += splitter.feed(LogChunk(stream, offset, NOW, piece))
        offset += len(piece)
    return found + splitter.finish()


PARTS = [
    *(b"\n", b"\r", b"\r\n", b"x", b"\xff\x00", b"\xc3", b"\xa4", b"y" * (PIECE_BYTES - 1), b"z" * 3),
    *(b"ERROR bad\n", b"WARNING: w\n", b"\r 50%|##   | 1/2 [00:01<00:01, 1.00it/s]"),
    *(b"Traceback (most recent call last):\n", b'  File "a.py", line 1\n', b"ValueError: no\n"),
]
texts = st.lists(st.sampled_from(PARTS), max_size=25).map(b"".join)


@given(streams, texts, st.lists(st.integers(0, 1 << 20), max_size=8))
def test_any_split_gives_the_same_lines(stream: Stream, text: bytes, cuts: list[int]) -> None:
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    pieces = [text[start:stop] for start, stop in pairwise(places)]
    found = split(stream, pieces)
    assert found == split(stream, [text])
    assert max((len(line.raw) for line in found), default=0) <= PIECE_BYTES
    joined: dict[int, bytes] = {}
    for line in found:
        joined[line.number] = joined.get(line.number, b"") + line.raw
    wanted = text.split(b"\n")
    assert list(joined.values()) == (wanted if wanted[-1] else wanted[:-1])
