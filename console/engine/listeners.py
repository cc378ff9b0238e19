"""Who wants to know that something changed, and what changed since they last looked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from weakref import WeakSet

from console.domain.ids import JobId
from console.engine.service import Change


class Listeners:
    """Fans changes out; each listener gets them coalesced, however slow it is."""

    def __init__(self) -> None:
        # Weak: nobody says good-bye for changes that were asked for and never read.
        self._all: WeakSet[_Listener] = WeakSet()

    def tell(
        self, jobs: Iterable[JobId] = (), deleted: Iterable[JobId] = (), *, nodes: bool = False, role: bool = False
    ) -> None:
        """Something changed."""
        for listener in self._all:
            listener.add(jobs, deleted, nodes=nodes, role=role)

    def changes(self) -> AsyncGenerator[Change]:
        """What changes from this call on."""
        listener = _Listener()
        self._all.add(listener)
        return self._listen(listener)

    async def _listen(self, listener: _Listener) -> AsyncGenerator[Change]:
        while True:
            yield await listener.take()


class _Listener:
    def __init__(self) -> None:
        self._jobs: set[JobId] = set()
        self._deleted: set[JobId] = set()
        self._nodes = self._role = False
        self._wake = asyncio.Event()

    def add(self, jobs: Iterable[JobId], deleted: Iterable[JobId], *, nodes: bool, role: bool) -> None:
        self._jobs.update(jobs)
        self._deleted.update(deleted)
        self._nodes |= nodes
        self._role |= role
        self._wake.set()

    async def take(self) -> Change:
        await self._wake.wait()
        self._wake.clear()
        change = Change(frozenset(self._jobs - self._deleted), frozenset(self._deleted), self._nodes, self._role)
        self._jobs.clear()
        self._deleted.clear()
        self._nodes = self._role = False
        return change
