"""Tables that adapt to the width: columns drop by rank, then texts are cut."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from console.domain.text import clean

_GAP = "  "


@dataclass(frozen=True, slots=True)
class Column:
    """One column. Those with the highest rank are dropped first, rank 0 never; a flexible one may be cut."""

    title: str
    rank: int = 0
    right: bool = False
    flexible: bool = False


def cells(text: str) -> int:
    """How many columns of a terminal a cleaned text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def fit(text: str, width: int) -> str:
    """The text cut to `width` columns, with an ellipsis where something is missing."""
    if cells(text) <= width:
        return text
    kept = ""
    for char in text:
        if cells(kept + char) > width - 1:
            break
        kept += char
    return f"{kept}…" if width > 0 else ""


def table(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None) -> str:
    """The table as text; without a width nothing is dropped or cut."""
    body = [[clean(cell) for cell in row] for row in rows]
    sizes = [max([cells(column.title), *(cells(row[index]) for row in body)]) for index, column in enumerate(columns)]
    shown = list(range(len(columns)))
    if width is not None:
        shown, sizes = _squeeze(columns, sizes, width)
    lines = [[column.title for column in columns], *body]
    return "\n".join(
        _GAP.join(_cell(line[index], sizes[index], right=columns[index].right) for index in shown).rstrip()
        for line in lines
    )


def _squeeze(columns: Sequence[Column], natural: Sequence[int], width: int) -> tuple[list[int], list[int]]:
    sizes = list(natural)
    shown = list(range(len(columns)))

    def excess() -> int:
        return sum(sizes[index] for index in shown) + len(_GAP) * (len(shown) - 1) - width

    def cut(least: int) -> None:
        flexible = [index for index in shown if columns[index].flexible]
        while flexible and excess() > 0:
            widest = max(flexible, key=lambda index: sizes[index])
            if sizes[widest] <= least:
                return
            sizes[widest] -= 1

    cut(24)
    while excess() > 0 and any(columns[index].rank for index in shown):
        shown.remove(max(shown, key=lambda index: columns[index].rank))
    cut(4)
    return shown, sizes


def _cell(text: str, size: int, *, right: bool) -> str:
    text = fit(text, size)
    padding = " " * (size - cells(text))
    return padding + text if right else text + padding
