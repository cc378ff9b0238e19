"""The service that front ends get: one object, whether this process leads or watches."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, suppress

from console.core.state import is_leaving, is_over
from console.domain.errors import InvalidInput, NobodyToDoIt, NotFound, Refused
from console.domain.ids import JobId, ulid
from console.domain.jobs import Attempt, Job, JobSpec, Pending
from console.domain.nodes import AttemptSample
from console.domain.requests import Request
from console.engine.history import history_line
from console.engine.listeners import Listeners
from console.engine.records import AttemptRecords, FindAttempt
from console.engine.roles import POLL_S, Parts, Roles, who
from console.engine.service import (
    Change,
    HistoryLine,
    JobView,
    LogDocument,
    Mode,
    NodeView,
    Role,
    Submitted,
    Watching,
)
from console.engine.views import job_view, node_view
from console.ports import Answer, LeaderInfo, MetricPoint, Stream

_NOBODY_S = 1.0
_TAKEN_S = 5.0


class EngineService:
    """Implements `console.engine.service.Service`."""

    def __init__(self, parts: Parts, mode: Mode, kind: str) -> None:
        self._parts = parts
        self._listeners = Listeners()
        self._roles = Roles(parts, mode, kind, on_change=self._changed, on_role=self._show_all)
        self._own: dict[JobId, Job] = {}
        self._visible: dict[JobId, Job] = {}

    async def open(self) -> None:
        """Open the database and take the lead if the mode asks for it and nobody has it."""
        await self._roles.open()
        self._store = self._roles.store
        self._backend = self._parts.make_backend(self._store.database_id, None)
        self._records = AttemptRecords(self._backend, self._store, self._parts.spool_directory)
        self._roles.start()

    async def close(self) -> None:
        """Stop leading or following. Jobs run on."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._roles.close)
            stack.push_async_callback(self._backend.close)
            stack.push_async_callback(self._records.close)

    # -- reads ---------------------------------------------------------------------------------------------------------

    @property
    def role(self) -> Role:
        """Whether this process schedules."""
        return self._roles.role

    @property
    def problem(self) -> str:
        """Why nothing can be scheduled or followed now, empty if all is well."""
        return self._roles.problem

    def jobs(self) -> Mapping[JobId, Job]:
        """All jobs by id, live."""
        return self._visible

    def view(self, job: JobId) -> JobView:
        """A job with what is known right now."""
        record = self._visible.get(job)
        if record is None:
            raise NotFound("That job is not there any more; it was deleted.")
        books = self._roles.books
        in_inbox = ""
        if record.id not in books.state.jobs:
            nobody = isinstance(self.role, Watching) and self.role.leader is None
            in_inbox = "waiting to be taken: nobody schedules yet" if nobody else "just queued"
        return job_view(record, books.state, books.telemetry, books.reasons, in_inbox=in_inbox)

    def find(self, text: str) -> JobView:
        """The job that a number, an id or a unique name means."""
        if text in self._visible:
            return self.view(JobId(text))
        number = int(text) if text.isascii() and text.isdigit() else None
        found = [job for job in self._visible.values() if job.number == number] if number is not None else []
        found = found or [job for job in self._visible.values() if job.spec.name == text]
        if not found:
            raise NotFound(f"There is no job {text!r}; `clusterdeck jobs` lists them.")
        if len(found) > 1:
            numbers = ", ".join(str(job.number) for job in found[:8])
            raise InvalidInput(f"{len(found)} jobs are named {text!r}: name one by its number ({numbers}).")
        return self.view(found[0].id)

    def nodes(self) -> Sequence[NodeView]:
        """All nodes in the order of the configuration."""
        books = self._roles.books
        return [node_view(node, books.state, books.telemetry) for node in books.state.nodes.values()]

    def changes(self) -> AsyncIterator[Change]:
        """What changes from now on."""
        return self._listeners.changes()

    async def history(self, job: JobId) -> Sequence[HistoryLine]:
        """What happened to a job, oldest first."""
        return [history_line(event) for event in await self._store.events_of(job)]

    # -- requests ------------------------------------------------------------------------------------------------------

    async def submit(self, spec: JobSpec) -> Submitted:
        """Queue a job."""
        now = self._parts.clock.now()
        job = ulid(int(now * 1000), self._parts.entropy(10))
        number = await self._store.submit(job, spec, now)
        if job not in self._roles.books.state.jobs:
            self._own[job] = self._visible[job] = Job(job, number, spec, Pending(now), now, now)
        self._listeners.tell([job])
        if self._roles.engine is not None:
            self._roles.engine.wake()
        return Submitted(job, number)

    async def ask(self, request: Request, timeout_s: float = 10.0) -> None:
        """Have a request carried out by whoever leads."""
        item = await self._store.request(request, self._parts.clock.now())
        if self._roles.engine is not None:
            self._roles.engine.wake()
        answer = await self._answer(item, timeout_s)
        if answer is None:
            raise NobodyToDoIt(
                "Nobody schedules now, so nobody can do that: start `clusterdeck serve --detach` or open the console."
                if await self._store.leader() is None
                else "The process that schedules did not answer in time; try again, or look at `clusterdeck serve`."
            )
        match answer.exit_code:
            case 0:
                return
            case InvalidInput.exit_code:
                raise InvalidInput(answer.error)
            case NotFound.exit_code:
                raise NotFound(answer.error)
            case _:
                raise Refused(answer.error)

    async def _answer(self, item: int, timeout_s: float) -> Answer | None:
        clock = self._parts.clock
        start = clock.monotonic()
        while True:
            answer = await self._store.answer(item)
            if answer is not None:
                return answer
            waited = clock.monotonic() - start
            nobody = waited > _NOBODY_S and await self._store.leader() is None
            if (waited > timeout_s or nobody) and await self._store.withdraw(item):
                return None
            if waited > timeout_s + _TAKEN_S:
                raise NobodyToDoIt(
                    "The request was taken up but is not done yet, and can't be taken back: it is carried out as soon "
                    "as jobs are scheduled again; `clusterdeck show` tells."
                )
            await asyncio.sleep(POLL_S)

    async def wait_for_end(self, job: JobId) -> JobView:
        """Wait until a job is Completed or Failed."""
        async with aclosing(self._listeners.changes()) as changes:
            while not is_over((view := self.view(job)).job):
                await anext(changes)
        return view

    def work_pending(self) -> int:
        """How many jobs would wait in vain if this process stopped scheduling now."""
        if self._roles.engine is None:
            return 0
        state = self._roles.engine.state
        return sum(not state.jobs[job].spec.held for job in state.pending) + len(self._own)

    async def continue_in_background(self) -> LeaderInfo:
        """Hand the lead to a background process and become a viewer."""
        return await self._roles.hand_over()

    async def stop_leader(self, timeout_s: float = 10.0) -> bool:
        """Ask the process that leads in the background to stop."""
        leader = await self._store.leader()
        if leader is None:
            return False
        if leader.kind != "serve":
            raise Refused(f"{who(leader)} schedules, a console that somebody has open; quit it there.")
        if leader.host != os.uname().nodename:
            raise Refused(f"{who(leader)} schedules, which is another machine; stop it there.")
        with suppress(ProcessLookupError):
            os.kill(leader.pid, signal.SIGTERM)
        deadline = self._parts.clock.monotonic() + timeout_s
        while (now := await self._store.leader()) is not None and now.epoch == leader.epoch:
            if self._parts.clock.monotonic() > deadline:
                raise NobodyToDoIt(f"{who(leader)} did not stop within {timeout_s:.0f} s.")
            await asyncio.sleep(POLL_S)
        return True

    # -- records of attempts -------------------------------------------------------------------------------------------

    async def open_log(self, job: JobId, ordinal: int | None = None) -> LogDocument:
        """The log of an attempt (the newest by default), live."""
        return self._records.open_log(self._finder(job, ordinal))

    async def raw_log(self, job: JobId, stream: Stream, ordinal: int | None = None) -> AsyncIterator[bytes]:
        """One stream of an attempt, byte for byte."""
        async for piece in self._records.raw(self._finder(job, ordinal), stream):
            yield piece

    async def metrics(self, job: JobId, ordinal: int | None = None) -> Sequence[MetricPoint]:
        """The metrics of an attempt so far."""
        return await self._records.metrics(self._attempt(job, ordinal))

    async def usage(self, job: JobId, ordinal: int | None = None) -> Sequence[AttemptSample]:
        """The resource samples of an attempt so far."""
        return await self._records.samples(self._attempt(job, ordinal))

    def _finder(self, job: JobId, ordinal: int | None) -> FindAttempt:
        """How to find an attempt now and later; NotFound if it isn't there now."""
        self._attempt(job, ordinal)
        return lambda: self._attempt_now(job, ordinal)

    def _attempt(self, job: JobId, ordinal: int | None) -> Attempt:
        view = self.view(job)
        found = self._attempt_now(job, ordinal)
        if found is None:
            if ordinal is None:
                raise NotFound(f"Job {view.job.number} has not been started yet, so it has no log and no records.")
            raise NotFound(f"Job {view.job.number} has no attempt {ordinal}; it has {len(view.job.attempts)}.")
        return found

    def _attempt_now(self, job: JobId, ordinal: int | None) -> Attempt | None:
        record = self._visible.get(job)
        if record is None:
            return None
        if ordinal is None:
            return record.last_attempt
        return next((a for a in record.attempts if a.id == f"{job}-{ordinal}"), None)

    # -- changes -------------------------------------------------------------------------------------------------------

    def _changed(self, jobs: set[JobId], deleted: set[JobId], nodes: bool) -> None:
        gone = set(deleted)
        for job in jobs:
            record = self._roles.books.state.jobs.get(job)
            if record is not None:
                self._own.pop(job, None)
            elif self._roles.engine is None:
                record = self._roles.viewer.waiting.get(job)
            record = record or self._own.get(job)
            if record is None or is_leaving(record):
                gone.add(job)
            else:
                self._visible[job] = record
        for job in gone:
            self._visible.pop(job, None)
            self._own.pop(job, None)
        self._listeners.tell(jobs - gone, gone, nodes=nodes)

    def _show_all(self) -> None:
        before = self._visible
        records = {job.id: job for job in self._roles.books.state.jobs.values() if not is_leaving(job)}
        # One who just took the lead takes in at once what waited for it.
        self._visible = {**self._roles.viewer.waiting, **self._own, **records}
        self._listeners.tell(self._visible, before.keys() - self._visible.keys(), nodes=True, role=True)
