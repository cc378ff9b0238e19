"""A program that shows hostile strings in the console's widgets on the terminal it is started on, then ends.

`python -m tests.harness.hostile_app SEED COUNT` shows COUNT strings.
"""

from __future__ import annotations

import asyncio
import random
import sys
from typing import ClassVar

from rich.text import Text
from textual.app import App, ComposeResult

from console.tui.text import safe
from console.tui.widgets.cards import SummaryCards
from console.tui.widgets.log_view import LogView
from console.tui.widgets.plot import MetricPlot
from console.tui.widgets.table import Column, VirtualTable
from tests.harness.documents import MemoryDocument

TOKEN = "Qz"
PARTS = (
    *(
        "\x1b[2J",
        "\x1b[7;77H",
        "\x1b[?1049l",
        "\x1b[?25h",
        "\x1b[6n",
        "\x1b[c",
        "\x1b[5i",
        "\x1b[8m",
        "\x1b[31m",
        "\x1b[0;7m",
    ),
    *(
        "\x1b]0;owned\x07",
        "\x1b]52;c;b3duZWQ=\x07",
        "\x1b]8;;http://owned\x1b\\",
        "\x1b]1337;File=:AA\x07",
        "\x1b]0;open",
    ),
    *(
        "\x1bP1$qm\x1b\\",
        "\x1b_Gi=1;AAAA\x1b\\",
        "\x1b^private\x1b\\",
        "\x1bXsos\x1b\\",
        "\x1bP",
        "\x1bc",
        "\x1b#8",
        "\x1b(0",
    ),
    *(
        "\x9b2J",
        "\x9d0;owned\x9c",
        "\x90q\x9c",
        "\x9f",
        "\x85",
        "\x84",
        "\x18",
        "\x1a",
        "\x05",
        "\x07",
        "\x08",
        "\x0e",
        "\x0b",
    ),
    *("[@click=app.quit]x[/]", "[/", "[link=http://owned]y[/link]", "[bold red]", "\\[", "$success"),
    *(
        "\u202e",
        "\u2066",
        "\u200b",
        "\ufeff",
        "\u2028",
        "\ud800",
        "\U000e0041",
        "\ue000",
        "\u0301" * 9,
        "👩\u200d💻",
        "大",
        "\t",
    ),
    *("\r", "\n", "\r\n", "\x00", "\x7f", " ", "abc", "-rf", "$(id)", "%s", "\x1b", "[", "]", ";", "m", "H"),
)


def hostile(rng: random.Random) -> str:
    """A string made to do harm on a terminal; each part is followed by a token that tells where it went."""
    if rng.random() < 0.3:
        return "".join(chr(rng.choice((rng.randrange(0x110000), rng.randrange(0x100)))) for _ in range(12))
    return "".join(rng.choice(PARTS) + (TOKEN if rng.random() < 0.5 else "") for _ in range(rng.randint(1, 6)))


class HostileApp(App[None]):
    """Cards, a table, a log and a plot, all fed with hostile strings."""

    CSS: ClassVar[str] = "VirtualTable, LogView { height: 1fr; } MetricPlot { height: 10; }"

    def __init__(self, seed: int, count: int) -> None:
        super().__init__()
        self._rng = random.Random(seed)
        self._count = count
        self._strings: dict[str, str] = {}

    def compose(self) -> ComposeResult:
        """All of the widgets that strings from outside reach."""
        yield SummaryCards()
        yield VirtualTable((Column("a", "A", 20, flex=1), Column("b", "B", 30, flex=1)), self._cell)
        yield LogView()
        yield MetricPlot()

    def _cell(self, key: str, column: str, width: int) -> Text:
        return safe(self._strings[key])

    def on_mount(self) -> None:
        """Start."""
        self.run_worker(self._show_all())

    async def _show_all(self) -> None:
        table, log, plot = self.query_one(VirtualTable), self.query_one(LogView), self.query_one(MetricPlot)
        page = max(self.size.height, 10)
        for _ in range(0, self._count, page):
            texts = [hostile(self._rng) for _ in range(page)]
            self._strings = dict(zip(map(str, range(page)), texts, strict=True))
            table.empty_text = safe(texts[0])
            table.set_order([])
            await self._drawn()
            table.set_order(list(self._strings))
            table.refresh_rows()
            log.show(MemoryDocument(*texts), texts[1])
            plot.show({texts[2]: [(0.0, 1.0), (1.0, 2.0)]})
            await self._drawn()
            log.show(None, texts[3])
            await self._drawn()
        self.exit()

    async def _drawn(self) -> None:
        drawn = asyncio.Event()
        self.call_after_refresh(drawn.set)
        async with asyncio.timeout(30):
            await drawn.wait()


if __name__ == "__main__":
    HostileApp(int(sys.argv[1]), int(sys.argv[2])).run()
