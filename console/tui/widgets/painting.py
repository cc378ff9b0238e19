"""Drawing the lines of a table: cells to strips, kept by row key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.cache import LRUCache
from textual.strip import Strip
from textual.widget import Widget

from console.domain.text import clean
from console.tui.text import cut
from console.tui.widgets.columns import Column, Placed, place
from console.tui.widgets.glyphs import Glyphs

# The cursor's bar and the mark.
GUTTER = 2
WIDE = 100

RenderCell = Callable[[str, str, int], Text]


class RowPainter:
    """Draws header and rows for one width; a row is drawn once until it is forgotten."""

    def __init__(self, columns: Sequence[Column], render_cell: RenderCell) -> None:
        self.sort: tuple[str | None, bool] = (None, False)
        self._columns = tuple(columns)
        self._render_cell = render_cell
        self._width = 0
        self._placed: tuple[Placed, ...] = ()
        self._drawn: LRUCache[str, Strip] = LRUCache(1024)

    def place(self, width: int) -> None:
        """Draw for this many cells from now on."""
        if width == self._width:
            return
        self._width = width
        self._placed = place(self._columns, width, left=GUTTER, gap=2 if width >= WIDE else 1)
        self._drawn.clear()

    def forget(self, keys: Iterable[str] | None = None) -> None:
        """Draw these rows anew when they are shown next; all if None."""
        if keys is None:
            self._drawn.clear()
            return
        for key in keys:
            self._drawn.discard(key)

    def column_at(self, x: int) -> str | None:
        """The key of the column that covers this cell of the row."""
        for placed in self._placed:
            if placed.x <= x < placed.x + placed.width:
                return placed.column.key
        return None

    def header(self, console: Console, glyphs: Glyphs, sorted_style: Style) -> Strip:
        """The titles, with an arrow at the one that the rows are sorted by."""
        sorted_by, descending = self.sort
        arrow = glyphs.descending if descending else glyphs.ascending
        cells = []
        for placed in self._placed:
            title = Text(placed.column.title, end="")
            if placed.column.key == sorted_by:
                title = cut(title, placed.width - 2, ellipsis=glyphs.ellipsis).append(f" {arrow}")
                title.stylize(sorted_style)
            cells.append(title)
        return Strip([Segment(" " * GUTTER), *self._line(console, glyphs, cells)])

    def row(self, console: Console, glyphs: Glyphs, key: str) -> Strip:
        """The cells of a row; the gutter is left to the caller."""
        strip = self._drawn.get(key)
        if strip is None:
            cells = [self._render_cell(key, placed.column.key, placed.width) for placed in self._placed]
            strip = self._drawn[key] = self._line(console, glyphs, cells)
        return strip

    def _line(self, console: Console, glyphs: Glyphs, cells: Sequence[Text]) -> Strip:
        segments: list[Segment] = []
        end = GUTTER
        for placed, cell in zip(self._placed, cells, strict=True):
            shown = _one_line(cell, placed.width, glyphs.ellipsis)
            blank = placed.width - shown.cell_len
            before = blank if placed.column.justify == "right" else 0
            segments.append(Segment(" " * (placed.x - end + before)))
            segments.extend(segments_of(shown, console))
            segments.append(Segment(" " * (blank - before)))
            end = placed.x + placed.width
        return Strip(segment for segment in segments if segment.text)


def segments_of(text: Text, console: Console) -> Iterable[Segment]:
    """The text in its styles; Rich's own `render` forgets the text's base style if it has no spans."""
    return Segment.apply_style(text.render(console), console.get_style(text.style))


def _one_line(cell: Text, width: int, ellipsis: str) -> Text:
    # Whoever renders cells uses the sanitiser; a cell that wasn't is shown without its styles rather than obeyed.
    shown = cell if cell.plain.isprintable() else Text(clean(cell.plain), end="")
    shown = cut(shown, width, ellipsis=ellipsis)
    shown.end = ""
    return shown


def ink(widget: Widget, component: str) -> Style:
    """A component's style without its ground. Textual's own partial styles forget how far a colour is faded."""
    style = widget.get_component_rich_style(component)
    return Style(color=style.color, bold=style.bold, dim=style.dim, italic=style.italic, reverse=style.reverse)


def notice(text: Text, y: int, width: int, ellipsis: str, console: Console) -> Strip:
    """Line y of a text of several lines, each in the middle of `width` cells."""
    lines = text.split("\n")
    if not 0 <= y < len(lines):
        return Strip([])
    shown = _one_line(lines[y], max(width - 4, 1), ellipsis)
    return Strip([Segment(" " * ((width - shown.cell_len) // 2)), *segments_of(shown, console)])
