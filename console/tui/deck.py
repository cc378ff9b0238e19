"""What screens may ask of the app that shows them."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Literal, Protocol

from textual.worker import Worker

from console.domain.ids import JobId
from console.engine.service import Service
from console.tui.render import Styles

Tone = Literal["information", "warning", "error"]


class Deck(Protocol):
    """The app, as its screens see it."""

    service: Service
    only_ascii: bool
    first_job: JobId | None

    def now(self) -> float:
        """Seconds since the epoch, for ages."""
        ...

    def styles_now(self) -> Styles:
        """What style names look like in the present theme."""
        ...

    def tell(self, text: str, tone: Tone = "information") -> None:
        """Show a sentence for a while; it may hold anything, it is sanitised."""
        ...

    def carry_out(self, asked: Coroutine[Any, Any, object], done: str = "") -> None:
        """Have something done in the background; what goes wrong is told, as is `done` at the end."""
        ...

    def tell_fault(self, event: Worker.StateChanged) -> None:
        """Tell if a worker failed."""
        ...

    def key_of(self, action: str) -> str:
        """The key that an action has now, as it is shown."""
        ...
