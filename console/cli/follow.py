"""Following jobs to their ends, with a line for what changes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager

from console.cli.words import headline
from console.domain.ids import JobId
from console.domain.jobs import Status
from console.engine.service import Change, JobView, Service

ENDED = (Status.COMPLETED, Status.FAILED)
Look = Callable[[JobView], None]


@asynccontextmanager
async def listen(service: Service) -> AsyncIterator[Callable[[], Awaitable[Change]]]:
    """Hear every change from the moment the block is entered; the block gets a function that waits for the next."""
    changes = service.changes()
    upcoming = asyncio.ensure_future(anext(changes))
    # One turn of the loop, so that the changes are listened to before the block looks at anything.
    await asyncio.sleep(0)

    async def next_change() -> Change:
        nonlocal upcoming
        change = await upcoming
        upcoming = asyncio.ensure_future(anext(changes))
        return change

    try:
        yield next_change
    finally:
        upcoming.cancel()
        await asyncio.gather(upcoming, return_exceptions=True)


async def follow(service: Service, jobs: Iterable[JobId], look: Look) -> dict[JobId, JobView]:
    """Call `look` with each job now and after each change, until all of them are over. NotFound if one is deleted."""
    waiting = set(jobs)
    ended: dict[JobId, JobView] = {}
    changed = frozenset(waiting)
    async with listen(service) as next_change:
        while True:
            for job in sorted(changed & waiting):
                view = service.view(job)
                look(view)
                if view.status in ENDED:
                    ended[job] = view
                    waiting.discard(job)
            if not waiting:
                return ended
            change = await next_change()
            changed = change.jobs | change.deleted


class Teller:
    """Says what changed: a new status or reason at once, progress at most every `every_s` seconds (None: never)."""

    def __init__(self, put: Callable[[str], None], every_s: float | None) -> None:
        self._put = put
        self._every_s = every_s
        self._standing: dict[JobId, tuple[Status, str]] = {}
        self._told: dict[JobId, tuple[float, str]] = {}

    def __call__(self, view: JobView) -> None:
        """Look at a job."""
        standing = (view.status, view.reason)
        line = headline(view)
        now = time.monotonic()
        told_at, told = self._told.get(view.job.id, (0.0, ""))
        is_new = self._standing.get(view.job.id) != standing
        is_due = self._every_s is not None and now - told_at >= self._every_s
        if is_new or (is_due and line != told):
            self._standing[view.job.id] = standing
            self._told[view.job.id] = (now, line)
            self._put(line)
