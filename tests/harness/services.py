"""The engine's service on a real database, over nodes in memory."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from console.domain.ids import AttemptId, JobId, attempt_id
from console.domain.jobs import Status
from console.domain.requests import Request
from console.engine.facade import EngineService
from console.engine.loop import EngineSettings
from console.engine.roles import Parts
from console.engine.service import JobView, Mode
from console.ports import Backend, Store
from console.store import open_leader, open_reader
from tests.harness.builders import NODE, spec
from tests.harness.clock import VirtualClock
from tests.harness.fake_backend import FakeCluster, FakeNode
from tests.harness.waiting import eventually


@dataclass
class Site:
    """A database, some nodes, and the processes (services) that are open on them. `wrap` stands between an engine and
    its store, so that a test can have the disk refuse."""

    path: Path
    cluster: FakeCluster
    clock: VirtualClock
    wrap: Callable[[Store], Any] = lambda store: store
    spawned: list[str] = field(default_factory=list)
    settings: EngineSettings = field(default_factory=EngineSettings)
    _entropy: Iterator[int] = field(default_factory=itertools.count)

    @property
    def node(self) -> FakeNode:
        """The first node."""
        return next(iter(self.cluster.nodes.values()))

    @asynccontextmanager
    async def open(self, mode: Mode = Mode.LEAD_IF_FREE, clock: VirtualClock | None = None) -> AsyncIterator[Process]:
        """One process."""
        service = EngineService(self.parts(clock or self.clock), mode, "serve" if mode is Mode.LEAD else "console")
        await service.open()
        try:
            yield Process(service, self)
        finally:
            await service.close()

    def parts(self, clock: VirtualClock) -> Parts:
        """What wiring hands in."""

        def make_backend(_: str, epoch: int | None) -> Backend:
            return self.cluster.backend(epoch)

        async def lead(kind: str) -> Store | None:
            store = await open_leader(str(self.path), clock, kind=kind)
            wrapped: Store | None = self.wrap(store) if store is not None else None
            return wrapped

        async def spawn() -> None:
            self.spawned.append("serve")

        return Parts(
            open_reader=lambda: open_reader(str(self.path), clock),
            open_leader=lead,
            make_backend=make_backend,
            spawn_leader=spawn,
            clock=clock,
            entropy=lambda size: next(self._entropy).to_bytes(size, "big"),
            nodes=tuple((name, name) for name in self.cluster.nodes),
            settings=self.settings,
            spool_directory=None,
        )


@dataclass
class Process:
    """A service with words for what tests do again and again."""

    service: EngineService
    site: Site

    async def submit(self, name: str = "train", **given: Any) -> JobId:
        """Queue a job."""
        return (await self.service.submit(spec(name, **given))).job

    async def ask(self, request: Request) -> None:
        """Have something done."""
        await self.service.ask(request)

    def view(self, job: JobId) -> JobView:
        """What is known of a job."""
        return self.service.view(job)

    async def until(self, job: JobId, status: Status | str, ordinal: int = 1) -> JobView:
        """The view once the job has this status; "starting" is one here, and "over" any of an end."""

        def reached() -> bool:
            if job not in self.service.jobs():
                return False
            view = self.view(job)
            if status == "starting":
                return type(view.job.state).__name__ == "Starting"
            if status == "over":
                return view.status in (Status.COMPLETED, Status.FAILED)
            attempt = view.job.last_attempt
            return view.status == status and (attempt is None or attempt.id >= attempt_id(job, ordinal))

        await eventually(reached, f"job {job} to be {status}")
        return self.view(job)

    async def run(self, name: str = "train", **given: Any) -> tuple[JobId, AttemptId]:
        """A job whose first attempt runs."""
        job = await self.submit(name, **given)
        await self.until(job, Status.RUNNING)
        return job, attempt_id(job, 1)


def site_at(path: Path, *nodes: FakeNode, **given: Any) -> Site:
    """A site with one node, or these."""
    clock = VirtualClock()
    return Site(path / "home" / "db", FakeCluster(*(nodes or (FakeNode(NODE, clock),))), clock, **given)
