"""Names and values in running text: `loss=0.31`, `val loss: 0.31 | acc: 50.5%`, `Loss 0.31 (0.35)`."""

from __future__ import annotations

import re
from itertools import islice
from typing import List, Match, NamedTuple, Optional, Tuple

from agent.reading.metrics.names import QUALIFIERS, SPLITS, is_banned, is_strong
from agent.reading.metrics.numbers import NUMBER, to_number
from agent.reading.metrics.values import MOST_VALUES, Values

GAP = "\x1f"
"""Stands for a tab or a run of blanks, which part fields."""

_BLANKS = re.compile(r"[ \t\u00a0\x1f]{2,}|[\t\x1f]")
# What holds digits and is no value: addresses, dates, times, places in source files, hashes, versions.
_NOISE = re.compile(
    r"[A-Za-z]{1,12}://\S{1,2000}"
    r"|\d{4}[-/]\d\d[-/]\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)?"
    r"|(?<![\w.])\d{1,6}(?::\d\d){1,3}(?:[.,]\d{1,9})?(?![\w:])"
    r"|(?<![\w.])\d{1,9}(?:\.\d{1,9}){2,9}(?::\d{1,6})?[\w+-]{0,20}"
    r"|0x[0-9A-Fa-f]{1,40}"
    r"|(?<![\w.<>/])[\w.<>/]{1,80}:[\w<>]{1,60}:\d{1,7}(?=[\]) ,]|$)"
    r"|(?<![\w./-])[\w./-]{1,80}\.[A-Za-z]{1,4}:\d{1,7}(?=[\]) :,]|$)"
    r"|(?<![\w.])[\w.]{1,80}:\d{1,7}(?= [|-] )"
)
_VALUE = re.compile(
    r"(?P<sep>[ \x1f]?[=:][ \x1f]?|[ \x1f])[\[(\"']{0,2}"
    r"(?:\d{1,12}/\d{1,12} ?\((?P<percent>" + NUMBER + r") ?%\)|(?P<number>" + NUMBER + r")"
    r"(?P<unit> ?%|(?:ms|us|µs|s|sec|m|min|h|x)(?![A-Za-z/]))?)"
    r"(?=$|[\s,;|)\]}\"'(]|\.(?:\s|$)|:[ |\x1f]|-[ \x1f])"
)
_PART = re.compile(r"([|,;()\[\]{}<>\"\x1f]| [-\u2013\u2014·•→] |: |\. (?=[A-Z]))")
_UNIT_SUFFIX = re.compile(r" ?\([\w/%]{1,12}\)\Z")
_DUMP = re.compile(
    r"Namespace\(|^(?:args|arguments|config|configuration|hparams|hyperparameters|command|usage)\b", re.IGNORECASE
)
_MOST_NAME = 60
_MOST_LOOKED_AT = 150


class _Pair(NamedTuple):
    name: str
    value: float
    is_strong: bool
    is_joined: bool
    """A `=` or `:` stands between name and value."""
    fills_field: bool


def pairs(text: str, has_count: bool) -> Optional[Values]:
    """The named values of a line that reports any; None for a line that doesn't.

    A line reports when one of its names is a metric's, or when it counts steps or epochs (`has_count`, their text
    taken out already) and has `name: value` fields beside that.
    """
    if _DUMP.search(text):
        return None
    clean = _BLANKS.sub(GAP, _NOISE.sub("|", text))
    found: List[_Pair] = []
    at = 0
    for match in islice(_VALUE.finditer(clean), _MOST_LOOKED_AT):
        pair = _pair(clean, at, match)
        if pair is not None:
            found.append(pair)
        if pair is not None or match.group("sep").strip(" " + GAP):
            at = match.end()
        if len(found) >= MOST_VALUES:
            break
    has_strong = any(p.is_strong for p in found)
    by_split = has_count and any(p.name.lower() in SPLITS for p in found)
    if not has_strong and not by_split and not (has_count and any(p.is_joined for p in found)):
        return None
    kept = [p for p in found if p.is_strong or p.is_joined or ((has_strong or by_split) and p.fills_field)]
    return Values([(p.name, p.value) for p in kept]) if kept else None


def _pair(clean: str, at: int, match: Match[str]) -> Optional[_Pair]:
    sep = match.group("sep").strip(" " + GAP)
    name, whole_field = _name(clean[at : match.start()], follows_value=at > 0)
    if not name or len(name) > _MOST_NAME or is_banned(name) or name.startswith(("--", "/")):
        return None
    digits = match.group("percent") or match.group("number")
    exact = not digits.lstrip("+-").isdigit() or match.group("unit") is not None or match.group("percent") is not None
    strong = is_strong(name) and (exact or (bool(sep) and not name.lower().startswith(("err", "return", "map"))))
    following = clean[match.end() : match.end() + 2].strip(" ")[:1]
    fills = whole_field and (not following or following in ",;|()" + GAP)
    if not sep and not strong and not (fills and exact):
        return None
    return _Pair(name, to_number(digits), strong, bool(sep), fills)


def _name(chunk: str, *, follows_value: bool) -> Tuple[str, bool]:
    """The name at the end of `chunk`, and whether it is all that stands in its field."""
    suffix = _UNIT_SUFFIX.search(chunk[-16:]) if chunk.endswith(")") else None
    base = chunk[: len(chunk) - len(suffix.group())] if suffix else chunk
    parts = _PART.split(base[-120:])
    words = parts[-1].replace("`", "").split()
    for place in range(len(words) - 1, -1, -1):
        if words[place][0].isdigit():
            words = words[place + 1 :]
            follows_value = True
            break
    if not words:
        return "", False
    part = parts[-2] if len(parts) > 1 else ""
    most = 6 if part in ("|", GAP) else 3 if part == "[" or (not part and follows_value) else 1
    if len(words) <= most:
        taken = len(words)
    else:
        taken = 1
        while taken < len(words) and words[-taken - 1].lower().rstrip(".") in QUALIFIERS:
            taken += 1
    name = " ".join(words[-taken:]).strip("\"'*.- ")
    return name + (suffix.group() if suffix else ""), taken == len(words)
