"""What a process that doesn't lead knows: the books as the leader wrote them, followed along the journal."""

from __future__ import annotations

from collections.abc import Callable

from console.core.reduce import apply, job_of
from console.core.snapshot import changes_plan, snapshot_of
from console.core.state import State
from console.domain.ids import JobId
from console.domain.jobs import Job
from console.engine.telemetry import Telemetry
from console.ports import Clock, LeaderInfo, StoreReader
from console.scheduler import Policy, plan

OnChange = Callable[[set[JobId], set[JobId], bool], None]


class Viewer:
    """Follows a leader's database. The reasons of waiting are planned here, from the same state."""

    def __init__(self, store: StoreReader, clock: Clock, on_change: OnChange) -> None:
        self.state = State()
        self.telemetry = Telemetry()
        self.reasons: dict[JobId, str] = {}
        self.waiting: dict[JobId, Job] = {}
        self.leader: LeaderInfo | None = None
        self._store = store
        self._clock = clock
        self._on_change = on_change
        self._sequence = 0

    async def load(self) -> None:
        """Read everything once."""
        loaded = await self._store.load()
        self._sequence = loaded.sequence
        self.state = State.of(loaded.jobs, loaded.nodes)
        self.waiting = {job.id: job for job in loaded.waiting}
        self.leader = await self._store.leader()
        self.telemetry.load(*await self._store.latest())
        self._plan()

    async def follow(self, timeout_s: float) -> None:
        """Wait for a change, at most that long, and take it in."""
        if await self._store.changed(timeout_s):
            await self.refresh()

    async def refresh(self) -> None:
        """Take in what was written since the last time."""
        # Read before the journal: what the leader takes in between is then seen in both, not in neither.
        waiting = {job.id: job for job in await self._store.waiting()}
        self._sequence, events = await self._store.events_after(self._sequence)
        touched: set[JobId] = set()
        for event in events:
            apply(self.state, event)
            job = job_of(event)
            if job is not None:
                touched.add(job)
        before, self.waiting = self.waiting, waiting
        touched |= before.keys() ^ self.waiting.keys()
        if any(map(changes_plan, events)):
            touched |= self._plan()
        measured = self.telemetry.load(*await self._store.latest())
        if measured:
            touched |= {attempt.job for attempt in self.state.live.values()}
        present = {job for job in touched if job in self.state.jobs or job in self.waiting}
        if touched or measured or events:
            self._on_change(present, touched - present, bool(events) or measured)

    def _plan(self) -> set[JobId]:
        before = self.reasons
        proposal = plan(snapshot_of(self.state, self._clock.now()), Policy())
        about_to_start = {start.job: "about to start" for start in proposal.starts}
        self.reasons = proposal.reasons | about_to_start
        return {job for job, reason in self.reasons.items() if before.get(job) != reason}
