"""The four numbers above the jobs."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Static

from console.tui.widgets.glyphs import ASCII, glyphs_for


class SummaryCards(Horizontal):
    """Total, running, completed and failed jobs: boxes, or one line where the screen is low (its class `-low`)."""

    DEFAULT_CSS = """
    SummaryCards {
        height: 3;
        & > .card {
            width: 1fr;
            height: 3;
            content-align: center middle;
            border: round $foreground 25%;
            text-wrap: nowrap;
            text-overflow: ellipsis;
        }
        &.-ascii > .card { border: ascii $foreground 25%; }
        & > .card-total { color: $foreground; width: auto; min-width: 20; padding: 0 1; }
        & > .card-running { color: $primary; }
        & > .card-completed { color: $success; }
        & > .card-failed { color: $error; }
    }
    Screen.-low SummaryCards { height: 1; background: $surface; }
    Screen.-low SummaryCards > .card, Screen.-low SummaryCards.-ascii > .card {
        height: 1;
        border: none;
        background: $surface;
    }
    """

    # The class that tells of a low screen is the screen's.
    SCOPED_CSS = False

    def __init__(
        self,
        *,
        id: str | None = None,  # noqa: A002  Textual's word for it
        classes: str | None = None,
        only_ascii: bool | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._only_ascii = only_ascii
        self._shown: tuple[int, ...] | None = None

    def on_mount(self) -> None:
        """Boxes of characters that can be shown."""
        self.set_class(glyphs_for(self, self._only_ascii) is ASCII, "-ascii")

    def compose(self) -> ComposeResult:
        """One box each."""
        for name in ("total", "running", "completed", "failed"):
            yield Static(classes=f"card card-{name}")

    def set_counts(self, total: int, running: int, completed: int, failed: int, pending: int = 0) -> None:
        """Show these numbers of jobs; the pending ones stand beside the total."""
        counts = (total, running, completed, failed, pending)
        if counts == self._shown:
            return
        self._shown = counts
        glyphs = glyphs_for(self, self._only_ascii)
        self._put("total", "", total, f" ({pending:,} pending)" if pending else "")
        self._put("running", glyphs.running, running)
        self._put("completed", glyphs.completed, completed)
        self._put("failed", glyphs.failed, failed)

    def _put(self, name: str, sign: str, count: int, more: str = "") -> None:
        text = Text.assemble(f"{sign} " if sign else "", (f"{count:,}", "bold"), f" {name.capitalize()}", (more, "dim"))
        text.no_wrap = True
        self.query_one(f".card-{name}", Static).update(text)
