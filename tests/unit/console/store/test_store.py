from __future__ import annotations

import asyncio
import math
import os
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from console.domain.errors import NotFound, StoreUnusable
from console.domain.events import AttemptLost, JobStopRequested, JobSubmitted, NodeAdded
from console.domain.ids import attempt_id
from console.domain.jobs import Pending, Status
from console.domain.nodes import AttemptProgress, AttemptSample, Node, NodeSample, NodeState
from console.domain.requests import StopJob, SubmitJob
from console.ports import (
    Answer,
    Batch,
    History,
    LeaderLost,
    LogChunk,
    MetricPoint,
    NodeSampled,
    Store,
    StoreReader,
)
from console.store import open_leader, open_reader
from tests.harness.stores import NOW, SPEC, SystemClock, completed_job, leading, new_job_id, pending_job

SAMPLE = AttemptSample(NOW, 12.5, 100.0, None, 1.0, 2.0, 3.0, (("GPU-1", 50.0, None),))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "clusterdeck.sqlite3"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[Store]:
    async with leading(path) as opened:
        yield opened


@pytest.fixture
async def viewer(store: Store, path: Path) -> AsyncIterator[StoreReader]:
    reader = await open_reader(str(path), SystemClock())
    yield reader
    await reader.close()


async def test_a_submission_has_its_number_and_is_seen_at_once(store: Store, viewer: StoreReader) -> None:
    job = new_job_id()
    assert await viewer.submit(job, SPEC, NOW) == 1
    for each in (store, viewer):
        (seen,) = await each.waiting()
        assert (seen.id, seen.number, seen.spec, seen.status) == (job, 1, SPEC, Status.PENDING)
        assert seen.state == Pending(NOW)
        assert (await each.load()).waiting == (seen,)
    (item,) = await store.inbox()
    assert item.request == SubmitJob(job, 1, SPEC, NOW)


async def test_a_submission_repeated_is_one(store: Store, viewer: StoreReader) -> None:
    job = pending_job(1)
    assert await viewer.submit(job.id, SPEC, NOW) == await viewer.submit(job.id, SPEC, NOW) == 1
    (item,) = await store.inbox()
    await store.commit(Batch((), (job,), answers=((item.id, Answer()),)))
    assert await viewer.submit(job.id, SPEC, NOW) == 1
    assert await store.inbox() == ()


async def test_a_number_is_never_used_again(store: Store, viewer: StoreReader) -> None:
    job = pending_job(await viewer.submit(new_job_id(), SPEC, NOW))
    (item,) = await store.inbox()
    await store.commit(Batch((), (job,), answers=((item.id, Answer()),)))
    await store.commit(Batch((), deleted=(job.id,)))
    assert (await store.load()).jobs == ()
    assert await viewer.submit(new_job_id(), SPEC, NOW) == 2


async def test_a_batch_is_what_readers_see_afterwards(store: Store, viewer: StoreReader) -> None:
    first, second = completed_job(1), pending_job(2)
    node = Node("here", "localhost", NodeState.UP)
    events = (
        NodeAdded(NOW, "here", "localhost"),
        JobSubmitted(NOW, first.id, 1, first.spec),
        JobSubmitted(NOW, second.id, 2, second.spec),
        AttemptLost(NOW, attempt_id(first.id, 1), "gone"),
    )
    assert await store.commit(Batch(events, (second, first), nodes=(node,))) == 4
    loaded = await viewer.load()
    assert (loaded.sequence, loaded.jobs, loaded.nodes) == (4, (first, second), (node,))
    assert await viewer.events_after(0) == (4, events)
    assert await viewer.events_after(2) == (4, events[2:])
    assert await viewer.events_after(4) == (4, ())
    assert await viewer.events_of(first.id) == (events[1], events[3])

    renamed = replace(second, spec=replace(second.spec, name="other"))
    assert await store.commit(Batch((), (renamed,), removed_nodes=("here",))) == 4
    loaded = await viewer.load()
    assert (loaded.jobs, loaded.nodes) == ((first, renamed), ())


async def test_a_batch_that_cannot_be_written_whole_is_not_written(store: Store) -> None:
    job = pending_job(1)
    with pytest.raises(ValueError, match="request 7"):
        await store.commit(Batch((JobStopRequested(NOW, job.id),), (job,), answers=((7, Answer()),)))
    loaded = await store.load()
    assert (loaded.sequence, loaded.jobs) == (0, ())


async def test_a_request_is_answered_once(store: Store, viewer: StoreReader) -> None:
    item = await viewer.request(StopJob(new_job_id()), NOW)
    assert await viewer.answer(item) is None
    assert [each.id for each in await store.inbox()] == [item]
    refusal = Answer("It is over already.", 1)
    await store.commit(Batch((), answers=((item, refusal),)))
    assert await viewer.answer(item) == refusal
    assert await store.inbox() == ()
    with pytest.raises(ValueError, match="does not wait"):
        await store.commit(Batch((), answers=((item, Answer()),)))


async def test_a_request_can_be_withdrawn_until_the_leader_has_it(store: Store, viewer: StoreReader) -> None:
    early, late = [await viewer.request(StopJob(new_job_id()), NOW) for _ in range(2)]
    assert await viewer.withdraw(early)
    assert not await viewer.withdraw(early)
    with pytest.raises(NotFound, match="withdrawn"):
        await viewer.answer(early)
    assert [each.id for each in await store.inbox()] == [late]
    assert not await viewer.withdraw(late)


async def test_ids_of_requests_are_not_used_again(store: Store, viewer: StoreReader) -> None:
    first = await viewer.request(StopJob(new_job_id()), NOW)
    assert await viewer.withdraw(first)
    assert await viewer.request(StopJob(new_job_id()), NOW) > first


async def test_the_latest_telemetry_replaces_what_was_there(store: Store, viewer: StoreReader) -> None:
    assert await viewer.latest() == ((), ())
    attempt = attempt_id(new_job_id(), 1)
    sample = NodeSample(NOW, 1.0, 2, None, None, None, None, None)
    nodes = (NodeSampled("here", sample, ((attempt, SAMPLE),)),)
    progress = (AttemptProgress(attempt, NOW, 0.5, None, (("loss", 0.1),)),)
    await store.record_latest(progress, nodes)
    assert await viewer.latest() == (progress, nodes)
    await store.record_latest((), nodes)
    assert await viewer.latest() == ((), nodes)


async def test_history_grows_with_its_cursor_and_leaves_with_its_job(store: Store, viewer: StoreReader) -> None:
    job, other = completed_job(1), completed_job(2)
    attempt, kept = attempt_id(job.id, 1), attempt_id(other.id, 1)
    assert await viewer.history_cursor(attempt) == ""
    points = [MetricPoint("loss", float(n), NOW + n, 1.0 / (n + 1)) for n in range(3)]
    mirror = (LogChunk("stdout", 10, NOW, b"a\x00\xff", lost=10), LogChunk("stderr", 0, NOW, b""))
    for each in (attempt, kept):
        await store.record_history(each, History(tuple(points[:2]), (SAMPLE,), "c1", is_complete=False))
        await store.record_history(each, History(tuple(points[2:]), (), "c2", is_complete=True))
        await store.record_mirror(each, mirror[::-1])
        await store.record_mirror(each, mirror)
    await store.commit(Batch((), (job, other)))
    await store.commit(Batch((), deleted=(job.id,)))
    assert (await viewer.metrics(attempt), await viewer.samples(attempt)) == ((), ())
    assert (await viewer.history_cursor(attempt), await viewer.log_mirror(attempt)) == ("", ())
    assert (await viewer.metrics(kept), await viewer.samples(kept)) == (tuple(points), (SAMPLE,))
    assert (await viewer.history_cursor(kept), await viewer.log_mirror(kept)) == ("c2", mirror)


async def test_what_a_node_may_send_can_be_kept(store: Store) -> None:
    attempt = attempt_id(new_job_id(), 1)
    points = (MetricPoint("lo\ud800ss", None, NOW, math.nan), MetricPoint("x", math.inf, NOW, -math.inf))
    await store.record_history(attempt, History(points, (), "\udfff", is_complete=True))
    first, second = await store.metrics(attempt)
    assert first.name == "lo?ss"
    assert math.isnan(first.value)
    assert second == points[1]


async def test_only_others_commits_are_news(store: Store, viewer: StoreReader) -> None:
    assert not await store.changed(0)
    await store.commit(Batch((NodeAdded(NOW, "here", "localhost"),)))
    assert not await store.changed(0)
    assert await viewer.changed(30)
    assert not await viewer.changed(0)
    waiting = asyncio.create_task(store.changed(30))
    await viewer.submit(new_job_id(), SPEC, NOW)
    assert await waiting
    assert not await viewer.changed(0)


async def test_viewers_hear_each_other(store: Store, viewer: StoreReader, path: Path) -> None:
    other = await open_reader(str(path), SystemClock())
    try:
        await other.submit(new_job_id(), SPEC, NOW)
        assert await viewer.changed(30)
    finally:
        await other.close()


async def test_who_leads_is_told_as_long_as_it_leads(path: Path) -> None:
    viewer = await open_reader(str(path), SystemClock())
    try:
        assert await viewer.leader() is None
        async with leading(path) as store:
            found = await viewer.leader()
            assert found is not None
            assert (found.kind, found.epoch) == ("console", store.epoch)
            assert await open_leader(str(path), SystemClock(), kind="serve") is None
            assert store.database_id == viewer.database_id
        assert await viewer.leader() is None
        async with leading(path) as successor:
            assert successor.epoch > store.epoch
    finally:
        await viewer.close()


async def test_a_leader_of_an_old_epoch_writes_nothing(store: Store, viewer: StoreReader, path: Path) -> None:
    item = await viewer.request(StopJob(new_job_id()), NOW)
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'epoch'")
    connection.close()
    attempt = attempt_id(new_job_id(), 1)
    orders = (
        store.commit(Batch((), (pending_job(1),))),
        store.inbox(),
        store.record_latest((), ()),
        store.record_history(attempt, History((), (), "c", is_complete=True)),
        store.record_mirror(attempt, ()),
    )
    for order in orders:
        with pytest.raises(LeaderLost):
            await order
    assert (await viewer.load()).jobs == ()
    assert await viewer.history_cursor(attempt) == ""
    assert await viewer.withdraw(item)
    # As a viewer it goes on.
    assert await store.submit(new_job_id(), SPEC, NOW) == 1


@pytest.mark.parametrize("turns", range(12))
async def test_a_cancelled_commit_is_whole_or_absent(store: Store, viewer: StoreReader, turns: int) -> None:
    jobs = [pending_job(n) for n in range(1, 6)]
    for n in range(8):
        renamed = tuple(replace(job, spec=replace(job.spec, name=str(n))) for job in jobs)
        commit = asyncio.create_task(store.commit(Batch(tuple(JobStopRequested(NOW, job.id) for job in jobs), renamed)))
        for _ in range(turns):
            await asyncio.sleep(0)
        commit.cancel()
        await asyncio.wait([commit])
        before = await viewer.load()
        assert before.sequence % len(jobs) == 0
        assert len({job.spec.name for job in before.jobs}) <= 1
        assert not commit.cancelled() or len(before.jobs) in (0, len(jobs))
    # Nothing is left open that a later commit would carry.
    before = await viewer.load()
    assert await store.commit(Batch(())) == before.sequence
    assert await viewer.load() == before


async def test_a_database_that_was_moved_is_not_written_any_more(store: Store, viewer: StoreReader, path: Path) -> None:
    elsewhere = path.with_name("elsewhere")
    os.rename(path, elsewhere)
    with pytest.raises(StoreUnusable, match="moved or removed"):
        await viewer.submit(new_job_id(), SPEC, NOW)
    os.rename(elsewhere, path)
    assert await viewer.submit(new_job_id(), SPEC, NOW) == 1
