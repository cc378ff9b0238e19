"""A table of any number of rows of which only those on the screen are ever drawn."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import Reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from console.tui.widgets.columns import Column
from console.tui.widgets.glyphs import Glyphs, glyphs_for
from console.tui.widgets.painting import GUTTER, RenderCell, RowPainter, ink, notice

__all__ = ["Column", "VirtualTable"]


def nearest(order: Sequence[str], index: int, present: Collection[str]) -> str | None:
    """The key of `order` nearest to a position that is also in `present`, the following one first."""
    for distance in range(len(order)):
        for candidate in (index + distance, index - distance):
            if 0 <= candidate < len(order) and order[candidate] in present:
                return order[candidate]
    return None


def _position_after(old: Sequence[str], cursor: int, new: Sequence[str]) -> int:
    """Where the cursor goes when the order changes under it."""
    if not old or not new:
        return 0
    if cursor < len(new) and new[cursor] == old[cursor]:
        return cursor
    key = nearest(old, cursor, frozenset(new))
    return 0 if key is None else new.index(key)


class VirtualTable(ScrollView, can_focus=True):
    """Rows by key in an order that is handed in; cells are asked for when they come into view.

    What `render_cell(row key, column key, width)` returns is kept until `refresh_rows` names the row. The cursor and
    the marks belong to keys, so they stay on their rows whatever happens to the order; marks of rows that leave the
    order are dropped, so that nothing that can't be seen is ever acted on.
    """

    DEFAULT_CSS = """
    VirtualTable {
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-gutter: stable;
        scrollbar-size-vertical: 1;
        scrollbar-background: $background;
        scrollbar-background-hover: $background;
        scrollbar-background-active: $background;
        scrollbar-color: $foreground 25%;
        background: $background;
        color: $foreground;
        & > .virtual-table--header { text-style: bold; color: $foreground 70%; background: $surface; }
        & > .virtual-table--sorted { text-style: bold; color: $text-accent; background: $surface; }
        & > .virtual-table--cursor { background: $primary 12%; }
        & > .virtual-table--bar { color: $foreground 50%; }
        & > .virtual-table--mark { color: $text-accent; text-style: bold; }
        & > .virtual-table--marked { background: $accent 12%; }
        & > .virtual-table--empty { color: $foreground 60%; }
        &:focus > .virtual-table--cursor { background: $primary 25%; }
        &:focus > .virtual-table--bar { color: $primary; text-style: bold; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "virtual-table--header",
        "virtual-table--sorted",
        "virtual-table--cursor",
        "virtual-table--bar",
        "virtual-table--mark",
        "virtual-table--marked",
        "virtual-table--empty",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move('up')", "Up", show=False),
        Binding("down,j", "move('down')", "Down", show=False),
        Binding("home,g", "move('first')", "First", show=False),
        Binding("end,G", "move('last')", "Last", show=False),
        Binding("pageup", "move('page_up')", "Page up", show=False),
        Binding("pagedown", "move('page_down')", "Page down", show=False),
        Binding("ctrl+u", "move('half_up')", "Half a page up", show=False),
        Binding("ctrl+d", "move('half_down')", "Half a page down", show=False),
        Binding("enter", "open", "Open", show=False),
        Binding("space", "mark", "Mark", show=False),
        Binding("ctrl+a", "mark_all", "Mark all", show=False),
    ]

    # Textual's own lays out and repaints the whole screen for each change of the number of rows.
    virtual_size = Reactive(Size(0, 0), layout=False, repaint=False)
    empty_text: Reactive[Text] = Reactive(Text("Nothing here."))
    """What is shown when there are no rows; it may have several lines."""

    class TableMessage(Message):
        """Something that a table tells."""

        def __init__(self, table: VirtualTable) -> None:
            super().__init__()
            self.table = table

        @property
        def control(self) -> VirtualTable:
            """The table, so that handlers can be chosen by its id."""
            return self.table

    class Highlighted(TableMessage):
        """The cursor came to another row."""

        def __init__(self, table: VirtualTable, key: str) -> None:
            super().__init__(table)
            self.key = key

    class Opened(TableMessage):
        """A person opened a row: enter or a double click."""

        def __init__(self, table: VirtualTable, key: str) -> None:
            super().__init__(table)
            self.key = key

    class HeaderClicked(TableMessage):
        """A person clicked the title of a column (its key)."""

        def __init__(self, table: VirtualTable, column: str) -> None:
            super().__init__(table)
            self.column = column

    class MarksChanged(TableMessage):
        """Other rows are marked now."""

    def __init__(
        self,
        columns: Sequence[Column],
        render_cell: RenderCell,
        *,
        id: str | None = None,  # noqa: A002  Textual's word for it
        classes: str | None = None,
        only_ascii: bool | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._painter = RowPainter(columns, render_cell)
        self._only_ascii = only_ascii
        self._order: Sequence[str] = ()
        self._cursor = 0
        self._marked: frozenset[str] = frozenset()

    @property
    def cursor_key(self) -> str | None:
        """The key of the row under the cursor; None if there are no rows."""
        return self._order[self._cursor] if self._order else None

    @property
    def marked(self) -> frozenset[str]:
        """The keys of the marked rows; all of them are in the order."""
        return self._marked

    def set_order(self, keys: Sequence[str]) -> None:
        """Show these rows in this order; the sequence must not change afterwards.

        The cursor stays on its key, or goes to the nearest that is left, and its line stays where it is on the screen
        unless the table is at its top. Tells `Highlighted` if the cursor came to another key (nothing if none is left).
        """
        old_order, old_cursor, old_key, top = self._order, self._cursor, self.cursor_key, self.scroll_offset.y
        line = old_cursor - top
        was_visible = 0 <= line < self._page
        if keys == old_order:
            return
        self._order = keys
        self._cursor = _position_after(old_order, old_cursor, keys)
        if self._marked:
            self._set_marks(self._marked.intersection(keys))
        self._resized()
        if was_visible:
            self._reveal(self._cursor - line if top else None)
        if self.cursor_key is not None and self.cursor_key != old_key:
            self.post_message(self.Highlighted(self, self.cursor_key))
        self.refresh()

    def refresh_rows(self, keys: Collection[str] | None = None) -> None:
        """Ask for the cells of these rows again (of all if None) and repaint those that are in view."""
        self._painter.forget(keys)
        if keys is None:
            self.refresh()
            return
        top = self.scroll_offset.y
        for index in range(top, min(top + self._page, len(self._order))):
            if self._order[index] in keys:
                self.refresh_line(index + 1)

    def set_sort_marker(self, column: str | None, descending: bool) -> None:
        """Show in the header by which column the rows are sorted (None: by none)."""
        self._painter.sort = (column, descending)
        self.refresh_line(self.scroll_offset.y)

    def move_cursor_to(self, key: str) -> None:
        """Put the cursor on a row and show it; nothing happens if there is no such row."""
        if key in self._order:
            self._go(self._order.index(key))

    def toggle_mark(self) -> None:
        """Mark the row under the cursor, or take its mark away."""
        key = self.cursor_key
        if key is not None:
            self._set_marks(self._marked ^ {key})

    def mark_all(self) -> None:
        """Mark all rows of the order."""
        self._set_marks(frozenset(self._order))

    def clear_marks(self) -> None:
        """Take all marks away."""
        self._set_marks(frozenset())

    def render_line(self, y: int) -> Strip:
        """One line of the widget: the header, a row, or what is said when there are none."""
        width, console = self.scrollable_content_region.width, self.app.console
        glyphs = glyphs_for(self, self._only_ascii)
        self._painter.place(width)
        if y == 0:
            style = self.get_component_rich_style("virtual-table--header")
            sorted_style = ink(self, "virtual-table--sorted")
            header = self._painter.header(console, glyphs, sorted_style)
            return header.adjust_cell_length(width).apply_style(style)
        index = self.scroll_offset.y + y - 1
        if not self._order:
            style = self.get_component_rich_style("virtual-table--empty")
            line = notice(self.empty_text, y - 1 - self._page // 3, width, glyphs.ellipsis, console)
            return line.adjust_cell_length(width).apply_style(style)
        if index >= len(self._order):
            return Strip.blank(width, self.rich_style)
        key = self._order[index]
        return self._gutter(index, key, glyphs, self._painter.row(console, glyphs, key))

    def _gutter(self, index: int, key: str, glyphs: Glyphs, row: Strip) -> Strip:
        """A row with the signs that tell cursor and mark also without colours."""
        here, marked = index == self._cursor, key in self._marked
        style = self.rich_style
        if marked:
            style = self.get_component_rich_style("virtual-table--marked")
        if here:
            style = self.get_component_rich_style("virtual-table--cursor")
        signs = [
            Segment(glyphs.cursor if here else " ", ink(self, "virtual-table--bar")),
            Segment(glyphs.mark if marked else " ", ink(self, "virtual-table--mark")),
        ]
        return Strip([*signs, *row]).adjust_cell_length(self.scrollable_content_region.width).apply_style(style)

    def on_resize(self) -> None:
        """Place the columns anew; the cursor stays in view."""
        self._resized()
        self._reveal()

    def notify_style_update(self) -> None:
        """Another theme: nothing that was drawn is good any more."""
        super().notify_style_update()
        self._painter.forget()

    def on_click(self, event: events.Click) -> None:
        """The header sorts, the gutter marks, a row takes the cursor and opens at the second click."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        event.stop()
        if offset.y == 0:
            column = self._painter.column_at(offset.x)
            if column is not None:
                self.post_message(self.HeaderClicked(self, column))
            return
        index = self.scroll_offset.y + offset.y - 1
        if index >= len(self._order):
            return
        self._go(index)
        if offset.x < GUTTER:
            self.toggle_mark()
        elif event.chain == 2:
            self.action_open()

    def action_move(self, how: str) -> None:
        """Move the cursor: up, down, first, last, page_up, page_down, half_up, half_down."""
        page, last = max(self._page, 1), len(self._order) - 1
        half = max(page // 2, 1)
        steps = {"up": -1, "down": 1, "page_up": -page, "page_down": page, "half_up": -half, "half_down": half}
        target = {"first": 0, "last": last}.get(how)
        self._go(self._cursor + steps[how] if target is None else target)

    def action_open(self) -> None:
        """Tell that the row under the cursor is to be opened."""
        key = self.cursor_key
        if key is not None:
            self.post_message(self.Opened(self, key))

    def action_mark(self) -> None:
        """Mark the row under the cursor and go on to the next."""
        self.toggle_mark()
        self.action_move("down")

    def action_mark_all(self) -> None:
        """Mark all rows; if all are marked already, none."""
        if len(self._marked) == len(self._order):
            self.clear_marks()
        else:
            self.mark_all()

    @property
    def _page(self) -> int:
        """How many rows are in view."""
        return max(self.scrollable_content_region.height - 1, 0)

    def _resized(self) -> None:
        """Tell Textual how far there is to scroll, without the layout of the whole screen that it would do."""
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._order) + 1)
        self._scroll_update(self.virtual_size)

    def _reveal(self, top: int | None = None) -> None:
        """Scroll so that row `top` is the first, if one is given, then just so far that the cursor is in view."""
        top = self.scroll_offset.y if top is None else top
        top = max(min(top, self._cursor), self._cursor - max(self._page, 1) + 1, 0)
        if top != self.scroll_offset.y:
            self.scroll_to(y=top, animate=False, force=True)

    def _go(self, index: int) -> None:
        """Put the cursor on the row at this position, or the nearest there is, and show it."""
        index = max(min(index, len(self._order) - 1), 0)
        old, self._cursor = self._cursor, index
        self._reveal()
        if index != old:
            self.refresh_line(old + 1)
            self.refresh_line(index + 1)
            self.post_message(self.Highlighted(self, self._order[index]))

    def _set_marks(self, keys: frozenset[str]) -> None:
        """Mark these rows and no others."""
        if keys == self._marked:
            return
        changed, self._marked = keys ^ self._marked, keys
        self.post_message(self.MarksChanged(self))
        if len(changed) == 1 and self.cursor_key in changed:
            self.refresh_line(self._cursor + 1)
        else:
            self.refresh()
