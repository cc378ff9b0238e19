"""Durations as people type them: `2h`, `90m`, `1d12h`, `45s`, or plain seconds."""

from __future__ import annotations

import re

_PARTS = re.compile(r"(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,8})m)?(?:(\d{1,9}(?:\.\d{1,6})?)s)?", re.ASCII)
_PLAIN = re.compile(r"\d{1,9}(?:\.\d{1,6})?", re.ASCII)
_UNITS = ((86400, "d"), (3600, "h"), (60, "m"))


def parse_duration(text: str) -> float:
    """The seconds that a text means; ValueError if it means none."""
    squeezed = text.replace(" ", "").lower()
    if _PLAIN.fullmatch(squeezed):
        return float(squeezed)
    found = _PARTS.fullmatch(squeezed)
    if found is None or not any(found.groups()):
        raise ValueError(f"{text[:40]!r} is not a duration")
    days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return round(days * 86400 + hours * 3600 + minutes * 60 + seconds, 6)


def format_duration(seconds: float) -> str:
    """The shortest text that parse_duration turns into these seconds again, to the microsecond."""
    rest = round(seconds, 6)
    text = ""
    for size, unit in _UNITS:
        count = int(rest // size)
        if count:
            text += f"{count}{unit}"
            rest = round(rest - count * size, 6)
    if rest or not text:
        text += f"{rest:.6f}".rstrip("0").rstrip(".") + "s"
    return text
