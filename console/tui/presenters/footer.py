"""The line of keys at the bottom: the ones that matter now, as many as fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_GAP = 2


@dataclass(frozen=True, slots=True)
class Hint:
    """A key that works now. The lowest `rank` is kept longest; `enabled` False means it would only say why not."""

    key: str
    label: str
    action: str
    rank: int
    enabled: bool = True

    @property
    def width(self) -> int:
        """Columns it takes."""
        return len(self.key) + 1 + len(self.label)


@dataclass(frozen=True, slots=True)
class Placed:
    """A hint with the column at which it begins."""

    start: int
    hint: Hint


def fit(hints: Sequence[Hint], width: int) -> tuple[Placed, ...]:
    """The hints that fit into a width, the most important first; the rest is in the help."""
    placed: list[Placed] = []
    column = 1
    for hint in sorted(hints, key=lambda hint: hint.rank):
        if column + hint.width > width - 1:
            continue
        placed.append(Placed(column, hint))
        column += hint.width + _GAP
    return tuple(placed)


def hit(placed: Sequence[Placed], column: int) -> Hint | None:
    """The hint at a column."""
    for item in placed:
        if item.start <= column < item.start + item.hint.width:
            return item.hint
    return None
