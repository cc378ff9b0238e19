"""Having things done in the background, and telling how that went: nothing that fails ends the console."""

from __future__ import annotations

import logging
from collections.abc import Coroutine
from typing import Any

from textual.app import App
from textual.worker import Worker, WorkerState

from console.domain.errors import ClusterdeckError
from console.domain.text import clean
from console.tui.deck import Tone
from console.tui.text import safe

_LOG = logging.getLogger("clusterdeck.tui")


class Telling(App[None]):
    """The part of the app that speaks to the person."""

    def tell(self, text: str, tone: Tone = "information") -> None:
        """Show a sentence for a while."""
        self.notify(clean(text), severity=tone, markup=False, timeout=10 if tone == "error" else 5)

    def _handle_exception(self, error: Exception) -> None:
        """A fault that can't be contained ends the console with one sentence; its log has the rest. Textual would
        print a traceback with every local variable, the jobs' environment among them."""
        _LOG.error("the console ends because of a fault", exc_info=error)
        if self.is_headless:
            super()._handle_exception(error)
            return
        if self._exit:
            # The person is leaving, and what is being taken down has nothing to draw on any more.
            return
        sentence = f"The console ended because of a fault of its own ({type(error).__name__}: {error}). "
        advice = "Jobs run on; open it again. console.log in the data directory says more."
        self.exit(return_code=1, message=safe(sentence + advice))

    def carry_out(self, asked: Coroutine[Any, Any, object], done: str = "") -> None:
        """Have something done in the background and say how it went."""

        async def carry() -> None:
            try:
                await asked
            except ClusterdeckError as error:
                self.tell(str(error), "error")
            else:
                if done:
                    self.tell(done)

        self.run_worker(carry(), exit_on_error=False)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A worker of the app ended."""
        self.tell_fault(event)

    def tell_fault(self, event: Worker.StateChanged) -> None:
        """A fault in a worker is told, it doesn't end the console. Screens hand theirs on, for they don't bubble."""
        error = event.worker.error
        if event.state is WorkerState.ERROR and error is not None:
            _LOG.error("a worker of the screen failed", exc_info=error)
            self.tell(f"Something went wrong inside the console ({type(error).__name__}: {error}).", "error")
