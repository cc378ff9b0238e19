"""The nodes: a table, and all about the one under the cursor."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from console.engine.service import Change, NodeView
from console.tui.actions import bindings
from console.tui.presenters import nodes
from console.tui.presenters.cells import Cell, Section
from console.tui.render import line_text, lines_text, section_table
from console.tui.screens.base import EVERYTHING, DeckScreen
from console.tui.widgets.bars import progress_bar
from console.tui.widgets.table import Column, VirtualTable

COLUMNS = (
    Column("name", "Node", 12, flex=1),
    Column("state", "State", 14),
    Column("cpu", "CPU", 16, flex=1),
    Column("memory", "Memory", 16, flex=1),
    Column("gpus", "GPUs", 6),
    Column("running", "Jobs", 4, justify="right"),
    Column("host", "Host", 14, flex=1, rank=1),
    Column("reason", "Why", 16, flex=2, rank=2),
)


class NodeTable(VirtualTable):
    """The table of nodes with keys that can be remapped."""

    BINDINGS = bindings("list")


class NodesScreen(DeckScreen):
    """All nodes."""

    HERE = "show-nodes"
    AUTO_FOCUS = "#nodes"

    def __init__(self) -> None:
        super().__init__()
        self._views: dict[str, NodeView] = {}
        self._sections: tuple[Section, ...] = ()
        self._height = 0

    def compose_body(self) -> ComposeResult:
        """Table above, details below."""
        with Vertical(id="nodes-box", classes="pane") as box:
            box.border_title = "Nodes"
            yield NodeTable(COLUMNS, self._cell, id="nodes")
        with VerticalScroll(id="node-box", classes="pane", can_focus=False):
            yield Static(id="node-detail")

    def on_mount(self) -> None:
        """Fill it before it is seen."""
        super().on_mount()
        self.take(EVERYTHING)

    def take(self, change: Change) -> None:
        """Show the nodes anew if one of them changed."""
        super().take(change)
        if not change.nodes:
            return
        table = self.query_one("#nodes", VirtualTable)
        self._views = {view.node.name: view for view in self.deck.service.nodes()}
        if not self._views:
            table.empty_text = lines_text(nodes.EMPTY, self.deck.styles_now())
        table.set_order(list(self._views))
        # The table takes the rows that it has, up to half of the screen; the details have the rest.
        box = self.query_one("#nodes-box")
        height = min(max(len(self._views), 4) + 3, max(self.size.height // 2, 6))
        if self._height != height:
            self._height = box.styles.height = height
        table.refresh_rows()
        self._show_detail()

    def tick(self) -> None:
        """The age of a stale node."""
        self._show_detail()

    def _show_detail(self) -> None:
        view = self._views.get(self.query_one("#nodes", VirtualTable).cursor_key or "")
        self.query_one("#node-box").display = view is not None
        if view is None:
            return
        styles = self.deck.styles_now()
        sections = nodes.details(view, self.deck.now(), ascii_only=self.deck.only_ascii)
        if sections == self._sections:
            return
        self._sections = sections
        parts: list[RenderableType] = []
        for section in sections:
            title = line_text((Cell(section.title, "key"),), styles)
            title.end = "\n"
            parts.append(title)
            parts.append(section_table(section, styles, 10))
        self.query_one("#node-detail", Static).update(Group(*parts))

    def _cell(self, key: str, column: str, width: int) -> Text:
        view = self._views[key]
        if column == "cpu":
            return progress_bar(nodes.cpu_share(view), width, self.deck.only_ascii)
        if column == "memory":
            return progress_bar(nodes.memory_share(view), width, self.deck.only_ascii)
        return line_text(
            nodes.cell(view, column, self.deck.now(), ascii_only=self.deck.only_ascii), self.deck.styles_now()
        )

    def on_virtual_table_highlighted(self, event: VirtualTable.Highlighted) -> None:
        """The cursor is on another node."""
        event.stop()
        self._show_detail()
