"""Driving the console's screen in a test: keys in, what is shown out, waiting for a condition instead of sleeping."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from textual.pilot import Pilot
from textual.widget import Widget

from console.tui.app import ConsoleApp
from tests.harness.fake_service import FakeService

DEADLINE_S = 5.0
W = TypeVar("W", bound=Widget)


class Driver:
    """A running console with a person at its keys."""

    def __init__(self, app: ConsoleApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    async def press(self, *keys: str) -> None:
        """Press keys, and let the console take them in."""
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        """Type a text, character by character."""
        await self.press(*("space" if char == " " else char for char in text))

    def one(self, selector: str, kind: type[W]) -> W:
        """The one widget of the screen in front."""
        return self.app.screen.query_one(selector, kind)

    def text(self, selector: str = "") -> str:
        """What the screen in front shows, or one widget of it, as plain rows."""
        screen = self.app.screen
        region = screen.query_one(selector).region if selector else screen.region
        rows = [strip.text for strip in screen._compositor.render_strips()]
        return "\n".join(row[region.x : region.right] for row in rows[region.y : region.bottom])

    async def until(self, condition: Callable[[], bool], what: str = "") -> None:
        """Wait until it is so; fail with what is on the screen."""
        end = asyncio.get_running_loop().time() + DEADLINE_S
        while not condition():
            if asyncio.get_running_loop().time() > end:
                raise AssertionError(f"waited in vain {what}; the screen shows:\n{self.text()}")
            await self.pilot.pause(0.01)

    async def until_shown(self, text: str, selector: str = "") -> None:
        """Wait until a text is on the screen."""
        await self.until(lambda: text in self.text(selector), f"for {text!r}")


@asynccontextmanager
async def console_on(
    service: FakeService, *, size: tuple[int, int] = (100, 30), **settings: object
) -> AsyncIterator[Driver]:
    """The console over a service, with the service's clock, which stands still."""
    app = ConsoleApp(service, now=lambda: service.now, live=False, **settings)  # type: ignore[arg-type]
    async with app.run_test(size=size, notifications=True) as pilot:
        await pilot.pause()
        yield Driver(app, pilot)
