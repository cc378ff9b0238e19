"""The one sanitiser: whatever comes from outside passes here before it reaches a screen (DESIGN §7)."""

from __future__ import annotations

import re
import unicodedata

_STRING_BODY = r"[^\x07\x1b\x80-\x9f]{0,4096}"
_STRING_END = r"(?:\x07|\x1b\\|\x9c)"

ESCAPE = re.compile(
    # CSI; terminated strings (OSC, DCS, APC, PM, SOS) of at most 4 KiB; other escapes. ESC and C1 are in none of the
    # bodies, so a scan ends where the next one starts and the whole is linear. What has no end is shown.
    r"\x1b\[[0-?]*[ -/]*[@-~]"
    rf"|\x1b[\]PX^_]{_STRING_BODY}{_STRING_END}"
    r"|\x1b(?:[ -/]{1,2}[0-~]|[0-~])?"
    r"|\x9b[0-?]*[ -/]*[@-~]"
    rf"|[\x90\x98\x9d\x9e\x9f]{_STRING_BODY}{_STRING_END}"
)
# Letters and digits of any script need no look, but for the Hangul that combines or is blank.
_SUSPECT = re.compile(r"(?:[^\w\x20-\x7e]|[\u115f-\u11ff\u3164\uffa0\ud7b0-\ud7fb])+")
_HIDDEN_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
_EMOJI_SELECTORS = "\ufe0e\ufe0f"
_JOINER = "\u200d"
_MARKS_PER_CHARACTER = 8


def _is_mark(char: str) -> bool:
    """Whether it is drawn on the character before it and takes no cell of its own."""
    return (
        unicodedata.category(char) in {"Mn", "Mc", "Me"}
        or "\u1160" <= char <= "\u11ff"
        or "\ud7b0" <= char <= "\ud7fb"
        or "\U0001f3fb" <= char <= "\U0001f3ff"
    )


def _is_invisible(char: str) -> bool:
    return (
        unicodedata.category(char) in _HIDDEN_CATEGORIES
        or char in _BLANK
        or "\ufe00" <= char <= "\ufe0f"
        or "\u180b" <= char <= "\u180f"
        or "\U000e0100" <= char <= "\U000e01ef"
    )


def _spelled(char: str) -> str:
    if char == "\t":
        return "    "
    if char < "\x20":
        return chr(0x2400 + ord(char))
    if char == "\x7f":
        return "\u2421"
    return f"<U+{ord(char):04X}>"


def _visible(match: re.Match[str]) -> str:
    """A run of suspects as it may be shown."""
    run = match[0]
    shown: list[str] = []
    marks = 0
    for index, char in enumerate(run):
        after_symbol = index > 0 and unicodedata.category(run[index - 1])[0] in "SP"
        if _is_invisible(char):
            before_symbol = index + 1 < len(run) and unicodedata.category(run[index + 1])[0] == "S"
            marks = 0
            # An emoji is drawn as its parts, of known width, rather than spelled out.
            if after_symbol and char in _EMOJI_SELECTORS:
                continue
            if char == _JOINER and before_symbol and index > 0 and run[index - 1] != _JOINER:
                continue
            shown.append(_spelled(char))
        elif _is_mark(char):
            if not shown and match.start() == 0:
                shown.append("\u25cc")
            marks += 1
            shown.append(char if marks <= _MARKS_PER_CHARACTER else f"<U+{ord(char):04X}>")
        else:
            marks = 0
            shown.append(char if char.isprintable() else "  " if char == "\u3000" else " ")
    return "".join(shown)


def clean(text: str) -> str:
    """One line of text that any terminal shows as it is.

    Escape sequences are removed, tabs become spaces, control characters their pictures (U+2400…), and what would be
    invisible or reorder its neighbours (bidi, zero width, surrogates, unassigned) is spelled out as `<U+202E>`. A mark
    with nothing to stand on gets a dotted circle, and piles of marks are spelled out beyond the eighth.
    """
    if _SUSPECT.search(text) is None:
        return text
    return _SUSPECT.sub(_visible, ESCAPE.sub("", text))


def shorten(text: str, width: int) -> str:
    """The text within `width` characters, with an ellipsis where something was cut."""
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"
