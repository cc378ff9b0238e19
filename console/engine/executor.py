"""Carries out commands on the backend. What came of them arrives as reports or is handed back as events.

An order that fails while its node is up is tried again here, since nobody gives it a second time: without end if the
node was not reached, a few times if it was refused. With its node away it is dropped: it is given again when the node
is back. What the disk refuses is tried until it doesn't.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import assert_never

from console.core.commands import (
    AcknowledgeAttempt,
    Command,
    ForgetAttempt,
    LaunchAttempt,
    MirrorAttempt,
    StopAttempt,
)
from console.domain.errors import ClusterdeckError, InvalidInput, NobodyToDoIt, StoreUnusable
from console.domain.events import AttemptForgotten, AttemptMirrored, AttemptRefused, Event
from console.domain.ids import AttemptId
from console.engine.mirror import Mirror
from console.engine.orders import launch_order
from console.ports import Backend, Clock

_log = logging.getLogger(__name__)
_DRAIN_S = 5.0
_STORE_RETRY_S = 2.0
_RETRY_S = 1.0
_RETRY_LIMIT_S = 60.0
_REFUSALS = 6

_Key = tuple[type[Command], AttemptId]


class Executor:
    """Runs each command as a task of its own; the same command for the same attempt is under way only once.

    `is_wanted` says whether an order that failed makes sense still, and its node is up.
    """

    def __init__(
        self,
        backend: Backend,
        mirror: Mirror,
        clock: Clock,
        report: Callable[[Event], None],
        is_wanted: Callable[[Command], bool],
        *,
        grace_s: float,
    ) -> None:
        self._backend = backend
        self._mirror = mirror
        self._clock = clock
        self._report = report
        self._is_wanted = is_wanted
        self._grace_s = grace_s
        self._under_way: dict[_Key, asyncio.Task[bool]] = {}
        self._again: dict[_Key, Command] = {}
        self._pauses: dict[_Key, asyncio.Event] = {}
        self._is_closing = False

    def execute(self, commands: Iterable[Command]) -> None:
        """Start carrying out commands whose reasons are committed."""
        for command in commands:
            attempt = command.attempt.id if isinstance(command, LaunchAttempt) else command.attempt
            key = (type(command), attempt)
            if key in self._under_way:
                # It may be stuck on a link that has died since, and fail yet.
                self._again[key] = command
                if key in self._pauses:
                    self._pauses[key].set()
            else:
                self._begin(key, command)

    def _begin(self, key: _Key, command: Command) -> None:
        task = asyncio.create_task(self._guarded(key, command), name=f"{key[0].__name__} {key[1]}")
        self._under_way[key] = task
        task.add_done_callback(partial(self._done, key))

    def _done(self, key: _Key, task: asyncio.Task[bool]) -> None:
        del self._under_way[key]
        again = self._again.pop(key, None)
        if task.cancelled():
            return
        if again is not None and not task.result():
            self._begin(key, again)

    async def close(self) -> None:
        """Give what is under way a moment to reach its node, then let go."""
        self._is_closing = True
        self._again.clear()
        for pause in self._pauses.values():
            pause.set()
        tasks = list(self._under_way.values())
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=_DRAIN_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _guarded(self, key: _Key, command: Command) -> bool:
        """Whether it was carried out."""
        delay, refusals = _RETRY_S, 0
        while refusals < _REFUSALS:
            try:
                await self._carry_out(command)
            except StoreUnusable as error:
                _log.warning("%s is tried again: %s", type(command).__name__, error)
                if not await self._pause(key, _STORE_RETRY_S):
                    return False
                continue
            except NobodyToDoIt as error:
                _log.info("%s did not reach its node: %s", type(command).__name__, error)
            except ClusterdeckError as error:
                _log.warning("%s failed: %s", type(command).__name__, error)
                refusals += 1
            except Exception:  # noqa: BLE001 - logged, and the order is given up after a few
                _log.exception("%s of %s broke", type(command).__name__, key[1])
                refusals += 1
            else:
                return True
            if not self._is_wanted(command) or not await self._pause(key, delay) or not self._is_wanted(command):
                return False
            command = self._again.pop(key, command)
            delay = min(2 * delay, _RETRY_LIMIT_S)
        return False

    async def _pause(self, key: _Key, delay_s: float) -> bool:
        """Wait before the next try, not at all if the order was given again; False if there shall be none."""
        if key not in self._again and not self._is_closing:
            wake = self._pauses[key] = asyncio.Event()
            with suppress(TimeoutError):
                async with asyncio.timeout(delay_s):
                    await wake.wait()
            del self._pauses[key]
        return not self._is_closing

    async def _carry_out(self, command: Command) -> None:
        match command:
            case LaunchAttempt(job, attempt):
                try:
                    order = launch_order(job, attempt, self._grace_s)
                except InvalidInput as error:
                    self._report(AttemptRefused(self._clock.now(), attempt.id, str(error)))
                    return
                await self._backend.launch(order)
            case StopAttempt(node, attempt_id, reason):
                await self._backend.stop(node, attempt_id, reason=reason)
            case MirrorAttempt(node, attempt_id):
                await self._mirror.take(node, attempt_id)
                self._report(AttemptMirrored(self._clock.now(), attempt_id))
            case AcknowledgeAttempt(node, attempt_id):
                await self._backend.acknowledge(node, attempt_id)
            case ForgetAttempt(node, attempt_id):
                await self._backend.forget(node, attempt_id)
                self._report(AttemptForgotten(self._clock.now(), attempt_id))
            case _:
                assert_never(command)
