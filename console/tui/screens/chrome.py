"""The line at the top and the line of keys at the bottom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from rich.style import Style
from rich.text import Text
from textual import events
from textual.app import RenderResult
from textual.widget import Widget

from console.tui.actions import BY_NAME
from console.tui.deck import Deck
from console.tui.presenters.cells import Line
from console.tui.presenters.footer import Hint, Placed, fit, hit
from console.tui.presenters.header import role_line, short_role_line
from console.tui.render import line_text

_SHORT = 90
_HERE = Style(underline=True)


class HeaderLine(Widget):
    """The product, the screens with their keys, and who schedules."""

    DEFAULT_CSS = "HeaderLine { height: 1; dock: top; background: $panel; }"

    def __init__(self, places: Sequence[Hint], here: str) -> None:
        super().__init__()
        self._places = places
        self._here = here
        self._placed: tuple[Placed, ...] = ()
        self._role: Line = ()

    @property
    def _deck(self) -> Deck:
        return cast(Deck, self.app)

    def update_role(self) -> None:
        """Draw again if somebody else leads now."""
        if self._role_line() != self._role:
            self.refresh()

    def _role_line(self) -> Line:
        make = short_role_line if self.size.width < _SHORT else role_line
        return make(self._deck.service.role, self._deck.key_of("background"))

    def render(self) -> RenderResult:
        """One row, the role at its right end."""
        styles = self._deck.styles_now()
        text = Text(no_wrap=True, end="")
        text.append(" clusterdeck ", styles["key"])
        self._placed = tuple(
            Placed(placed.start + text.cell_len, placed.hint) for placed in fit(self._places, self.size.width)
        )
        for placed in self._placed:
            text.pad_right(placed.start - text.cell_len)
            here = placed.hint.action == BY_NAME[self._here].target
            text.append(f"{placed.hint.key} ", styles["muted"])
            text.append(placed.hint.label, styles["strong"] + _HERE if here else styles[""])
        self._role = self._role_line()
        role = line_text(self._role, styles)
        space = self.size.width - text.cell_len - role.cell_len - 1
        if space > 1:
            text.pad_right(space)
            text.append_text(role)
        return text

    async def on_click(self, event: events.Click) -> None:
        """Go to the screen that was clicked."""
        found = hit(self._placed, event.x)
        if found is not None:
            await self.app.run_action(found.action)


class FooterLine(Widget):
    """The keys that matter now, as many as fit; the ones that would only say why not are dim."""

    DEFAULT_CSS = "FooterLine { height: 1; dock: bottom; background: $panel; }"

    def __init__(self) -> None:
        super().__init__()
        self._hints: tuple[Hint, ...] = ()
        self._placed: tuple[Placed, ...] = ()

    def show(self, hints: Sequence[Hint]) -> None:
        """Draw again if other keys matter now."""
        if tuple(hints) != self._hints:
            self._hints = tuple(hints)
            self.refresh()

    def render(self) -> RenderResult:
        """One row of keys and words."""
        styles = cast(Deck, self.app).styles_now()
        self._placed = fit(self._hints, self.size.width)
        text = Text(no_wrap=True, end="")
        for placed in self._placed:
            text.pad_right(placed.start - text.cell_len)
            text.append(placed.hint.key, styles["key"] if placed.hint.enabled else styles["muted"])
            text.append(f" {placed.hint.label}", styles[""] if placed.hint.enabled else styles["muted"])
        return text

    async def on_click(self, event: events.Click) -> None:
        """Do what was clicked."""
        found = hit(self._placed, event.x)
        if found is not None:
            await self.app.run_action(found.action)
