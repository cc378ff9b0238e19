"""External strings as Rich text: nothing else may carry them to a widget."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from rich.cells import cell_len, get_character_cell_size
from rich.color import Color
from rich.style import Style
from rich.text import Text

from console.domain.text import ESCAPE, clean

_SGR = re.compile(r"(?:\x1b\[|\x9b)([0-9;:]{0,256})m")
_TOKEN = re.compile(rf"(?P<escape>{ESCAPE.pattern})|[^\x1b\x80-\x9f]{{1,1024}}|[\x80-\x9f]")


@dataclass(frozen=True, slots=True)
class _Pen:
    """What the SGR sequences so far have asked for. Blinking and concealing are not supported on purpose."""

    color: Color | None = None
    background: Color | None = None
    attributes: frozenset[str] = frozenset()


_ON = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "reverse", 9: "strike", 21: "underline"}
_OFF = {22: {"bold", "dim"}, 23: {"italic"}, 24: {"underline"}, 27: {"reverse"}, 29: {"strike"}}
_FOREGROUND = {*range(30, 38), 39, *range(90, 98)}
_BACKGROUND = {*range(40, 48), 49, *range(100, 108)}


@lru_cache(maxsize=1024)
def _style(pen: _Pen) -> Style:
    # Text in the colour of its own ground would be hidden.
    background = None if pen.background == pen.color else pen.background
    attributes = Style.parse(" ".join(sorted(pen.attributes)))
    return Style(color=pen.color, bgcolor=background) + attributes


def _extended(codes: Iterator[int]) -> Color | None:
    """The colour of `38;5;n` or `38;2;r;g;b` after the 38; None if it makes no sense."""
    match next(codes, None):
        case 5:
            number = next(codes, 256)
            return Color.from_ansi(number) if number < 256 else None
        case 2:
            red, green, blue = next(codes, 256), next(codes, 256), next(codes, 256)
            return Color.from_rgb(red, green, blue) if max(red, green, blue) < 256 else None
        case _:
            return None


def _basic(code: int) -> Color | None:
    """The colour of 30…37, 90…97, 40…47 or 100…107; None for 39 and 49, which mean the default."""
    number = code % 10
    if number > 7:
        return None
    return Color.from_ansi(number + (8 if code >= 90 else 0))


@lru_cache(maxsize=4096)
def _drawn(pen: _Pen, parameters: str) -> _Pen:
    """The pen after one SGR sequence."""
    # A number of more than three digits means nothing, and converting a huge one would take long.
    codes = iter([int(part or 0) if len(part) < 4 else 999 for part in re.split("[;:]", parameters)])
    for code in codes:
        if code == 0:
            pen = _Pen()
        elif code in _ON:
            pen = replace(pen, attributes=pen.attributes | {_ON[code]})
        elif code in _OFF:
            pen = replace(pen, attributes=pen.attributes - _OFF[code])
        elif code == 38:
            pen = replace(pen, color=_extended(codes) or pen.color)
        elif code == 48:
            pen = replace(pen, background=_extended(codes) or pen.background)
        elif code in _FOREGROUND:
            pen = replace(pen, color=_basic(code))
        elif code in _BACKGROUND:
            pen = replace(pen, background=_basic(code))
    return pen


def safe(text: str, style: str = "") -> Text:
    """A string from outside as text that shows what it holds; markup in it is shown as typed."""
    return Text(clean(text), style=style, no_wrap=True, end="")


def safe_ansi(text: str, limit: int | None = None) -> Text:
    """One log line with the colours that its SGR sequences ask for and everything else neutralised.

    With a limit the text ends soon after that many cells, so that a long line costs no more than what is seen of it.
    """
    result = Text(no_wrap=True, end="")
    pen = _Pen()
    cells = 0
    for token in _TOKEN.finditer(text):
        if token["escape"] is not None:
            sgr = _SGR.fullmatch(token[0])
            if sgr is not None:
                pen = _drawn(pen, sgr[1])
                continue
        piece = clean(token[0])
        if piece:
            result.append(piece, _style(pen) if pen != _Pen() else None)
            if limit is not None:
                cells += cell_len(piece)
                if cells >= limit:
                    break
    return result


def cut(text: Text, width: int, *, ellipsis: str = "…") -> Text:
    """A copy of the text that takes at most `width` cells, with an ellipsis where something was cut."""
    plain = text.plain
    if len(plain) <= width and plain.isascii():
        return text.copy()
    if len(plain) <= width * 4 and cell_len(plain) <= width:
        return text.copy()
    room = width - len(ellipsis)
    if room < 0:
        return Text("." * max(width, 0), end="")
    shown = text[: fitting(plain, 0, room)] if room else Text()
    shown.end = ""
    return shown.append(ellipsis)


def fitting(plain: str, start: int, width: int) -> int:
    """The index after the characters from `start` on that fit in `width` cells, with the marks that belong to them."""
    cells = 0
    index = start
    while index < len(plain):
        cells += get_character_cell_size(plain[index])
        if cells > width:
            break
        index += 1
    return index
