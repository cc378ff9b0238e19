"""The help: the keys that work where it was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from console.tui.deck import Deck
from console.tui.presenters.help import KeyEntry, key_width, sections
from console.tui.render import section_table

FILTER_HELP = (
    KeyEntry("bert v2", "both words are in the name", "Filter"),
    KeyEntry("status:failed,running", "either status; also prio: exp: node: type: label:", "Filter"),
    KeyEntry("gpu>=2 mem<64 age<2d", "comparisons; also cpu number", "Filter"),
    KeyEntry("!status:completed", "the opposite", "Filter"),
)


class HelpScreen(ModalScreen[None]):
    """Keys by group, from the live bindings."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1", "close", "Close"),
        Binding("j,down", "scroll_by(1)", "Down", show=False),
        Binding("k,up", "scroll_by(-1)", "Up", show=False),
        Binding("pagedown,ctrl+d,space", "scroll_by(12)", "Page down", show=False),
        Binding("pageup,ctrl+u", "scroll_by(-12)", "Page up", show=False),
    ]

    def __init__(self, entries: Sequence[KeyEntry]) -> None:
        super().__init__()
        self._sections = sections(entries)

    def compose(self) -> ComposeResult:
        """One block per group."""
        styles = cast(Deck, self.app).styles_now()
        width = key_width(self._sections)
        with VerticalScroll(classes="dialog help", can_focus=False) as box:
            box.border_title = "Help"
            box.border_subtitle = "esc closes, j k scroll"
            for section in self._sections:
                yield Static(section.title, classes="section-title", markup=False)
                yield Static(section_table(section, styles, width, label_style="key"), classes="section")

    def action_scroll_by(self, rows: int) -> None:
        """Move the text."""
        self.query_one(VerticalScroll).scroll_relative(y=rows, animate=False)

    def action_close(self) -> None:
        """Back to where it was asked for."""
        self.dismiss()
