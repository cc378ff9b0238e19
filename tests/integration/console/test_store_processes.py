"""One database, several processes, some of which are killed."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sqlite3
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.domain.requests import StopJob
from console.ports import Answer, StoreReader
from console.store import open_leader, open_reader
from tests.harness.stores import JOBS_PER_BATCH, NOW, ROOT, SPEC, SystemClock, leading, new_job_id, next_line, spawned

CLOCK = SystemClock()
WAIT_S = 30.0
KILLS = 12


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "clusterdeck.sqlite3"


@pytest.fixture
def _open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


async def answer_of(viewer: StoreReader, item: int) -> Answer:
    async with asyncio.timeout(WAIT_S):
        while (answer := await viewer.answer(item)) is None:
            await viewer.changed(WAIT_S)
    return answer


def integrity(path: Path) -> str:
    connection = sqlite3.connect(path)
    try:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])
    finally:
        connection.close()


def modes(directory: Path) -> dict[str, int]:
    found = {each.name: stat.S_IMODE(each.stat().st_mode) for each in directory.iterdir()}
    return {".": stat.S_IMODE(directory.stat().st_mode), **found}


async def test_a_viewers_requests_go_through_another_processs_leader(path: Path) -> None:
    async with spawned("serve", path) as leader:
        viewer = await open_reader(str(path), CLOCK)
        try:
            found = await viewer.leader()
            assert found is not None
            assert found.pid == leader.pid
            assert await open_leader(str(path), CLOCK, kind="console") is None
            job = new_job_id()
            number = await viewer.submit(job, SPEC, NOW)
            async with asyncio.timeout(WAIT_S):
                while not (loaded := await viewer.load()).jobs:
                    await viewer.changed(WAIT_S)
            assert [(each.id, each.number) for each in loaded.jobs] == [(job, number)]
            assert loaded.waiting == ()
            item = await viewer.request(StopJob(job), NOW)
            assert (await answer_of(viewer, item)).exit_code == 1
        finally:
            await viewer.close()


async def test_a_dead_leaders_place_is_free_at_once(path: Path) -> None:
    async with spawned("serve", path) as leader:
        viewer = await open_reader(str(path), CLOCK)
        try:
            leader.send_signal(signal.SIGKILL)
            await leader.wait()
            assert await viewer.leader() is None
            async with leading(path) as successor:
                assert successor.epoch == 2
        finally:
            await viewer.close()


async def test_a_stopped_leader_still_leads(path: Path) -> None:
    async with spawned("serve", path) as leader:
        leader.send_signal(signal.SIGSTOP)
        assert await open_leader(str(path), CLOCK, kind="console") is None
        leader.send_signal(signal.SIGCONT)


async def test_batches_are_whole_whenever_their_writer_is_killed(path: Path) -> None:
    dice = random.Random(7)
    for _ in range(KILLS):
        async with spawned("write", path) as leader:
            committed = 0
            for _ in range(dice.randrange(1, 40)):
                committed = int(await next_line(leader))
            leader.kill()
            await leader.wait()
        assert integrity(path) == "ok"
        async with leading(path) as store:
            loaded = await store.load()
        assert {job.spec.name for job in loaded.jobs} <= {str(committed + n) for n in range(1000)}
        assert len({job.spec.name for job in loaded.jobs}) == 1
        assert len(loaded.jobs) == JOBS_PER_BATCH
        assert loaded.sequence == int(loaded.jobs[0].spec.name) * JOBS_PER_BATCH


async def test_a_reader_sees_whole_batches_only(path: Path) -> None:
    async with spawned("write", path) as leader:
        await next_line(leader)
        viewer = await open_reader(str(path), CLOCK)
        try:
            sequence = 0
            for _ in range(50):
                assert await viewer.changed(WAIT_S)
                loaded = await viewer.load()
                assert len({job.spec.name for job in loaded.jobs}) == 1
                sequence, events = await viewer.events_after(sequence)
                assert len(events) % JOBS_PER_BATCH == 0
                assert sequence >= loaded.sequence
                await next_line(leader)
        finally:
            await viewer.close()


async def test_of_many_who_create_a_database_at_once_all_get_the_same(path: Path) -> None:
    opened = await asyncio.gather(*(open_reader(str(path), CLOCK) for _ in range(8)))
    try:
        assert len({each.database_id for each in opened}) == 1
        numbers = await asyncio.gather(*(each.submit(new_job_id(), SPEC, NOW) for each in opened))
        assert sorted(numbers) == list(range(1, 9))
    finally:
        await asyncio.gather(*(each.close() for each in opened))


@pytest.mark.usefixtures("_open_umask")
async def test_everything_is_private_whatever_the_umask(path: Path) -> None:
    async with leading(path) as store:
        await store.submit(new_job_id(), SPEC, NOW)
        found = modes(path.parent)
    assert found.pop(".") == 0o700
    assert {f"clusterdeck.sqlite3{suffix}" for suffix in ("", "-wal", "-shm", ".lock")} == found.keys()
    assert set(found.values()) == {0o600}


async def test_a_process_that_forgets_to_close_ends_all_the_same(path: Path) -> None:
    program = (
        "import asyncio, sys\n"
        "from console.store import open_reader\n"
        "from tests.harness.stores import SystemClock\n"
        "asyncio.set_event_loop(loop := asyncio.new_event_loop())\n"
        "kept = loop.run_until_complete(open_reader(sys.argv[1], SystemClock()))\n"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "ignore", "-c", program, str(path)), cwd=ROOT, stderr=asyncio.subprocess.PIPE
    )
    try:
        _, said = await asyncio.wait_for(process.communicate(), WAIT_S)
    finally:
        if process.returncode is None:
            process.kill()
    assert (process.returncode, said) == (0, b"")
