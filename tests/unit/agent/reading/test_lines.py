"""Frames and lines of a stream, and what a terminal would show of a line."""

from __future__ import annotations

import tracemalloc

import pytest

from agent.reading import Line, LineLevels, LogReader, display_line
from agent.reading.lines import FRAME_LIMIT, FrameSplitter

BAR = "\rtrain:  45%|████▌     | 109/240 [00:02<00:02, 57.90it/s, loss=0.31]".encode()


def texts(data: bytes) -> list[bytes]:
    splitter = FrameSplitter()
    return [f.raw for f in splitter.feed(data) + splitter.finish()]


def test_a_carriage_return_and_a_newline_end_a_frame() -> None:
    assert texts(b"one\rtwo\nthree") == [b"one", b"two", b"three"]


def test_a_bar_is_complete_at_its_bracket() -> None:
    frames = FrameSplitter().feed(BAR)
    assert [f.raw for f in frames] == [BAR[1:]]
    assert frames[0].end == len(BAR)


def test_text_glued_to_a_bar_is_a_frame_of_its_own() -> None:
    assert texts(BAR + b"[transformers] careful\n") == [BAR[1:], b"[transformers] careful"]


def test_a_log_line_with_times_in_brackets_is_one_frame() -> None:
    assert texts(b"took [00:10, 3 of 5] so far\n") == [b"took [00:10, 3 of 5] so far"]


def test_offsets_are_exact_over_crlf_rewrites_and_invalid_bytes() -> None:
    data = b"\xff\xfe\r\n" + BAR + b"\nlast"
    reader = LogReader()
    lines = [f for f in reader.feed("stdout", data) + reader.finish() if isinstance(f, Line)]
    assert [(x.number, x.offset, x.end) for x in lines] == [
        (1, 0, 4),
        (2, 4, 4 + len(BAR) + 1),
        (3, 5 + len(BAR), len(data)),
    ]


def test_a_line_of_ten_megabytes_is_kept_in_bounded_memory() -> None:
    levels = LineLevels("stdout")
    levels.feed(b"ERROR: ")
    piece = b"x" * 65536
    tracemalloc.start()
    try:
        for _ in range(160):
            assert levels.feed(piece) == []
        assert tracemalloc.get_traced_memory()[1] < 1024 * 1024
    finally:
        tracemalloc.stop()
    (line,) = levels.feed(b"\n")
    assert (line.level, line.end) == ("error", 7 + 160 * 65536 + 1)


def test_a_long_frame_is_cut_the_same_in_one_piece_or_many() -> None:
    data = b"y" * (FRAME_LIMIT + 10) + b"\n" + b"z\n"
    assert [len(t) for t in texts(data)] == [FRAME_LIMIT, 1]


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"plain\n", "plain"),
        (b"dos\r\n", "dos"),
        (b"\r 10%\r 20%\r 30%\n", " 30%"),
        (b"\r 10%\r      \rdone\n", "done"),
        (b"\r 10%\r      \r", ""),
        (b"caf\xe9", "caf\ufffd"),
        (b"\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m"),
        (b"", ""),
    ],
)
def test_a_line_shows_its_newest_frame(raw: bytes, shown: str) -> None:
    assert display_line(raw) == shown


def test_what_is_shown_of_a_line_is_bounded() -> None:
    assert len(display_line(b"a" * 1_000_000)) == 64 * 1024


def test_a_foreign_snapshot_is_refused() -> None:
    for snapshot in ({}, {"format": 0, "kind": "log"}, {"format": 1, "kind": "log"}, LineLevels("stderr").snapshot()):
        with pytest.raises(ValueError, match="read the log from its start"):
            LogReader.restore(snapshot)
    with pytest.raises(ValueError, match="read the log from its start"):
        LineLevels.restore(LogReader().snapshot())
