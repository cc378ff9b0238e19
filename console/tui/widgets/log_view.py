"""A log of any length of which only the lines in view are ever read and drawn."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import Reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from console.domain.errors import ClusterdeckError
from console.engine.service import LogDocument, LogLine
from console.tui.widgets.glyphs import glyphs_for
from console.tui.widgets.log_lines import LEVELS, MOST_PREFIX, LineLook, LinePainter, Tools, remark
from console.tui.widgets.log_window import LogWindow
from console.tui.widgets.painting import ink

_REPAINT_S = 0.1
_SIDEWAYS = 8
_CYCLE = (None, "info", "warning", "error", "critical")


@dataclass(frozen=True, slots=True)
class LogState:
    """What a log pane shows and how. `new_lines` came while it was paused; `line_count` are those of the level."""

    following: bool
    minimum_level: str | None
    wrap: bool
    timestamps: bool
    new_lines: int
    line_count: int

    def words(self) -> str:
        """The state in a few words: `paused, 128 new · warning and above · 3,402 lines`."""
        parts = ["following" if self.following else f"paused, {self.new_lines:,} new" if self.new_lines else "paused"]
        if self.minimum_level is not None:
            parts.append(f"{self.minimum_level} and above")
        if self.wrap:
            parts.append("wrapped")
        parts.append("1 line" if self.line_count == 1 else f"{self.line_count:,} lines")
        return " · ".join(parts)


class LogView(ScrollView, can_focus=True):
    """Shows a LogDocument and follows it; whoever opened the document closes it.

    Scrolling up pauses the following, coming back to the end resumes it. The scroll position counts lines of the
    document, also where lines are wrapped, so that a long log costs no more than a short one. A wrapped line takes at
    most as many rows as the pane has.
    """

    DEFAULT_CSS = """
    LogView {
        overflow-x: auto;
        overflow-y: auto;
        scrollbar-gutter: stable;
        scrollbar-size: 0 1;
        scrollbar-background: $background;
        scrollbar-background-hover: $background;
        scrollbar-background-active: $background;
        scrollbar-color: $foreground 25%;
        background: $background;
        color: $foreground;
        & > .log-view--debug { color: $foreground 60%; }
        & > .log-view--info { color: $foreground; }
        & > .log-view--warning { color: $text-warning; }
        & > .log-view--error { color: $text-error; }
        & > .log-view--critical { color: $text-error; text-style: bold; }
        & > .log-view--letter-debug { color: $foreground 40%; }
        & > .log-view--letter-info { color: $foreground 40%; }
        & > .log-view--letter-warning { color: $warning; text-style: bold; }
        & > .log-view--letter-error { color: $error; text-style: bold; }
        & > .log-view--letter-critical { color: $error; text-style: bold reverse; }
        & > .log-view--time { color: $foreground 50%; }
        & > .log-view--remark { color: $foreground 60%; text-style: italic; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *(f"log-view--{level}" for level in LEVELS),
        *(f"log-view--letter-{level}" for level in LEVELS),
        "log-view--time",
        "log-view--remark",
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
        Binding("left", "sideways(-1)", "Left", show=False),
        Binding("right", "sideways(1)", "Right", show=False),
        Binding("f", "follow", "Follow", show=False),
        Binding("t", "timestamps", "Timestamps", show=False),
        Binding("w", "wrap", "Wrap", show=False),
        Binding("L", "cycle_level", "Level", show=False),
    ]

    # Textual's own lays out and repaints the whole screen for each change of the number of lines.
    virtual_size = Reactive(Size(0, 0), layout=False, repaint=False)

    class StateChanged(Message):
        """The pane follows or not, shows another level, got more lines, …"""

        def __init__(self, log_view: LogView, state: LogState) -> None:
            super().__init__()
            self.log_view = log_view
            self.state = state

        @property
        def control(self) -> LogView:
            """The pane, so that handlers can be chosen by its id."""
            return self.log_view

    def __init__(
        self,
        *,
        id: str | None = None,  # noqa: A002  Textual's word for it
        classes: str | None = None,
        only_ascii: bool | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.following = True
        self.wrap = False
        self.timestamps = False
        self._only_ascii = only_ascii
        self._window = LogWindow()
        self._seen = 0
        self._end_top = 0
        self._moving = False
        self._painter = LinePainter()
        self._tools: Tools | None = None
        self._rows: list[Strip] | None = None
        self._told: LogState | None = None

    @property
    def minimum_level(self) -> str | None:
        """The least level that is shown; None: all."""
        return self._window.level

    @property
    def state(self) -> LogState:
        """What is shown and how."""
        new_lines = 0 if self.following else max(self._window.count - self._seen, 0)
        return LogState(self.following, self.minimum_level, self.wrap, self.timestamps, new_lines, self._window.count)

    def show(self, document: LogDocument | None, notice: str = "") -> None:
        """Show this log from its end on; `notice` (a string from anywhere) is said as long as it has no lines."""
        self.workers.cancel_group(self, "document")
        self._window = LogWindow(document, notice, self.minimum_level)
        self.following = True
        self._update()
        if document is not None:
            self.run_worker(self._watch(document), group="document", exclusive=True, exit_on_error=False)

    def set_minimum_level(self, level: str | None) -> None:
        """Show only lines of this level and above (`debug info warning error critical`); None shows all.

        A paused pane stays at the time it shows.
        """
        at = self._window.time_of(self.scroll_offset.y)
        self._window.level = None if level == LEVELS[0] else level
        self._window.recount()
        self._seen = self._window.count
        self._update()
        if at is not None and not self.following:
            self._move_to(self._window.first_since(at))

    def render_line(self, y: int) -> Strip:
        """One row of the pane."""
        if self._rows is None:
            self._rows = self._build()
        row = self._rows[y] if y < len(self._rows) else Strip([])
        return row.adjust_cell_length(self.scrollable_content_region.width).apply_style(self.rich_style)

    def on_resize(self) -> None:
        """Fill the new size; the end stays in view while following."""
        self._update()

    def notify_style_update(self) -> None:
        """Another theme: nothing that was drawn is good any more."""
        super().notify_style_update()
        self._painter.forget()
        self._tools = None
        self._rows = None

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """A person who scrolls up pauses, one who comes to the end follows."""
        self._rows = None
        super().watch_scroll_y(old_value, new_value)
        if not self._moving and round(old_value) != round(new_value):
            self._set_following(round(new_value) >= self.max_scroll_y)

    def watch_scroll_x(self, old_value: float, new_value: float) -> None:
        """Another part of the long lines."""
        self._rows = None
        super().watch_scroll_x(old_value, new_value)

    def action_follow(self) -> None:
        """Go to the end and stay there, or stop doing so."""
        self._set_following(not self.following)
        self._update()

    def action_wrap(self) -> None:
        """Wrap long lines, or cut them."""
        self.wrap = not self.wrap
        self._update()

    def action_timestamps(self) -> None:
        """Show when each line was written, in local time, or don't."""
        self.timestamps = not self.timestamps
        self._update()

    def action_cycle_level(self) -> None:
        """The next minimum level, round and round."""
        self.set_minimum_level(_CYCLE[(_CYCLE.index(self.minimum_level) + 1) % len(_CYCLE)])

    def action_move(self, how: str) -> None:
        """Scroll: up, down, first, last, page_up, page_down, half_up, half_down."""
        page = max(self._height - 1, 1)
        half = max(page // 2, 1)
        steps = {"up": -1, "down": 1, "page_up": -page, "page_down": page, "half_up": -half, "half_down": half}
        target = {"first": 0, "last": self._end_top}.get(how)
        top = self.scroll_offset.y + steps[how] if target is None else target
        if self._end_top:
            self._set_following(top >= self._end_top)
        self._move_to(top)

    def action_sideways(self, direction: int) -> None:
        """Show what is further right (1) or left (-1) of lines that are cut."""
        if not self.wrap:
            self.scroll_to(x=self.scroll_offset.x + direction * _SIDEWAYS, animate=False)

    @property
    def _height(self) -> int:
        return max(self.scrollable_content_region.height, 1)

    async def _watch(self, document: LogDocument) -> None:
        """Repaint when the document changed, but not more often than a person can see."""
        while True:
            version = document.version
            self._update(only_growth=True)
            try:
                await document.wait(version)
            except ClusterdeckError as error:
                self._window.notice = str(error)
                self._update()
                return
            await asyncio.sleep(_REPAINT_S)

    def _update(self, *, only_growth: bool = False) -> None:
        """Take notice of a change; if the document only grew below what is in view, nothing is repainted."""
        seen_end = self.scroll_offset.y + self._height > self._window.count
        self._window.recount()
        self._end_top = self._window.end_top(self._height, self._paint if self.wrap else None)
        self._resized()
        if self.following:
            self._move_to(self._end_top)
        if self.following or seen_end or not only_growth:
            self._rows = None
            self.refresh()
        self._tell()

    def _resized(self) -> None:
        """Tell Textual how far there is to scroll, without the layout of the whole screen that it would do."""
        width = self.scrollable_content_region.width
        # A character may take two cells, but then most take one.
        longest = 0 if self.wrap else self._window.longest + MOST_PREFIX + 1
        self.virtual_size = Size(max(width, longest), self._end_top + self._height)
        self._moving = True
        self._scroll_update(self.virtual_size)
        self._moving = False

    def _move_to(self, top: int) -> None:
        """Scroll without that counting as a person's scrolling."""
        self._moving = True
        self.scroll_to(y=min(max(top, 0), self._end_top), animate=False, force=True)
        self._moving = False

    def _set_following(self, following: bool) -> None:
        if following != self.following:
            self.following = following
            self._seen = self._window.count
            # Drawing at the end is another than from a line on: it fills the pane from below.
            self._rows = None
            self._tell()

    def _tell(self) -> None:
        if self.state != self._told:
            self._told = self.state
            self.post_message(self.StateChanged(self, self.state))

    def _paint(self, line: LogLine) -> list[Strip]:
        if self._tools is None:
            names = [*LEVELS, *(f"letter-{level}" for level in LEVELS), "time"]
            styles = {name: ink(self, f"log-view--{name}") for name in names}
            self._tools = Tools(styles, glyphs_for(self, self._only_ascii), self.app.console)
        width = max(self.scrollable_content_region.width, 1)
        if self.wrap:
            look = LineLook(width, 0, max(self._height - 1, 1), self.timestamps)
        else:
            look = LineLook(width, self.scroll_offset.x, 0, self.timestamps)
        return self._painter.paint(line, look, self._tools)

    def _build(self) -> list[Strip]:
        style = ink(self, "log-view--remark")
        width, glyphs = self.scrollable_content_region.width, glyphs_for(self, self._only_ascii)
        longest = self._window.longest
        rows = self._window.rows(
            self.scroll_offset.y,
            self._height,
            self._paint,
            lambda text: remark(text, width, style, glyphs),
            at_end=self.scroll_offset.y >= self._end_top,
        )
        if self._window.longest > longest:
            self.call_later(self._resized)
        return rows
