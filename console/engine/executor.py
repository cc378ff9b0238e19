"""Carries out commands on the backend. What came of them arrives as reports or is handed back as events.

An order that can't reach its node now is dropped: it is given again when the node is back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
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
from console.domain.errors import ClusterdeckError, InvalidInput, NobodyToDoIt
from console.domain.events import AttemptForgotten, AttemptMirrored, AttemptRefused, Event
from console.domain.ids import AttemptId
from console.engine.mirror import mirror_attempt
from console.engine.orders import launch_order
from console.ports import Backend, Clock, Store

_log = logging.getLogger(__name__)
_DRAIN_S = 5.0


class Executor:
    """Runs each command as a task of its own; the same command for the same attempt is under way only once."""

    def __init__(
        self,
        backend: Backend,
        store: Store,
        clock: Clock,
        report: Callable[[Event], None],
        *,
        grace_s: float,
        mirror_bytes: int,
    ) -> None:
        self._backend = backend
        self._store = store
        self._clock = clock
        self._report = report
        self._grace_s = grace_s
        self._mirror_bytes = mirror_bytes
        self._under_way: dict[tuple[type[Command], AttemptId], asyncio.Task[None]] = {}

    def execute(self, commands: Iterable[Command]) -> None:
        """Start carrying out commands whose reasons are committed."""
        for command in commands:
            attempt = command.attempt.id if isinstance(command, LaunchAttempt) else command.attempt
            key = (type(command), attempt)
            if key not in self._under_way:
                task = asyncio.create_task(self._guarded(command), name=f"{type(command).__name__} {attempt}")
                self._under_way[key] = task
                task.add_done_callback(partial(self._done, key))

    def _done(self, key: tuple[type[Command], AttemptId], task: asyncio.Task[None]) -> None:
        del self._under_way[key]
        if not task.cancelled() and task.exception() is not None:
            _log.error("%s of %s broke", key[0].__name__, key[1], exc_info=task.exception())

    async def close(self) -> None:
        """Give what is under way a moment to reach its node, then let go."""
        tasks = list(self._under_way.values())
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=_DRAIN_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _guarded(self, command: Command) -> None:
        try:
            await self._carry_out(command)
        except NobodyToDoIt as error:
            _log.info("%s waits for its node: %s", type(command).__name__, error)
        except ClusterdeckError as error:
            _log.warning("%s failed: %s", type(command).__name__, error)

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
                await mirror_attempt(self._backend, self._store, node, attempt_id, self._mirror_bytes)
                self._report(AttemptMirrored(self._clock.now(), attempt_id))
            case AcknowledgeAttempt(node, attempt_id):
                await self._backend.acknowledge(node, attempt_id)
            case ForgetAttempt(node, attempt_id):
                await self._backend.forget(node, attempt_id)
                self._report(AttemptForgotten(self._clock.now(), attempt_id))
            case _:
                assert_never(command)
