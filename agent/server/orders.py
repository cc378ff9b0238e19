"""Carries out what consoles order: launch, stop, acknowledge, forget."""

from __future__ import annotations

import asyncio
import dataclasses
import errno
import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import Callable, Dict, List, Optional, TypeVar, Union
from weakref import WeakValueDictionary

from agent.core.lifecycle import ABSENT, PREPARED
from agent.core.spec import LaunchSpec, SpecError
from agent.host.attempts import AttemptError, AttemptStore
from agent.host.durable import make_directory, write_durable
from agent.protocol.messages import (
    BROKEN,
    INVALID,
    NOT_FOUND,
    REFUSED,
    STALE,
    Acknowledge,
    Forget,
    Launch,
    Reply,
    Report,
    Stop,
)
from agent.server.fence import Answers, Fence, StaleEpoch
from agent.server.login import LoginEnvironment
from agent.server.ports import Gauges, Launcher
from agent.server.reports import REFUSAL_FILE
from agent.server.table import AttemptTable

T = TypeVar("T")
Order = Union[Launch, Stop, Acknowledge, Forget]

_LEAST_FREE_BYTES = 64 << 20
_CHECKPOINTS = "{checkpoint_dir}"


class _Refusal(Exception):
    def __init__(self, kind: str, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind


class Orders:
    """One order after the other, in a thread of their own: each waits for the disk."""

    def __init__(
        self,
        store: AttemptStore,
        table: AttemptTable,
        fence: Fence,
        login: LoginEnvironment,
        *,
        launcher: Launcher,
        gauges: Gauges,
    ) -> None:
        self._store = store
        self._table = table
        self._fence = fence
        self._login = login
        self._launcher = launcher
        self._gauges = gauges
        self._answers: Answers[Reply] = Answers()
        # A stop must not overtake the launch that it is meant for.
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._worker = ThreadPoolExecutor(1, "orders")

    async def carry_out(self, order: Order) -> Reply:
        """Do it, or say why not. A command that came before gets its first answer."""
        attempt_id = str(order.spec.get("attempt_id", "")) if isinstance(order, Launch) else order.attempt
        async with self._turn(attempt_id):
            before = self._answers.get(order.fence.database, order.fence.command)
            if before is not None:
                return dataclasses.replace(before, id=order.id)
            return await self._carry_out(order)

    async def settled(self, attempt_id: str) -> None:
        """Wait for the orders that are under way for an attempt: who asks for its log behind its launch gets it."""
        if attempt_id in self._turns:
            async with self._turn(attempt_id):
                return

    def _turn(self, attempt_id: str) -> asyncio.Lock:
        turn = self._turns.get(attempt_id)
        if turn is None:
            turn = self._turns[attempt_id] = asyncio.Lock()
        return turn

    async def _carry_out(self, order: Order) -> Reply:
        try:
            await self.admit(order.fence.database, order.fence.epoch)
            if isinstance(order, Launch):
                reply = Reply(order.id, report=await self._launch(order))
            else:
                reply = await self._handle(order)
        except StaleEpoch as error:
            return Reply(order.id, str(error), STALE)
        except _Refusal as error:
            return Reply(order.id, str(error), error.kind)
        except SpecError as error:
            return Reply(order.id, str(error), INVALID)
        except AttemptError as error:
            return Reply(order.id, str(error), REFUSED)
        except OSError as error:
            return Reply(order.id, f"the node's state directory: {error}", BROKEN)
        self._answers.put(order.fence.database, order.fence.command, reply)
        return reply

    async def admit(self, database: str, epoch: int) -> None:
        """Let a leader's epoch pass. StaleEpoch if another leads."""
        await self._do(lambda: self._fence.check(database, epoch))

    async def resume(self, attempt_ids: List[str]) -> None:
        """Launch what was accepted before the last agent died."""
        if attempt_ids:
            environment = await self._login.get()
            for attempt_id in attempt_ids:
                await self._do(lambda chosen=attempt_id: self._launcher.launch(chosen, environment))  # type: ignore[misc]
                self._table.wake()

    def adopt(self, attempt_id: str) -> None:
        """Have an attempt adopted, in turn with the orders."""
        self._worker.submit(self._launcher.adopt, attempt_id)

    def close(self) -> None:
        """Take no more orders."""
        self._worker.shutdown(wait=True)

    async def _do(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._worker, work)

    async def _launch(self, order: Launch) -> Report:
        spec = LaunchSpec.from_json(json.dumps(order.spec))
        if spec.database != order.fence.database:
            raise _Refusal(INVALID, f"attempt {spec.attempt_id} is not of the database that orders it")
        directory = self._store.directory(spec.attempt_id)
        spec = dataclasses.replace(
            spec, argv=[argument.replace(_CHECKPOINTS, directory.checkpoints) for argument in spec.argv]
        )
        environment = await self._login.get()
        refusal = await self._do(lambda: self._prepare_and_launch(spec, environment))
        known = self._table.refresh(spec.attempt_id)
        if known.report.phase == ABSENT:
            return Report(spec.attempt_id, "never_ran", reason=refusal or "the node could not store the request")
        return known.report

    def _prepare_and_launch(self, spec: LaunchSpec, environment: Dict[str, str]) -> Optional[str]:
        """Why it was refused; None if it is on its way, or was before."""
        attempt_id = spec.attempt_id
        if self._store.phase(attempt_id) == ABSENT:
            refusal = self._disk_refusal() or self._gauges.refusal(spec.gpu_uuids)
            if refusal is not None:
                return self._refuse(spec, refusal)
            try:
                self._store.prepare(spec)
            except OSError as error:
                if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES):
                    raise
                return self._refuse(None, f"the node's state directory can't be written: {error.strerror}", attempt_id)
        if self._store.phase(attempt_id) == PREPARED:
            self._launcher.launch(attempt_id, environment)
        return None

    def _refuse(self, spec: Optional[LaunchSpec], reason: str, attempt_id: str = "") -> str:
        """Make sure that it never runs, whatever of it is on the disk."""
        chosen = attempt_id if spec is None else spec.attempt_id
        try:
            self._revoke(chosen, reason)
            if spec is not None:
                self._store.prepare(spec)
        except OSError:
            # The disk takes nothing: that is fine as long as there is nothing on it that could be launched.
            if self._store.phase(chosen) == PREPARED:
                raise
        return reason

    def _revoke(self, attempt_id: str, reason: str) -> bool:
        """Make sure that it never runs; False if it may already. The reason first: who sees the one sees the other."""
        directory = self._store.directory(attempt_id)
        make_directory(directory.path)
        write_durable(directory.file(REFUSAL_FILE), reason.encode("utf-8", "replace"))
        return self._store.revoke(attempt_id)

    def _disk_refusal(self) -> Optional[str]:
        free = shutil.disk_usage(self._store.root).free
        if free >= _LEAST_FREE_BYTES:
            return None
        return f"disk full: {free >> 20} MiB are free in {self._store.root}, a launch needs {_LEAST_FREE_BYTES >> 20}"

    async def _handle(self, order: Union[Stop, Acknowledge, Forget]) -> Reply:
        attempt_id = order.attempt
        known = self._table.get(attempt_id)
        if known is None or known.database not in ("", order.fence.database):
            if isinstance(order, Forget):
                return Reply(order.id)
            raise _Refusal(NOT_FOUND, f"there is no attempt {attempt_id[:80]} of this database on the node")
        if isinstance(order, Forget):
            if known.is_over:
                self._table.drop(attempt_id)
            await self._do(lambda: self._forget(attempt_id))
            return Reply(order.id)
        if isinstance(order, Acknowledge):
            await self._do(lambda: self._store.acknowledge(attempt_id))
        elif not known.is_over:
            spec = known.spec
            await self._do(lambda: self._stop(attempt_id, order, 0.0 if spec is None else spec.grace_s))
            self._table.wake()
        return Reply(order.id, report=self._table.refresh(attempt_id).report)

    def _stop(self, attempt_id: str, order: Stop, grace_s: float) -> None:
        if self._store.phase(attempt_id) == PREPARED and self._revoke(attempt_id, order.reason):
            return
        self._store.request_stop(attempt_id, order.reason, grace_s)

    def _forget(self, attempt_id: str) -> None:
        directory = self._store.directory(attempt_id)
        checkpoints = directory.checkpoints
        self._store.forget(attempt_id)
        job = os.path.basename(checkpoints)
        if not any(name.startswith(job + "-") for name in self._store.list_ids()):
            shutil.rmtree(checkpoints, ignore_errors=True)
