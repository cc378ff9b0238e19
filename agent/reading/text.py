"""A frame's bytes as text that the readers can work on."""

from __future__ import annotations

import re

DISPLAY_LIMIT = 64 * 1024
READ_LIMIT = 4096
"""Bytes of a frame that the readers look at: a longer line is a dump, not a report of progress."""

# CSI sequences, OSC sequences up to their terminator, and two-byte escapes.
_ANSI = re.compile(r"\x1b(?:\[[0-?]{0,64}[ -/]{0,8}[@-~]|\][^\x07\x1b]{0,512}(?:\x07|\x1b\\)|[@-Z\\^_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def plain_text(raw: bytes) -> str:
    """The start of a frame without terminal sequences and control characters; tabs stay.

    What isn't UTF-8 is taken as Windows-1252, the other encoding that Western scripts print.
    """
    head = raw[:READ_LIMIT]
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as broken:
        cut_short = len(raw) > READ_LIMIT and broken.start >= READ_LIMIT - 3
        text = head.decode("utf-8", "ignore") if cut_short else head.decode("cp1252", "replace")
    if "\x1b" in text:
        text = _ANSI.sub("", text)
    return text if text.isprintable() else _CONTROL.sub(" ", text)


def display_line(raw: bytes) -> str:
    """What a terminal would leave of one physical line: its newest frame, as UTF-8 with replacements.

    Trailing carriage returns (CRLF, a bar that returns early) rewrite nothing. ANSI sequences stay. At most 64 KiB
    of bytes are taken.
    """
    text = raw.rstrip(b"\r\n")
    frame = text[text.rfind(b"\r") + 1 :][:DISPLAY_LIMIT]
    shown = frame.decode("utf-8", "replace")
    return "" if shown.isspace() else shown
