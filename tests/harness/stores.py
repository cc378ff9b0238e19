"""Databases for tests: clocks, things to put into them, and processes that lead one.

As a program, `python -m tests.harness.stores serve PATH` answers requests, `… write PATH` commits without end.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from console.domain.events import JobEdited, JobSubmitted
from console.domain.ids import JobId, attempt_id, ulid
from console.domain.jobs import Attempt, AttemptPhase, Completed, Job, JobSpec, Outcome, Pending
from console.domain.requests import SubmitJob
from console.domain.resources import Resources
from console.ports import Answer, Batch, Store
from console.store import open_leader, open_reader

NOW = 1_767_225_600.0
SPEC = JobSpec("train", ("bash", "-c", "true"))
ROOT = Path(__file__).parents[2]
JOBS_PER_BATCH = 20


class SystemClock:
    """The machine's clocks."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


def new_job_id() -> JobId:
    """An id that no other test has."""
    return ulid(int(NOW * 1000), os.urandom(10))


def pending_job(number: int, name: str = "train") -> Job:
    """A job that was just accepted."""
    return Job(new_job_id(), number, replace(SPEC, name=name), Pending(NOW), NOW, NOW)


def completed_job(number: int) -> Job:
    """A job with one attempt that ended well."""
    job = new_job_id()
    amount = Resources(4, 8192, 1)
    outcome = Outcome(0, None, "", 1.5, 100.0)
    attempt = Attempt(
        attempt_id(job, 1), job, "here", amount, ("GPU-1",), AttemptPhase.ENDED, NOW, NOW + 1, NOW + 2, outcome
    )
    return Job(job, number, replace(SPEC, resources=amount), Completed(NOW + 2), NOW, NOW, (attempt,))


@asynccontextmanager
async def leading(path: Path | str) -> AsyncIterator[Store]:
    """The lead of a database."""
    store = await open_leader(str(path), SystemClock(), kind="console")
    assert store is not None
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def spawned(what: str, path: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that leads the database; it has begun. Killed at the end if it still lives."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-m", "tests.harness.stores", what, str(path)),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert await next_line(process) == "leading"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def next_line(process: asyncio.subprocess.Process) -> str:
    """The next line that a process prints."""
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), 30)
    return line.decode().rstrip("\n")


async def _serve(store: Store) -> None:
    while True:
        await store.changed(30)
        for item in await store.inbox():
            answer = (item.id, Answer("only submissions are taken here", 1))
            batch = Batch((), answers=(answer,))
            if isinstance(asked := item.request, SubmitJob):
                job = Job(asked.job, asked.number, asked.spec, Pending(NOW), NOW, NOW)
                event = JobSubmitted(NOW, asked.job, asked.number, asked.spec)
                batch = Batch((event,), (job,), answers=((item.id, Answer()),))
            await store.commit(batch)


async def _write(store: Store) -> None:
    """Batches that give all jobs one name, which is printed once it is committed."""
    loaded = await store.load()
    jobs = loaded.jobs or tuple(pending_job(number, "0") for number in range(1, JOBS_PER_BATCH + 1))
    n = int(jobs[0].spec.name)
    while True:
        n += 1
        jobs = tuple(replace(job, spec=replace(job.spec, name=str(n))) for job in jobs)
        await store.commit(Batch(tuple(JobEdited(NOW, job.id, job.spec) for job in jobs), jobs))
        print(n, flush=True)


async def _main(what: str, path: str) -> None:
    (await (await open_reader(path, SystemClock())).close())
    async with leading(path) as store:
        print("leading", flush=True)
        await {"serve": _serve, "write": _write}[what](store)


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], sys.argv[2]))
