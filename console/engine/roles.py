"""Who this process is on its database: it leads, or it watches, and it changes from one to the other."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from console.domain.errors import ClusterdeckError, NobodyToDoIt, Refused
from console.domain.ids import JobId
from console.engine.loop import Engine, EngineSettings
from console.engine.service import Leading, Mode, Role, Watching
from console.engine.viewer import Viewer
from console.ports import Backend, Clock, LeaderInfo, LeaderLost, Store, StoreReader

_log = logging.getLogger(__name__)
_FOLLOW_S = 1.0
_HANDOVER_S = 15.0
_RETRY_S = 2.0
POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class Parts:
    """What the composition root hands in. `entropy(n)` gives n random bytes; `spawn_leader` starts `serve` detached."""

    open_reader: Callable[[], Awaitable[StoreReader]]
    open_leader: Callable[[str], Awaitable[Store | None]]
    make_backend: Callable[[str, int | None], Backend]
    spawn_leader: Callable[[], Awaitable[None]]
    clock: Clock
    entropy: Callable[[int], bytes]
    nodes: tuple[tuple[str, str], ...]
    settings: EngineSettings
    spool_directory: Path | None


class Roles:
    """Takes the lead where the mode asks for it and nobody has it, gives it up, and watches otherwise.

    `on_change(jobs, deleted, nodes)` tells of single changes, `on_role()` that everything has to be read anew.
    """

    def __init__(
        self,
        parts: Parts,
        mode: Mode,
        kind: str,
        *,
        on_change: Callable[[set[JobId], set[JobId], bool], None],
        on_role: Callable[[], None],
    ) -> None:
        self._parts = parts
        self._mode = mode
        self._kind = kind
        self._on_change = on_change
        self._on_role = on_role
        self._leader_store: Store | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_following = False
        self._trouble = ""
        self._breakdown = ""
        self.engine: Engine | None = None

    async def open(self) -> None:
        """Open the database. Refused if the mode is to lead and somebody else does."""
        self.store = await self._parts.open_reader()
        self.viewer = Viewer(self.store, self._parts.clock, self._on_change)
        try:
            if self._mode is Mode.OBSERVE or not await self._take_lead():
                await self._begin_to_follow()
                self._insist()
        except BaseException:
            await self._release()
            await self.store.close()
            raise
        self._on_role()

    def start(self) -> None:
        """Begin to lead or to follow."""
        self._task = asyncio.create_task(self._play(), name="roles")

    async def close(self) -> None:
        """Stop leading or following. Jobs run on."""
        await self._stop()
        await self._release()
        await self.store.close()

    @property
    def role(self) -> Role:
        """Whether this process schedules."""
        return Leading(self._leader_store.epoch) if self._leader_store else Watching(self.viewer.leader)

    @property
    def problem(self) -> str:
        """Why nothing can be scheduled or followed now, empty if all is well."""
        return self.engine.problem if self.engine else self._breakdown or self._trouble

    @property
    def books(self) -> Engine | Viewer:
        """Whoever holds the state now."""
        return self.engine or self.viewer

    async def hand_over(self) -> LeaderInfo:
        """Give the lead to a background process and watch it. NobodyToDoIt if it doesn't come up."""
        await self._stop()
        self._mode = Mode.OBSERVE
        await self._become_viewer()
        self.start()
        await self._parts.spawn_leader()
        try:
            async with asyncio.timeout(_HANDOVER_S):
                return await self._next_leader()
        except TimeoutError:
            raise NobodyToDoIt(
                "The background process did not come up: look at its log, or open the console again to go on."
            ) from None

    async def _next_leader(self) -> LeaderInfo:
        while True:
            leader = await self.store.leader()
            if leader is not None:
                return leader
            await asyncio.sleep(POLL_S)

    def _insist(self) -> None:
        if self._mode is Mode.LEAD:
            leader = self.viewer.leader
            ended = "quit it there" if leader and leader.kind == "console" else "`clusterdeck serve --stop` ends it"
            raise Refused(f"{who(leader)} schedules already; {ended}.")

    async def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _release(self) -> None:
        store, self._leader_store, self.engine = self._leader_store, None, None
        self._is_following = False
        if store is not None:
            await store.close()

    async def _take_lead(self) -> bool:
        store = await self._parts.open_leader(self._kind)
        if store is None:
            return False
        try:
            engine = Engine(
                store,
                self._parts.make_backend(store.database_id, store.epoch),
                self._parts.clock,
                nodes=self._parts.nodes,
                settings=self._parts.settings,
                on_change=self._on_change,
            )
            await engine.load()
        except BaseException:
            await store.close()
            raise
        self._leader_store, self.engine = store, engine
        return True

    async def _play(self) -> None:
        while True:
            try:
                if self.engine is not None:
                    await self._lead(self.engine)
                else:
                    await self._watch()
                    self._tell_trouble("")
            except ClusterdeckError as error:
                _log.warning("the database can't be followed: %s", error)
                self._tell_trouble(str(error))
                await asyncio.sleep(_RETRY_S)

    async def _lead(self, engine: Engine) -> None:
        try:
            await engine.run()
        except* LeaderLost:
            _log.warning("another process leads now; this one watches")
        except* Exception as broken:  # noqa: BLE001 - a fault of ours must not leave the lock with one who does nothing
            _log.exception("scheduling broke off")
            self._breakdown = (
                f"Scheduling broke off here ({broken.exceptions[0]!r}): quit and start again; running jobs go on."
            )
        self._mode = Mode.OBSERVE
        await self._become_viewer()

    def _tell_trouble(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            self._on_change(set(), set(), True)

    async def _become_viewer(self) -> None:
        await self._release()
        await self._begin_to_follow()
        self._on_role()

    async def _begin_to_follow(self) -> None:
        await self.viewer.load()
        self._is_following = True

    async def _watch(self) -> None:
        if not self._is_following:
            await self._become_viewer()
        await self.viewer.follow(_FOLLOW_S)
        leader = await self.store.leader()
        if leader is None and self._mode is not Mode.OBSERVE and await self._take_lead():
            self._on_role()
        elif leader != self.viewer.leader:
            self.viewer.leader = leader
            self._on_role()


def who(leader: LeaderInfo | None) -> str:
    """A leader in words."""
    return f"Process {leader.pid} ({leader.kind}) on {leader.host}" if leader else "Another process"
