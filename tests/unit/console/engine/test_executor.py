from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from console.core.commands import AcknowledgeAttempt, Command, ForgetAttempt, LaunchAttempt
from console.domain.errors import NobodyToDoIt
from console.domain.events import AttemptForgotten, Event
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


def make() -> tuple[Executor, Link, list[Event]]:
    link, events = Link(), list[Event]()
    given: Any = link
    return Executor(given, given, VirtualClock(), events.append, grace_s=1.0), link, events


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
