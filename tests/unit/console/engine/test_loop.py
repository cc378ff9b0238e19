from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from console.domain.errors import Refused, StoreUnusable
from console.domain.ids import AttemptId, JobId, attempt_id
from console.domain.jobs import AttemptPhase, Failed, Hyperparameters, JobType, Running, Status
from console.domain.nodes import NodeState
from console.domain.requests import DeleteJob, EditJob, RestartJob, StopJob
from console.engine import executor, loop, viewer
from console.ports import LeaderLost, Store
from console.scheduler import Plan, Policy, Snapshot, plan
from tests.harness.builders import spec
from tests.harness.fake_backend import FakeNode
from tests.harness.services import Process, Site, site_at
from tests.harness.waiting import eventually


async def kinds(process: Process, job: JobId) -> list[str]:
    return [line.kind for line in await process.service.history(job)]


async def settled(site: Site, attempt: AttemptId, order: str) -> None:
    await eventually(lambda: (order, attempt) in site.node.orders, f"{order} of {attempt}")


# -- the whole way


async def test_a_job_from_its_submission_to_the_acknowledgement_of_its_end(site: Site) -> None:
    async with site.open() as process:
        job, attempt = await process.run()
        site.node.write(attempt, b"hello\n")
        site.node.measure(attempt, 0.5, 0.4, 0.3)
        site.clock.advance(10)
        site.node.end(attempt)
        view = await process.until(job, Status.COMPLETED)
        assert (view.exit_code, view.node, view.reason) == (0, "n1", "")
        await settled(site, attempt, "acknowledge")
        assert site.node.attempts[attempt].is_acknowledged
        assert await kinds(process, job) == [
            "JobSubmitted",
            "AttemptPlanned",
            "AttemptAccepted",
            "AttemptStarted",
            "AttemptEnded",
            "AttemptMirrored",
        ]
        site.node.go_away()
        assert [point.value for point in await process.service.metrics(job)] == [0.5, 0.4, 0.3]
        assert len(await process.service.usage(job)) == 3
        assert [piece async for piece in process.service.raw_log(job, "stdout")] == [b"hello\n"]
    assert site.node.executed == {attempt: 1}


async def test_the_order_tells_what_the_job_asked_for(site: Site) -> None:
    async with site.open() as process:
        config = Hyperparameters(epochs=3, learning_rate=0.1)
        _, attempt = await process.run(command=("python", "t.py", "{epochs}"), config=config, env=(("A", "b"),))
        order = site.node.attempts[attempt].order
        assert order.argv == ("python", "t.py", "3")
        assert dict(order.env) | {"A": "b", "CLUSTERDECK_CPU_CORES": "1", "CLUSTERDECK_EPOCHS": "3"} == dict(order.env)
        assert "CLUSTERDECK_OPTIMIZER" not in dict(order.env)


async def test_jobs_beyond_what_is_free_wait_and_say_for_what(site: Site) -> None:
    async with site.open() as process:
        (running, attempt) = await process.run()
        large = await process.submit(resources=site.node.facts.capacity)
        await eventually(
            lambda: process.view(large).reason == "waiting for 4 CPU cores and 8 GiB of memory; n1 has 3 and 7 GiB free"
        )
        site.node.end(attempt)
        await process.until(running, Status.COMPLETED)
        await process.until(large, Status.RUNNING)


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Snapshot]]:
    """What was planned on, from now on."""
    seen: list[Snapshot] = []

    def counted(snapshot: Snapshot, policy: Policy) -> Plan:
        seen.append(snapshot)
        return plan(snapshot, policy)

    with monkeypatch.context() as watched:
        watched.setattr(loop, "plan", counted)
        watched.setattr(viewer, "plan", counted)
        yield seen


async def test_a_pass_is_made_only_when_it_could_say_something_new(site: Site, passes: list[Snapshot]) -> None:
    async with site.open() as process:
        await eventually(lambda: process.service.nodes() and process.service.nodes()[0].node.state is NodeState.UP)
        passes.clear()
        job, attempt = await process.run()
        site.node.progress(attempt, 0.4)
        site.node.sample()
        await eventually(lambda: process.view(job).progress == 0.4)
        assert len(passes) == 1, "for the submission"
        site.node.end(attempt)
        await settled(site, attempt, "acknowledge")
        assert len(passes) == 2, "for what was freed"


async def test_one_who_watches_plans_no_more_often(site: Site, passes: list[Snapshot]) -> None:
    async with site.open() as process, site.open() as watcher:
        site.node.on_launch = "accept"
        job = await process.submit()
        attempt = attempt_id(job, 1)
        await watcher.until(job, "starting")
        await eventually(lambda: attempt in site.node.attempts)
        passes.clear()
        site.node.start(attempt)
        await watcher.until(job, Status.RUNNING)
        assert not passes
        site.node.end(attempt)
        await watcher.until(job, Status.COMPLETED)
        assert passes


# -- refusals


async def test_a_refused_attempt_waits_with_the_reason_and_is_tried_again(site: Site) -> None:
    site.node.refuses = "GPU-0 is used by somebody else"
    async with site.open() as process:
        job = await process.submit()
        await eventually(lambda: process.view(job).job.attempts != () and process.view(job).reason.startswith("waits"))
        assert process.view(job).reason == "waits 5 s before the next try: GPU-0 is used by somebody else"
        assert process.view(job).status is Status.PENDING
        site.node.refuses = ""
        site.clock.advance(4)
        await process.submit("another")
        await process.until(job, Status.PENDING)
        assert site.node.executed[attempt_id(job, 2)] == 0
        site.clock.advance(1)
        await process.submit("a third")
        await process.until(job, Status.RUNNING, 2)
        await eventually(lambda: len(process.view(job).job.attempts) == 1)
        (running,) = process.view(job).job.attempts
        assert (running.id, running.phase) == (attempt_id(job, 2), AttemptPhase.RUNNING)
        assert ("forget", attempt_id(job, 1)) in site.node.orders, "nothing is worth keeping of what never ran"


async def test_the_next_try_comes_by_itself(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.core.reduce._REFUSAL_BACKOFF_S", 0.05)
    site.node.refuses = "no room"
    async with site.open() as process:
        job = await process.submit()
        await eventually(lambda: site.node.orders)
        site.node.refuses = ""
        site.clock.advance(1)
        await process.until(job, Status.RUNNING, 2)


async def test_a_clock_that_steps_back_an_hour_delays_nothing(site: Site) -> None:
    site.node.refuses = "no room"
    async with site.open() as process:
        job = await process.submit()
        await eventually(lambda: site.node.orders)
        await process.until(job, Status.PENDING)
        site.node.refuses = ""
        site.clock.step_back(3600)
        await process.submit("another")
        await process.until(job, Status.RUNNING, 2)


async def test_a_placeholder_without_a_value_is_a_refusal(site: Site) -> None:
    async with site.open() as process:
        job = await process.submit(command=("run", "{epochs}"))
        await eventually(lambda: "epochs" in process.view(job).reason)
        assert process.view(job).status is Status.PENDING
        assert site.node.orders == []


# -- what people ask for


async def test_stopping_a_job_that_waits_ends_it_at_once(site: Site) -> None:
    async with site.open() as process:
        job = await process.submit(held=True)
        await eventually(lambda: process.view(job).reason == "held")
        await process.ask(StopJob(job))
        assert process.view(job).job.state == Failed(site.clock.now(), "stopped by user")
        with pytest.raises(Refused, match="nothing to stop"):
            await process.ask(StopJob(job))


async def test_stopping_a_job_that_runs_ends_it_on_its_node(site: Site) -> None:
    async with site.open() as process:
        job, attempt = await process.run()
        site.node.obeys_stop = False
        await process.ask(StopJob(job))
        assert process.view(job).reason == "stopping: stopped by user"
        await settled(site, attempt, "stop")
        site.node.obeys_stop = True
        await process.ask(StopJob(job))
        view = await process.until(job, Status.FAILED)
        assert (view.reason, view.exit_code) == ("stopped by user", None)


async def test_stopping_a_job_that_starts_ends_it_once_the_node_has_it(site: Site) -> None:
    site.node.on_launch = "accept"
    async with site.open() as process:
        job = await process.submit()
        await eventually(lambda: site.node.attempts)
        site.node.hangs = True
        await process.ask(StopJob(job))
        assert process.view(job).reason == "stopped by user"
        site.node.hangs = False
        view = await process.until(job, Status.FAILED)
        assert view.reason == "stopped by user"
        assert site.node.executed == {}


async def test_a_stop_overtaken_by_the_start_is_given_again(site: Site) -> None:
    """The node didn't know the attempt yet when the stop came."""
    site.node.on_launch = "ignore"
    async with site.open() as process:
        job = await process.submit()
        await settled(site, attempt_id(job, 1), "launch")
        await process.ask(StopJob(job))
        await settled(site, attempt_id(job, 1), "stop")
        site.node.on_launch = "run"
        site.node.tell_all()
        view = await process.until(job, Status.FAILED)
        assert view.reason == "stopped by user"


async def test_a_restart_is_a_new_attempt(site: Site) -> None:
    async with site.open() as process:
        job, attempt = await process.run()
        with pytest.raises(Refused, match="stop it before"):
            await process.ask(RestartJob(job))
        site.node.end(attempt, 1)
        assert (await process.until(job, Status.FAILED)).reason == "exit code 1"
        site.clock.advance(60)
        await process.ask(RestartJob(job))
        view = await process.until(job, Status.RUNNING, 2)
        assert view.job.queued_at == site.clock.now()
        assert len(process.service.view(job).job.attempts) == 2


async def test_what_may_be_edited(site: Site) -> None:
    async with site.open() as process:
        job = await process.submit(held=True)
        await process.ask(EditJob(job, spec("renamed", held=True)))
        assert process.view(job).job.spec.name == "renamed"
        with pytest.raises(Refused, match="type of job 1"):
            await process.ask(EditJob(job, spec("renamed", type=JobType.OTHER)))
        await process.ask(EditJob(job, spec("renamed")))
        await process.until(job, Status.RUNNING)
        with pytest.raises(Refused, match="only Pending and Failed"):
            await process.ask(EditJob(job, spec("again")))


async def test_deleting_a_job_that_runs_stops_it_and_forgets_all_of_it(site: Site) -> None:
    async with site.open() as process:
        job, attempt = await process.run()
        site.node.end(attempt, 1)
        await process.until(job, Status.FAILED)
        await process.ask(RestartJob(job))
        await process.until(job, Status.RUNNING, 2)
        await process.ask(DeleteJob(job))
        await eventually(lambda: job not in process.service.jobs())
        await eventually(lambda: not site.node.attempts)
        await eventually(lambda: _deleted(site, job))
    async with site.open() as process:
        assert process.service.jobs() == {}


async def _deleted(site: Site, job: JobId) -> bool:
    async with site.open() as looker:
        loaded = await looker.service._store.load()
        return job not in {each.id for each in loaded.jobs}


async def test_a_deleted_job_stays_in_the_books_until_its_node_is_back(site: Site) -> None:
    async with site.open() as process:
        job, attempt = await process.run()
        site.node.end(attempt)
        await settled(site, attempt, "acknowledge")
        site.node.go_away()
        await eventually(lambda: process.service.nodes()[0].node.state is NodeState.STALE)
        await process.ask(DeleteJob(job))
        assert job not in process.service.jobs()
        assert not await _deleted(site, job)
        site.node.come_back()
        await eventually(lambda: not site.node.attempts)
        await eventually(lambda: _deleted(site, job))


# -- nodes that go and come


async def test_a_node_out_of_reach_leaves_its_job_running_as_last_known(site: Site) -> None:
    async with site.open() as process:
        job, attempt = await process.run()
        site.node.go_away("no route to host")
        await eventually(lambda: process.view(job).reason == "as last known: n1 is stale (no route to host)")
        assert process.view(job).status is Status.RUNNING
        site.node.end(attempt)
        waiting = await process.submit()
        await eventually(lambda: process.view(waiting).reason == "waiting for a node: n1 stale")
        assert process.view(job).status is Status.RUNNING
        site.node.come_back()
        await process.until(job, Status.COMPLETED)
        await process.until(waiting, Status.RUNNING)


async def test_an_attempt_that_its_node_lost_is_never_called_completed(site: Site) -> None:
    async with site.open() as process:
        job, attempt = await process.run()
        site.node.go_away()
        del site.node.attempts[attempt]
        site.node.come_back()
        assert (await process.until(job, Status.FAILED)).reason == "the node has no record of it any more"


# -- kills


async def kill(process: Process) -> None:
    """Its tasks are gone in the middle of what they did; the kernel drops its lock."""
    roles = process.service._roles
    for task in asyncio.all_tasks():
        if task is not asyncio.current_task():
            task.cancel()
    assert roles._task is not None
    with pytest.raises(asyncio.CancelledError):
        await roles._task


async def test_killed_between_the_commit_of_the_intent_and_the_send(site: Site) -> None:
    site.node.hangs = True
    async with site.open() as process:
        job = await process.submit()
        await process.until(job, "starting")
        await kill(process)
    assert site.node.orders == []
    site.node.hangs = False
    async with site.open() as process:
        view = await process.until(job, Status.RUNNING)
        assert len(view.job.attempts) == 1
    assert site.node.executed == {attempt_id(job, 1): 1}


async def test_killed_between_the_send_and_the_reply(site: Site) -> None:
    site.node.on_launch = "run silently"
    async with site.open() as process:
        job = await process.submit()
        await eventually(lambda: site.node.executed)
        await kill(process)
    async with site.open() as process:
        await process.until(job, Status.RUNNING)
        assert isinstance(process.view(job).job.state, Running)
    assert site.node.executed == {attempt_id(job, 1): 1}
    assert site.node.orders.count(("launch", attempt_id(job, 1))) == 1


async def test_a_clean_exit_leaves_everything_running(site: Site) -> None:
    async with site.open() as process:
        jobs = [(await process.run())[0] for _ in range(3)]
    for job in jobs[:2]:
        site.node.end(attempt_id(job, 1))
    async with site.open() as process:
        for job, status in zip(jobs, [Status.COMPLETED, Status.COMPLETED, Status.RUNNING], strict=True):
            await process.until(job, status)
            assert (await kinds(process, job)).count("AttemptPlanned") == 1
    assert set(site.node.executed.values()) == {1}
    assert not site.node.overlaps


# -- a disk that refuses


class Refusing:
    """A store whose disk is full as long as a test says so."""

    def __init__(self, store: Store, refuses: Callable[[str], bool]) -> None:
        self._store = store
        self._refuses = refuses

    def __getattr__(self, name: str) -> Any:
        given = getattr(self._store, name)
        if name not in {"commit", "inbox", "record_mirror", "record_history", "changed"}:
            return given

        async def attempted(*arguments: Any) -> Any:
            if self._refuses(name):
                raise StoreUnusable("The disk is full.")
            return await given(*arguments)

        return attempted


@pytest.fixture
def full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Site, set[str]]:
    """A site, and what its disk refuses now."""
    monkeypatch.setattr(loop, "_STORE_RETRY_S", 0.01)
    monkeypatch.setattr(executor, "_STORE_RETRY_S", 0.01)
    refused: set[str] = set()
    site = site_at(tmp_path, wrap=lambda store: Refusing(store, refused.__contains__))
    return site, refused


@pytest.mark.parametrize("what", ["commit", "inbox"])
async def test_nothing_is_launched_while_the_disk_refuses(full: tuple[Site, set[str]], what: str) -> None:
    site, refused = full
    async with site.open() as process:
        running, attempt = await process.run()
        refused.add(what)
        job = await process.submit()
        await eventually(lambda: process.service.problem)
        assert process.service.problem == (
            "The disk is full. Nothing is launched until it can be written; running jobs go on."
        )
        assert site.node.orders == [("launch", attempt)]
        refused.clear()
        await process.until(job, Status.RUNNING)
        assert process.service.problem == ""
        assert process.view(running).status is Status.RUNNING


async def test_what_is_not_on_the_disk_yet_is_not_shown(full: tuple[Site, set[str]]) -> None:
    site, refused = full
    async with site.open() as process:
        job, attempt = await process.run()
        refused.add("commit")
        site.node.end(attempt)
        site.node.go_away()
        await eventually(lambda: process.service.problem)
        site.node.come_back()
        site.node.progress(attempt, 0.4)
        await eventually(lambda: process.view(job).progress == 0.4)
        assert process.view(job).status is Status.RUNNING
        assert (process.view(job).reason, process.service.nodes()[0].running) == ("", 1)
        refused.clear()
        await process.until(job, Status.COMPLETED)
        assert process.service.nodes()[0].running == 0


async def test_a_console_opens_on_a_full_disk_and_says_so(full: tuple[Site, set[str]]) -> None:
    site, refused = full
    refused.update({"commit", "changed"})
    async with site.open() as process:
        await eventually(lambda: process.service.problem)
        refused.clear()
        await process.run()


async def test_a_mirror_that_the_disk_refused_is_taken_later(full: tuple[Site, set[str]]) -> None:
    site, refused = full
    async with site.open() as process:
        job, attempt = await process.run()
        site.node.measure(attempt, *range(5))
        refused.update({"record_mirror", "record_history"})
        site.node.end(attempt)
        await process.until(job, Status.COMPLETED)
        assert ("acknowledge", attempt) not in site.node.orders
        refused.clear()
        await settled(site, attempt, "acknowledge")
        site.node.go_away()
        assert len(await process.service.metrics(job)) == 5


async def test_histories_pulled_at_once_are_recorded_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "_HISTORY_PULL_S", 0.0)
    async with site.open() as process:
        job, attempt = await process.run()
        site.node.measure(attempt, *range(41))
        site.node.end(attempt)
        await settled(site, attempt, "acknowledge")
        site.node.go_away()
        assert [point.value for point in await process.service.metrics(job)] == list(range(41))


# -- the lead


async def test_one_whose_epoch_is_over_becomes_a_viewer(tmp_path: Path) -> None:
    is_over = False

    class Overtaken(Refusing):
        def __getattr__(self, name: str) -> Any:
            given = super().__getattr__(name)
            if name != "commit":
                return given

            async def commit(batch: Any) -> int:
                if is_over:
                    raise LeaderLost("epoch 9 has begun")
                return int(await given(batch))

            return commit

    site = site_at(tmp_path, wrap=lambda store: Overtaken(store, lambda _: False))
    async with site.open() as process:
        job, attempt = await process.run()
        assert type(process.service.role).__name__ == "Leading"
        is_over = True
        site.node.end(attempt)
        await eventually(lambda: type(process.service.role).__name__ == "Watching")
        assert process.view(job).status is Status.RUNNING, "what was not committed is not so"
        is_over = False
        async with site.open() as other:
            await other.until(job, Status.COMPLETED)
            await process.until(job, Status.COMPLETED)


async def test_a_fault_of_ours_gives_the_lead_back_and_says_so(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async with site.open() as process:
        job, attempt = await process.run()
        with monkeypatch.context() as broken:

            def fail(*_: object) -> None:
                raise ZeroDivisionError

            broken.setattr(loop, "plan", fail)
            site.node.end(attempt)
            await eventually(lambda: "Scheduling broke off" in process.service.problem)
        async with site.open() as other:
            await other.until(job, Status.COMPLETED)


async def test_gpus_are_given_once_and_come_back(tmp_path: Path) -> None:
    site = site_at(tmp_path)
    site.cluster.nodes["n1"] = node = FakeNode("n1", site.clock, gpus=2)
    async with site.open() as process:
        amounts = spec(resources=node.facts.capacity).resources
        one = type(amounts)(1, 1024, 1)
        jobs = [(await process.run(resources=one))[0] for _ in range(2)]
        third = await process.submit(resources=one)
        await eventually(lambda: process.view(third).reason == "waiting for 1 GPU; n1 has 0 free")
        given = [node.attempts[attempt_id(job, 1)].order.gpus for job in jobs]
        assert sorted(given) == [("GPU-n1-0",), ("GPU-n1-1",)]
        node.end(attempt_id(jobs[0], 1))
        await process.until(third, Status.RUNNING)
        assert node.attempts[attempt_id(third, 1)].order.gpus == given[0]


async def test_what_was_read_of_progress_survives_the_console(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "_TELEMETRY_WRITE_S", 0.01)
    async with site.open() as process:
        job, attempt = await process.run()
        site.node.progress(attempt, 0.4)
        site.node.sample()
        await eventually(lambda: process.view(job).progress == 0.4)
        store = process.service._store
        await eventually(lambda: _is_written(store))
    async with site.open() as process:
        assert process.view(job).progress == 0.4
        assert process.view(job).eta_s == 10.0
        assert process.service.nodes()[0].sample is not None


async def _is_written(store: Any) -> bool:
    return all(await store.latest())
