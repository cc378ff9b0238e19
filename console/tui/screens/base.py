"""What all screens have: header and footer, the service, and the same way of hearing about changes."""

from __future__ import annotations

from typing import ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input, Static
from textual.worker import Worker

from console.domain.ids import JobId
from console.engine.service import Change
from console.tui.actions import BY_NAME, Place
from console.tui.deck import Deck
from console.tui.presenters.footer import Hint
from console.tui.presenters.help import KeyEntry
from console.tui.screens.chrome import FooterLine, HeaderLine
from console.tui.text import safe

EVERYTHING = Change(frozenset[JobId](), frozenset[JobId](), nodes=True, role=True)
"""A change after which a screen reads everything again, whatever it held before."""
_PLACES = ("show-jobs", "show-nodes")
_WORKS_WHILE_TYPING = {"escape", "f1"}


class DeckScreen(Screen[None]):
    """A whole screen. Subclasses say what stands between header and footer."""

    PLACES: ClassVar[tuple[Place, ...]] = ()
    HERE: ClassVar[str] = ""

    def __init__(self) -> None:
        super().__init__()
        self._was_shown = False
        self._problem = ""

    @property
    def deck(self) -> Deck:
        """The app, typed."""
        return cast(Deck, self.app)

    def compose(self) -> ComposeResult:
        """Header, body, footer."""
        hints = [
            Hint(self.deck.key_of(name), BY_NAME[name].label, BY_NAME[name].target, rank)
            for rank, name in enumerate(_PLACES)
        ]
        yield HeaderLine(hints, self.HERE)
        yield Static(id="problem")
        yield from self.compose_body()
        yield FooterLine()

    def compose_body(self) -> ComposeResult:
        """What the screen is about."""
        yield from ()

    def on_mount(self) -> None:
        """Keep the footer to the keys that work."""
        self.bindings_updated_signal.subscribe(self, lambda _screen: self.update_footer())
        self.call_after_refresh(self.update_footer)
        self._show_problem()

    def on_screen_resume(self) -> None:
        """What changed while another screen was in front wasn't shown here."""
        if self._was_shown:
            self.call_after_refresh(self.take, EVERYTHING)
        self._was_shown = True

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A worker of this screen ended."""
        self.deck.tell_fault(event)

    def take(self, change: Change) -> None:
        """Show a change."""
        if change.role:
            self.query_one(HeaderLine).update_role()
        self._show_problem()

    def _show_problem(self) -> None:
        """Say on every screen why nothing is scheduled, as long as that is so."""
        problem = self.deck.service.problem
        if problem != self._problem:
            self._problem = problem
            banner = self.query_one("#problem", Static)
            banner.update(safe(problem))
            banner.display = bool(problem)

    def tick(self) -> None:
        """A second went by: ages may read differently now."""

    def reload(self) -> None:
        """Read and draw everything again."""
        self.take(EVERYTHING)

    def why_not(self, action: str) -> str:  # noqa: ARG002 - screens without such actions allow everything
        """Why an action would do nothing now; empty if it would."""
        return ""

    def offers(self, action: str) -> bool:  # noqa: ARG002 - the same
        """Whether an action is worth its place in the footer now."""
        return True

    def update_footer(self) -> None:
        """Show the keys that matter now."""
        if not self.is_mounted or not self.is_current:
            return
        typing = isinstance(self.focused, Input)
        hints: dict[str, Hint] = {}
        for active in self.active_bindings.values():
            binding = active.binding
            action = BY_NAME.get(binding.id or "")
            rank = action.footer if action else 0
            if action is None or rank == 0 or not self.offers(action.name):
                continue
            if typing and not action.in_typing and binding.key not in _WORKS_WHILE_TYPING:
                continue
            key = self.app.get_key_display(binding)
            if action.name not in hints or key == self.deck.key_of(action.name):
                enabled = not self.why_not(action.name)
                hints[action.name] = Hint(key, action.label, action.target, rank, enabled)
        self.query_one(FooterLine).show(list(hints.values()))


def _is_pane(node: DOMNode) -> bool:
    return isinstance(node, Widget) and not isinstance(node, Screen)


def live_keys(screen: Screen[object]) -> list[KeyEntry]:
    """Every key that works now, the focused pane's first, in words."""
    entries = []
    for active in screen.active_bindings.values():
        binding: Binding = active.binding
        action = BY_NAME.get(binding.id or "")
        if not binding.description or (action is None and binding.action.startswith("scroll_")):
            continue
        group = action.group if action else "This pane" if _is_pane(active.node) else "Console"
        text = action.help if action else binding.tooltip or binding.description
        entries.append(KeyEntry(screen.app.get_key_display(binding), text, group))
    return entries
