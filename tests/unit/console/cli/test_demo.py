"""`demo` over a service in memory: what it submits, what it stops, when it is content."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from console.cli.demo import EXAMPLES, MORE_EXAMPLES
from console.domain.ids import JobId, attempt_id
from console.domain.jobs import Completed, Failed, JobSpec, JobState, Running, Status
from console.domain.requests import StopJob
from console.engine.service import Mode
from tests.harness.fake_service import NOW, FakeService
from tests.unit.console.cli.conftest import Deck


class Playing(FakeService):
    """Each job runs and ends at once, as the test says by its name."""

    def __init__(self, ends: Callable[[str], JobState | None]) -> None:
        super().__init__()
        self._ends = ends

    async def submit(self, spec: JobSpec):  # type: ignore[no-untyped-def]
        done = await super().submit(spec)
        self.telemetry(done.job).progress = 0.5
        self.move(done.job, self._ends(spec.name) or self._running(done.job))
        return done

    def _running(self, job: JobId) -> Running:
        return Running(attempt_id(job, 1), "local", NOW)


def as_declared(name: str) -> JobState | None:
    (example,) = (example for example in EXAMPLES + MORE_EXAMPLES if example.name == name)
    if example.is_stopped:
        return None
    return Completed(NOW) if example.ends is Status.COMPLETED else Failed(NOW, "exit code 1")


def test_two_short_ones(deck: Deck) -> None:
    deck.service = Playing(as_declared)
    result = deck.run("demo", "--no-screen")
    assert result.exit_code == 0, result.stderr
    assert [spec.name for spec in deck.service.submitted] == [example.name for example in EXAMPLES]
    assert deck.service.submitted[0].command[-8:-6] == ("--epochs", "{epochs}")
    assert deck.modes == [Mode.LEAD_IF_FREE]
    assert "completed" in result.stdout


def test_all_stops_the_long_one(deck: Deck) -> None:
    deck.service = Playing(as_declared)
    result = deck.run("demo", "--no-screen", "--all")
    assert result.exit_code == 0, result.stderr
    assert [type(request) for request in deck.service.requests] == [StopJob]
    assert "stopped by user" in result.stdout


def test_a_surprise_is_1(deck: Deck) -> None:
    deck.service = Playing(lambda name: Failed(NOW, "exit code 1"))
    result = deck.run("demo", "--no-screen")
    assert result.exit_code == 1
    assert "should have ended completed, but failed: `clusterdeck logs 1`" in result.stderr


def test_on_a_terminal_the_console_opens_on_them(deck: Deck, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.cli.demo.is_terminal", lambda: True)
    assert deck.run("demo").exit_code == 0
    assert deck.consoles == [tuple(deck.service.jobs())]
    assert deck.modes == [Mode.OBSERVE]


def test_without_scikit_learn_it_says_what_to_install(deck: Deck, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    result = deck.run("demo")
    assert result.exit_code == 1
    assert "need sklearn and tqdm" in result.stderr
    assert ".[examples]" in result.stderr
