from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from console.domain.errors import InvalidInput, NobodyToDoIt, NotFound, Refused
from console.domain.ids import JobId, attempt_id
from console.domain.jobs import Status
from console.domain.requests import DeleteJob, RestartJob, StopJob
from console.engine import roles
from console.engine.service import Leading, Mode, Watching
from tests.harness.clock import VirtualClock
from tests.harness.services import Process, Site
from tests.harness.waiting import eventually


async def gone_from(process: Process, job: JobId) -> None:
    await eventually(lambda: job not in process.service.jobs())


async def test_a_viewers_requests_work_through_the_leader_and_show_in_both(site: Site) -> None:
    async with site.open() as leader, site.open() as viewer:
        assert isinstance(leader.service.role, Leading)
        role = viewer.service.role
        assert isinstance(role, Watching)
        assert role.leader is not None
        assert role.leader.kind == "console"
        job = await viewer.submit()
        assert job in viewer.service.jobs()
        for process in (leader, viewer):
            view = await process.until(job, Status.RUNNING)
            assert (view.node, view.job.number) == ("n1", 1)
        await viewer.ask(StopJob(job))
        for process in (leader, viewer):
            assert (await process.until(job, Status.FAILED)).reason == "stopped by user"
        await viewer.ask(RestartJob(job))
        for process in (leader, viewer):
            await process.until(job, Status.RUNNING, 2)
        with pytest.raises(Refused, match="stop it before"):
            await viewer.ask(RestartJob(job))
        await viewer.ask(DeleteJob(job))
        for process in (leader, viewer):
            await gone_from(process, job)
        with pytest.raises(NotFound, match="it was deleted"):
            await viewer.ask(StopJob(job))


async def test_a_viewers_own_job_never_vanishes_between_inbox_and_books(site: Site) -> None:
    async with site.open(), site.open() as viewer:
        gone: set[str] = set()

        async def watch() -> None:
            async for change in viewer.service.changes():
                gone.update(change.deleted)

        watcher = asyncio.create_task(watch())
        jobs = [await viewer.submit(held=True) for _ in range(15)]
        await eventually(lambda: all(viewer.view(job).reason == "held" for job in jobs))
        watcher.cancel()
        assert not gone


async def test_a_viewer_sees_reasons_progress_and_nodes(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.engine.loop._TELEMETRY_WRITE_S", 0.01)
    async with site.open() as leader, site.open() as viewer:
        job, attempt = await leader.run()
        waiting = await leader.submit(held=True)
        site.node.progress(attempt, 0.25)
        site.node.sample()
        await eventually(lambda: job in viewer.service.jobs() and viewer.view(job).progress == 0.25)
        await eventually(lambda: waiting in viewer.service.jobs() and viewer.view(waiting).reason == "held")
        (node,) = viewer.service.nodes()
        assert (node.allocated_cpus, node.running) == (1, 1)
        assert node.sample is not None


async def test_with_nobody_leading_a_request_is_withdrawn(site: Site) -> None:
    async with site.open() as leader:
        job, _ = await leader.run()
    impatient = VirtualClock(step_s=0.2)
    async with site.open(Mode.OBSERVE, impatient) as looker:
        assert looker.service.role == Watching(None)
        with pytest.raises(NobodyToDoIt, match="Nobody schedules now"):
            await looker.ask(StopJob(job))
    async with site.open() as leader:
        await leader.submit("after")
        await eventually(lambda: len(site.node.executed) == 2)
        assert leader.view(job).status is Status.RUNNING
        assert ("stop", attempt_id(job, 1)) not in site.node.orders


async def test_a_request_that_was_taken_but_not_done_is_not_waited_for_without_end(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with site.open() as leader:
        job = await leader.submit(held=True)
        await eventually(lambda: leader.view(job).reason == "held")
        engine = leader.service._roles.engine
        assert engine is not None

        async def stuck(_: object) -> int:
            await asyncio.Event().wait()
            raise AssertionError

        monkeypatch.setattr(engine._store, "commit", stuck)
        async with site.open(Mode.OBSERVE, VirtualClock(step_s=0.2)) as looker:
            with pytest.raises(NobodyToDoIt, match="taken up but is not done yet"):
                await looker.service.ask(StopJob(job), timeout_s=2.0)


async def test_a_submission_waits_for_whoever_schedules_next(site: Site) -> None:
    async with site.open(Mode.OBSERVE) as looker:
        job = await looker.submit()
        assert looker.view(job).reason == "waiting to be taken: nobody schedules yet"
        assert looker.view(job).status is Status.PENDING
        async with site.open() as leader:
            await leader.until(job, Status.RUNNING)
            await looker.until(job, Status.RUNNING)


async def test_a_viewer_takes_the_lead_when_the_leader_goes(site: Site) -> None:
    async with AsyncExitStack() as leaving:
        first = await leaving.enter_async_context(site.open())
        first_role = first.service.role
        async with site.open() as second, site.open(Mode.OBSERVE) as looker:
            job, _ = await first.run()
            await second.until(job, Status.RUNNING)
            await leaving.aclose()
            await eventually(lambda: isinstance(second.service.role, Leading))
            assert isinstance(first_role, Leading)
            assert isinstance(second.service.role, Leading)
            assert second.service.role.epoch > first_role.epoch
            assert second.view(job).status is Status.RUNNING
            await second.ask(StopJob(job))
            assert (await looker.until(job, Status.FAILED)).reason == "stopped by user"
            assert isinstance(looker.service.role, Watching)
    assert set(site.node.executed.values()) == {1}


async def test_who_only_observes_never_leads(site: Site) -> None:
    async with site.open(Mode.OBSERVE) as looker:
        job = await looker.submit()
        await looker.service._roles.viewer.follow(0.0)
        assert looker.service.role == Watching(None)
        assert looker.view(job).status is Status.PENDING
        assert looker.service.work_pending() == 0


async def test_who_must_lead_is_refused_beside_a_leader(site: Site) -> None:
    async with site.open():
        with pytest.raises(Refused, match="schedules already"):
            async with site.open(Mode.LEAD):
                pass
    async with site.open(Mode.LEAD) as serving:
        assert isinstance(serving.service.role, Leading)


async def test_the_lead_is_handed_to_the_background(site: Site) -> None:
    async with site.open() as console:
        job, _ = await console.run()
        await console.submit(resources=site.node.facts.capacity)
        assert console.service.work_pending() == 1
        handing = asyncio.create_task(console.service.continue_in_background())
        await eventually(lambda: site.spawned)
        async with site.open(Mode.LEAD) as serving:
            leader = await handing
            assert leader.kind == "serve"
            assert console.service.role == Watching(leader)
            assert serving.view(job).status is Status.RUNNING
            await console.ask(StopJob(job))
            await console.until(job, Status.FAILED)


async def test_a_background_that_does_not_come_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roles, "_HANDOVER_S", 0.05)
    async with site.open() as console:
        with pytest.raises(NobodyToDoIt, match="did not come up"):
            await console.service.continue_in_background()


async def test_a_console_that_somebody_has_open_is_not_stopped(site: Site) -> None:
    async with site.open(Mode.OBSERVE) as looker:
        assert not await looker.service.stop_leader()
        async with site.open():
            with pytest.raises(Refused, match="quit it there"):
                await looker.service.stop_leader()


async def test_finding_a_job(site: Site) -> None:
    async with site.open() as process:
        one = await process.submit("alone", held=True)
        twins = [await process.submit("twin", held=True) for _ in range(2)]
        numeric = await process.submit("2", held=True)
        for text in (one, "1", "alone"):
            assert process.service.find(text).job.id == one
        assert process.service.find("2").job.id == twins[0], "a number is a number before it is a name"
        assert process.service.find("4").job.id == numeric
        with pytest.raises(InvalidInput, match=r"2 jobs are named 'twin'.*\(2, 3\)"):
            process.service.find("twin")
        for text in ("none", "99", "", "²", one[:-1]):
            with pytest.raises(NotFound, match="There is no job"):
                process.service.find(text)


async def test_waiting_for_the_end(site: Site) -> None:
    async with site.open() as leader, site.open() as viewer:
        job, attempt = await leader.run()
        await viewer.until(job, Status.RUNNING)
        waits = [asyncio.create_task(process.service.wait_for_end(job)) for process in (leader, viewer)]
        site.node.end(attempt, 3)
        for view in await asyncio.gather(*waits):
            assert (view.status, view.exit_code) == (Status.FAILED, 3)
        assert (await leader.service.wait_for_end(job)).exit_code == 3
        other, _ = await leader.run()
        wait = asyncio.create_task(leader.service.wait_for_end(other))
        await leader.ask(DeleteJob(other))
        with pytest.raises(NotFound):
            await wait


async def test_changes_nobody_reads_are_not_kept(site: Site) -> None:
    async with site.open() as process:
        process.service.changes()
        job = await process.submit(held=True)
        await process.ask(StopJob(job))
        await eventually(lambda: not process.service._listeners._all)


async def test_a_job_that_never_started_has_no_log(site: Site) -> None:
    async with site.open() as process:
        job = await process.submit(held=True)
        with pytest.raises(NotFound, match="not been started yet"):
            await process.service.open_log(job)
        started, _ = await process.run()
        with pytest.raises(NotFound, match="has no attempt 2; it has 1"):
            await process.service.metrics(started, 2)
