"""One job's own screen."""

import pytest
from textual.widgets import TabbedContent

from console.domain.ids import JobId
from console.domain.jobs import Pending, Running
from console.domain.nodes import AttemptSample
from console.ports import MetricPoint
from console.tui.screens.job import JobScreen, LogPane
from console.tui.screens.jobs import JobsScreen
from tests.harness.fake_service import NOW, FakeService
from tests.harness.screen import Driver, console_on


@pytest.fixture
def service() -> FakeService:
    service = FakeService()
    job = service.add("gpt", "running", description="A small one", age_s=300)
    told = service.telemetry(job)
    told.progress = 0.42
    told.metrics = [MetricPoint("loss", step, NOW, 1 / (step + 1)) for step in range(50)]
    told.usage = [AttemptSample(NOW + n, 150.0, 900.0 + n, 0.0, 0.0, 1.0, 1.0) for n in range(20)]
    return service


def job_of(service: FakeService) -> JobId:
    return service.find("gpt").job.id


def tab(driver: Driver) -> str:
    return driver.one("TabbedContent", TabbedContent).active


async def test_overview(service: FakeService) -> None:
    async with console_on(service, size=(120, 50)) as driver:
        await driver.press("enter")
        for word in (
            "Basic Information",
            "A small one",
            "Configuration",
            "Resources",
            "Attempts",
            "42 %",
            "python train.py",
        ):
            await driver.until_shown(word)


async def test_tabs_go_round(service: FakeService) -> None:
    async with console_on(service) as driver:
        await driver.press("enter")
        seen = []
        for _ in range(5):
            seen.append(tab(driver))
            await driver.press("]")
        assert seen == ["overview", "logs", "metrics", "resources", "events"]
        assert tab(driver) == "overview"
        await driver.press("[")
        assert tab(driver) == "events"
        await driver.until_shown("submitted")


async def test_log_follows_and_filters_by_level(service: FakeService) -> None:
    log = service.log(job_of(service))
    log.write("first line")
    log.write("careful", level="warning", stream="stderr")
    async with console_on(service) as driver:
        await driver.press("l")
        await driver.until_shown("first line")
        log.write("later line")
        await driver.until_shown("later line")
        pane = driver.one("LogPane", LogPane)
        assert pane.has_focus
        await driver.press("L", "L")
        await driver.until(lambda: pane.minimum_level == "warning")
        await driver.until(lambda: "first line" not in driver.text() and "careful" in driver.text())
        await driver.press("w", "t", "f")
        assert pane.wrap
        assert pane.timestamps
        assert not pane.following
        await driver.press("escape")
        await driver.until(lambda: log.closed)


async def test_log_appears_when_a_waiting_job_starts() -> None:
    service = FakeService()
    job = service.add("later")
    service.telemetry(job).reason = "waiting for 2 GPUs"
    async with console_on(service) as driver:
        await driver.press("l")
        await driver.until_shown("not started yet: waiting for 2 GPUs")
        service.log(job).write("hello from the job")
        service.move(job, Running(service.jobs()[job].id + "-1", "local", NOW))  # type: ignore[arg-type]
        await driver.until_shown("hello from the job")


async def test_metrics_and_resources(service: FakeService) -> None:
    async with console_on(service) as driver:
        await driver.press("enter", "]", "]")
        await driver.until_shown("loss")
        await driver.press("]")
        await driver.until_shown("asked for")
        await driver.until_shown("150 %")


async def test_times_and_curves_of_a_running_job_go_on(service: FakeService) -> None:
    async with console_on(service, size=(120, 50)) as driver:
        await driver.press("enter")
        await driver.until_shown("for 4 min 58 s on local")
        service.now += 60
        screen = driver.app.screen
        assert isinstance(screen, JobScreen)
        screen.tick()
        await driver.until_shown("for 5 min 58 s on local")
        await driver.press("]", "]", "]")
        await driver.until_shown("150 %")
        service.telemetry(job_of(service)).usage.append(AttemptSample(NOW + 99, 321.0, None, None, None, None, None))
        service.tell(job_of(service))
        await driver.until(lambda: screen.tick() is None and "321 %" in driver.text())


async def test_actions_work_here_too(service: FakeService) -> None:
    async with console_on(service) as driver:
        await driver.press("enter", "x", "y")
        await driver.until_shown("stopped by user")
        await driver.press("r", "y")
        await driver.until(lambda: isinstance(service.jobs()[job_of(service)].state, Pending))
        await driver.until_shown("Pending")


async def test_back_to_the_list_when_it_is_deleted(service: FakeService) -> None:
    async with console_on(service) as driver:
        await driver.press("enter", "D", "y")
        await driver.until(lambda: isinstance(driver.app.screen, JobsScreen))
        await driver.until_shown("deleted")


async def test_a_fault_of_a_read_is_told(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(job: JobId, ordinal: int | None = None) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(service, "metrics", fail)
    async with console_on(service) as driver:
        await driver.press("enter", "]", "]")
        await driver.until_shown("ZeroDivisionError")


async def test_esc_goes_back_to_the_same_row(service: FakeService) -> None:
    service.add("other", age_s=0)
    async with console_on(service) as driver:
        await driver.press("j", "enter")
        assert isinstance(driver.app.screen, JobScreen)
        assert "gpt" in driver.text("#headline")
        await driver.press("escape", "enter")
        assert "gpt" in driver.text("#headline")


async def test_a_job_that_left_just_before_it_is_opened_says_so(service: FakeService) -> None:
    async with console_on(service) as driver:
        gone = next(iter(service.jobs()))
        driver.app.push_screen(JobScreen(gone))
        service.lose(gone)
        await driver.until_shown("This job was deleted.")
