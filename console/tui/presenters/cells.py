"""What presenters return: pieces of text, each with the name of a style. The theme knows what a style looks like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

StyleName = Literal[
    "",
    "muted",
    "strong",
    "accent",
    "key",
    "good",
    "warning",
    "error",
    "pending",
    "running",
    "completed",
    "failed",
]


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece of text, NOT yet sanitised, with the name of its style."""

    text: str
    style: StyleName = ""


Line = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A label and what stands beside it."""

    label: str
    value: Line


@dataclass(frozen=True, slots=True)
class Section:
    """A titled group of rows."""

    title: str
    rows: tuple[Row, ...]


def plain(line: Line) -> str:
    """The text of a line without its styles."""
    return "".join(cell.text for cell in line)
