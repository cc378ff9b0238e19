"""`serve`: in the foreground, detached, stopped."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable

import pytest

from console.engine.service import Change, Mode, Watching
from console.ports import LeaderInfo
from tests.harness.fake_service import NOW
from tests.unit.console.cli.conftest import Deck

OTHER = LeaderInfo(99, "here", "console", NOW, 5)


def when_listening(deck: Deck, act: Callable[[], None]) -> None:
    """Do something once the command has installed its handlers and listens to changes."""
    changes = deck.service.changes

    async def heard() -> AsyncIterator[Change]:
        asyncio.get_running_loop().call_soon(act)
        async for change in changes():
            yield change

    deck.service.changes = heard  # type: ignore[method-assign]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_in_good_order(deck: Deck, number: signal.Signals) -> None:
    when_listening(deck, lambda: os.kill(os.getpid(), number))
    result = deck.run("serve")
    assert result.exit_code == 0
    assert "scheduling" in result.stderr
    assert deck.modes == [Mode.LEAD]


def test_it_ends_when_another_took_the_lead(deck: Deck) -> None:
    job = deck.service.add("a")

    def lose() -> None:
        deck.service.tell(job)
        deck.service.set_role(Watching(OTHER))

    when_listening(deck, lose)
    result = deck.run("serve")
    assert result.exit_code == 1
    assert "job 1 · a · pending" in result.stderr
    assert "Another process has taken the lead" in result.stderr


def test_detach_hands_over(deck: Deck) -> None:
    result = deck.run("serve", "--detach")
    assert result.exit_code == 0
    assert deck.service.went_to_background
    assert "Process 4242 schedules in the background" in result.stderr


def test_detach_leaves_a_leader_alone(deck: Deck) -> None:
    deck.service.set_role(Watching(OTHER))
    result = deck.run("serve", "--detach")
    assert result.exit_code == 0
    assert not deck.service.went_to_background
    assert "Process 99 on here schedules already (console)" in result.stderr


def test_stop(deck: Deck) -> None:
    result = deck.run("serve", "--stop")
    assert result.exit_code == 0
    assert "nothing to stop" in result.stderr
    assert deck.modes == [Mode.OBSERVE]
    assert deck.run("serve", "--stop", "--detach").exit_code == 2
