"""From presenters' cells to the text that widgets draw. Every piece goes through the sanitiser."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich.style import Style
from rich.text import Text

from console.domain.text import clean
from console.tui.presenters.cells import Line, Section, StyleName
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


def section_text(section: Section, styles: Styles, label_width: int, label_style: StyleName = "muted") -> Text:
    """The rows of a section, labels in one column."""
    text = Text(overflow="fold")
    for index, row in enumerate(section.rows):
        if index:
            text.append("\n")
        text.append(clean(row.label).ljust(label_width) + "  ", styles[label_style])
        value = line_text(row.value, styles)
        value.no_wrap = False
        text.append_text(value)
    return text
