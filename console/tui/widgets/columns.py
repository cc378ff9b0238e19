"""Columns of a table, and which of them fit in how many cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `width` is the least it needs, in cells; `flex` its share of what is spare. When the width is short
    the columns with the highest `rank` go first, the rightmost of them before the others."""

    key: str
    title: str
    width: int
    flex: int = 0
    rank: int = 0
    justify: Literal["left", "right"] = "left"


@dataclass(frozen=True, slots=True)
class Placed:
    """A column that is shown: from cell `x` of the row on, `width` cells wide."""

    column: Column
    x: int
    width: int


def place(columns: Sequence[Column], width: int, *, left: int, gap: int) -> tuple[Placed, ...]:
    """The columns that fit in a row of `width` cells whose first `left` are taken, `gap` cells apart.

    One column always stays, cut to what there is.
    """
    room = max(width - left, 1)
    shown = list(columns)
    while len(shown) > 1 and _needed(shown, gap) > room:
        last_of_worst = max(range(len(shown)), key=lambda index: (shown[index].rank, index))
        del shown[last_of_worst]
    spare = max(room - _needed(shown, gap), 0)
    shares = sum(column.flex for column in shown)
    placed: list[Placed] = []
    x = left
    for column in shown:
        extra = spare * column.flex // shares if shares else 0
        spare -= extra
        shares -= column.flex
        cells = min(column.width + extra, room)
        placed.append(Placed(column, x, cells))
        x += cells + gap
    return tuple(placed)


def _needed(columns: Sequence[Column], gap: int) -> int:
    return sum(column.width for column in columns) + gap * (len(columns) - 1)
