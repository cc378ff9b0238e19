"""The command line over a service in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from console.cli import build_cli
from console.config.paths import Home
from console.config.settings import Settings
from console.domain.ids import JobId
from console.engine.service import Mode, OpenService, Service
from tests.harness.fake_service import FakeService


@dataclass
class Deck:
    """Runs commands, and writes down in which modes the service was opened and on which jobs the console."""

    home: Path
    service: FakeService
    modes: list[Mode] = field(default_factory=list)
    consoles: list[Sequence[JobId]] = field(default_factory=list)
    on_open: Callable[[], None] = lambda: None

    def run(self, *args: str, typed: str | None = None) -> Result:
        @asynccontextmanager
        async def opened(mode: Mode) -> AsyncIterator[Service]:
            self.modes.append(mode)
            self.on_open()
            yield self.service

        def open_service(home: Home, settings: Settings) -> OpenService:
            assert home.root == self.home
            assert settings.nodes.stop_grace_s > 0
            return opened

        def run_console(home: Home, settings: Settings, jobs: Sequence[JobId] = ()) -> int:
            self.consoles.append(jobs)
            return 0

        cli = build_cli(open_service, run_console)
        return CliRunner().invoke(cli, ["--home", str(self.home), *args], input=typed)


@pytest.fixture
def deck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deck:
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    return Deck(tmp_path, FakeService())
