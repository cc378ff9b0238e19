"""What a command works with: where things are kept, the settings, and a way to the engine."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import click

if TYPE_CHECKING:
    from console.config.paths import Home
    from console.config.settings import Settings
    from console.domain.ids import JobId
    from console.engine.service import Mode, OpenService, Service


class OpenServiceFactory(Protocol):
    """Makes the way to the engine for a home."""

    def __call__(self, home: Home, settings: Settings) -> OpenService:
        """The function that opens a service there."""
        ...


class RunConsole(Protocol):
    """Opens the console."""

    def __call__(self, home: Home, settings: Settings, jobs: Sequence[JobId] = ()) -> int:
        """Run it until the person quits, with the cursor on the first of the jobs; returns the exit code."""
        ...


@dataclass
class Session:
    """One run of the command line."""

    open_service: OpenServiceFactory
    run_console: RunConsole
    chosen_home: str | None = None

    @cached_property
    def home(self) -> Home:
        """Where things are kept."""
        from console.config.paths import find_home  # noqa: PLC0415 - start-up

        return find_home(self.chosen_home, os.environ)

    @cached_property
    def settings(self) -> Settings:
        """What config.toml says."""
        from console.config.settings import load_settings  # noqa: PLC0415 - start-up

        return load_settings(self.home.config_file)

    def run(self, mode: Mode, work: Callable[[Service], Awaitable[int]]) -> int:
        """Open the service, do the work, close it; returns the exit code."""
        import asyncio  # noqa: PLC0415 - start-up

        async def opened() -> int:
            async with self.open_service(self.home, self.settings)(mode) as service:
                return await work(service)

        return asyncio.run(opened())

    def console(self, jobs: Sequence[JobId] = ()) -> int:
        """Open the console."""
        return self.run_console(self.home, self.settings, jobs)


pass_session = click.make_pass_decorator(Session)
