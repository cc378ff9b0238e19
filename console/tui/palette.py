"""The command palette: every action of the registry that has a place in front of the person now."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.types import IgnoreReturnCallbackType

from console.tui.actions import Action, actions_of
from console.tui.deck import Deck


class ActionProvider(Provider):
    """Actions by their label and help."""

    def _actions(self) -> Iterator[tuple[Action, str, IgnoreReturnCallbackType]]:
        deck = cast(Deck, self.app)
        for action in (*actions_of(*getattr(self.screen, "PLACES", ())), *actions_of("app")):
            if action.name == "command-palette":
                continue
            key = deck.key_of(action.name)
            title = f"{action.label}: {action.help}" + (f" ({key})" if key else "")
            yield action, title, partial(self.app.run_action, action.target)

    async def discover(self) -> Hits:
        """All of them, before anything is typed."""
        for _, title, run in self._actions():
            yield DiscoveryHit(title, run)

    async def search(self, query: str) -> Hits:
        """The ones that what is typed may mean."""
        matcher = self.matcher(query)
        for _, title, run in self._actions():
            score = matcher.match(title)
            if score > 0:
                yield Hit(score, matcher.highlight(title), run)
