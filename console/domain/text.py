"""The one sanitiser: whatever comes from outside passes here before it reaches a screen (DESIGN §7)."""

from __future__ import annotations

import re
import unicodedata

_ESCAPES = re.compile(
    # CSI; strings (OSC, DCS, APC, PM, SOS) up to their end, at most 4 KiB; other escapes: two or three bytes.
    r"\x1b\[[0-?]*[ -/]*[@-~]"
    r"|\x1b[\]PX^_][^\x07\x1b\x9c]{0,4096}(?:\x07|\x1b\\|\x9c)?"
    r"|[\x90\x98\x9d\x9e\x9f][^\x07\x1b\x9c]{0,4096}(?:\x07|\x1b\\|\x9c)?"
    r"|\x9b[0-?]*[ -/]*[@-~]"
    r"|\x1b[ -/]*[0-~]?"
)
_NEEDS_WORK = re.compile(r"[^\x20-\x7e]")
_HIDDEN_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def _visible(char: str) -> str:
    if char == "\t":
        return "    "
    if char < "\x20":
        return chr(0x2400 + ord(char))
    if unicodedata.category(char) in _HIDDEN_CATEGORIES:
        return f"<U+{ord(char):04X}>"
    return char


def clean(text: str) -> str:
    """One line of text that any terminal shows as it is.

    Escape sequences are removed, tabs become spaces, control characters their pictures (U+2400…), and what would be
    invisible or reorder its neighbours (bidi, zero width, surrogates, unassigned) is spelled out as `<U+202E>`.
    """
    if _NEEDS_WORK.search(text) is None:
        return text
    return _NEEDS_WORK.sub(lambda match: _visible(match[0]), _ESCAPES.sub("", text))


def shorten(text: str, width: int) -> str:
    """The text within `width` characters, with an ellipsis where something was cut."""
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"
