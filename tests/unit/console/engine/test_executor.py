from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from console.core.commands import AcknowledgeAttempt, Command, ForgetAttempt, LaunchAttempt
from console.domain.errors import NobodyToDoIt, Refused
from console.domain.events import AttemptForgotten, Event
from console.engine import executor as module
from console.engine.executor import Executor
from tests.harness.builders import first, folded, job_id, planned, submitted
from tests.harness.clock import VirtualClock
from tests.harness.waiting import eventually

ATTEMPT = first(1)


class Link:
    """Orders wait until a test lets them through or fails them."""

    def __init__(self) -> None:
        self.waiting: list[asyncio.Future[None]] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        async def order(*_: object) -> None:
            future = asyncio.get_running_loop().create_future()
            self.waiting.append(future)
            await future

        return order


def make(is_wanted: Callable[[Command], bool] = lambda _: False) -> tuple[Executor, Link, list[Event]]:
    link, events = Link(), list[Event]()
    given: Any = link
    return Executor(given, given, VirtualClock(), events.append, is_wanted, grace_s=1.0), link, events


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_RETRY_S", 0.001)


def launch() -> Command:
    job = folded(submitted(1), planned(1)).jobs[job_id(1)]
    return LaunchAttempt(job, job.attempts[0])


async def test_an_order_given_again_while_it_is_under_way_is_sent_once() -> None:
    executor, link, _ = make()
    executor.execute([launch(), launch()])
    await eventually(lambda: link.waiting)
    executor.execute([launch()])
    link.waiting[0].set_result(None)
    await executor.close()
    assert len(link.waiting) == 1


async def test_an_order_stuck_on_a_link_that_died_is_given_again() -> None:
    """The node came back, and had everything ordered again, before the old link was seen to be dead."""
    executor, link, _ = make()
    executor.execute([launch()])
    await eventually(lambda: link.waiting)
    executor.execute([launch()])
    link.waiting[0].set_exception(NobodyToDoIt("node n1 is out of reach"))
    await eventually(lambda: len(link.waiting) == 2)
    link.waiting[1].set_result(None)
    await executor.close()


async def test_an_order_that_reaches_nobody_is_dropped_until_it_is_given_again() -> None:
    executor, link, events = make()
    executor.execute([ForgetAttempt("n1", ATTEMPT)])
    await eventually(lambda: link.waiting)
    link.waiting[0].set_exception(NobodyToDoIt("node n1 is out of reach"))
    await executor.close()
    assert (len(link.waiting), events) == (1, [])
    executor.execute([ForgetAttempt("n1", ATTEMPT)])
    await eventually(lambda: len(link.waiting) == 2)
    link.waiting[1].set_result(None)
    await executor.close()
    (event,) = events
    assert isinstance(event, AttemptForgotten)


async def test_different_orders_for_one_attempt_do_not_wait_for_each_other() -> None:
    executor, link, _ = make()
    executor.execute([launch(), AcknowledgeAttempt("n1", ATTEMPT)])
    await eventually(lambda: len(link.waiting) == 2)
    for future in link.waiting:
        future.set_result(None)
    await executor.close()


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("error", [NobodyToDoIt("256 requests wait already"), Refused("busy"), ZeroDivisionError()])
async def test_an_order_that_failed_while_its_node_is_up_is_given_again(error: Exception) -> None:
    executor, link, events = make(lambda _: True)
    executor.execute([ForgetAttempt("n1", ATTEMPT)])
    for count in (1, 2, 3):
        await eventually(lambda count=count: len(link.waiting) == count)  # type: ignore[misc]
        link.waiting[-1].set_exception(error)
    await eventually(lambda: len(link.waiting) == 4)
    link.waiting[-1].set_result(None)
    await executor.close()
    assert [type(event) for event in events] == [AttemptForgotten]


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("error", [Refused("never"), ZeroDivisionError()])
async def test_what_is_refused_again_and_again_is_refused_for_good(error: Exception) -> None:
    executor, link, events = make(lambda _: True)
    executor.execute([ForgetAttempt("n1", ATTEMPT)])
    for count in range(1, module._REFUSALS + 1):
        await eventually(lambda count=count: len(link.waiting) == count)  # type: ignore[misc]
        link.waiting[-1].set_exception(error)
    await eventually(lambda: not executor._under_way)
    assert (len(link.waiting), events) == (module._REFUSALS, [])


@pytest.mark.usefixtures("hurried")
async def test_an_order_whose_node_went_away_meanwhile_is_dropped() -> None:
    is_up = True
    executor, link, _ = make(lambda _: is_up)
    executor.execute([launch()])
    await eventually(lambda: link.waiting)
    link.waiting[0].set_exception(NobodyToDoIt("node n1 is out of reach"))
    is_up = False
    await eventually(lambda: not executor._under_way)
    assert len(link.waiting) == 1


async def test_a_pause_before_the_next_try_ends_when_the_order_is_given_anew_or_at_the_close(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_RETRY_S", 3600.0)
    executor, link, _ = make(lambda _: True)
    executor.execute([launch()])
    for count in (1, 2):
        await eventually(lambda count=count: len(link.waiting) == count)  # type: ignore[misc]
        link.waiting[-1].set_exception(NobodyToDoIt("256 requests wait already"))
        await eventually(lambda: executor._pauses)
        if count == 1:
            executor.execute([launch()])
    await executor.close()
    assert len(link.waiting) == 2
    assert not executor._under_way
