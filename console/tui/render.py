"""From presenters' cells to the text that widgets draw. Every piece goes through the sanitiser."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich.style import Style
from rich.table import Table
from rich.text import Text

from console.tui.presenters.cells import Cell, Line, Section, StyleName
from console.tui.text import safe

Styles = Mapping[StyleName, Style]


def line_text(line: Line, styles: Styles) -> Text:
    """A line of cells as one text that never wraps."""
    text = Text(no_wrap=True, overflow="ellipsis", end="")
    for cell in line:
        piece = safe(cell.text)
        piece.stylize(styles[cell.style])
        text.append_text(piece)
    return text


def lines_text(lines: Iterable[Line], styles: Styles) -> Text:
    """Several lines as one text."""
    text = Text("\n").join(line_text(line, styles) for line in lines)
    text.no_wrap = False
    text.overflow = "fold"
    return text


def section_table(section: Section, styles: Styles, label_width: int, label_style: StyleName = "muted") -> Table:
    """The rows of a section: labels in one column, values beside them, wrapped under their beginning."""
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    table.add_column(width=label_width, no_wrap=True)
    table.add_column(ratio=1, overflow="fold")
    for row in section.rows:
        value = line_text(row.value, styles)
        value.no_wrap = False
        value.overflow = "fold"
        table.add_row(line_text((Cell(row.label, label_style),), styles), value)
    return table
