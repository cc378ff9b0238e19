"""The list of jobs, by its keys."""

import pytest
from textual.widgets import Input

from console.domain.errors import NobodyToDoIt, Refused
from console.domain.jobs import Priority, Status
from console.domain.requests import DeleteJob, EditJob, RestartJob, StopJob
from console.tui.screens.dialogs import ConfirmScreen, MenuScreen
from console.tui.screens.form import FormScreen
from console.tui.screens.job import JobScreen
from console.tui.screens.jobs import JobsScreen
from console.tui.widgets.table import VirtualTable
from tests.harness.fake_service import FakeService
from tests.harness.screen import Driver, console_on


@pytest.fixture
def service() -> FakeService:
    service = FakeService()
    service.add("bert-base", "completed", experiment="nlp", age_s=400)
    service.add("gpt-small", "running", experiment="lm", priority=Priority.HIGH, age_s=300)
    service.add("resnet", "failed", experiment="vision", age_s=200)
    service.add("bert-large", "pending", experiment="nlp", age_s=100)
    return service


def cursor(driver: Driver) -> str | None:
    return driver.one("#jobs", VirtualTable).cursor_key


def on(driver: Driver, service: FakeService, name: str) -> None:
    driver.one("#jobs", VirtualTable).move_cursor_to(service.find(name).job.id)


async def test_cards_and_rows(service: FakeService) -> None:
    async with console_on(service) as driver:
        shown = driver.text()
        assert "4 Total" in shown
        for word in (
            "1 Running",
            "1 Completed",
            "1 Failed",
            "bert-base",
            "gpt-small",
            "4 jobs",
            "this console schedules",
        ):
            assert word in shown, word


async def test_the_empty_list_teaches_n() -> None:
    async with console_on(FakeService()) as driver:
        assert "Press n to create the first one" in driver.text()
        await driver.press("x")
        await driver.until_shown("There is no job here")


async def test_changes_arrive_and_the_cursor_stays_on_its_job(service: FakeService) -> None:
    async with console_on(service) as driver:
        on(driver, service, "gpt-small")
        before = cursor(driver)
        job = service.add("newcomer", age_s=0)
        service.tell(job)
        await driver.until_shown("newcomer")
        assert cursor(driver) == before
        assert "5 Total" in driver.text()


async def test_filter_as_it_is_typed(service: FakeService) -> None:
    async with console_on(service) as driver:
        await driver.press("/")
        await driver.type("bert exp:nlp")
        await driver.until_shown("2 of 4")
        assert "resnet" not in driver.text("#jobs")
        await driver.type(" !stat:failed")
        await driver.until_shown("did you mean status")
        assert "2 of 4" in driver.text(), "what was last understood stays"
        assert "esc All jobs" in driver.text("FooterLine")
        await driver.press("escape")
        await driver.until_shown("4 jobs")
        assert driver.one("#jobs", VirtualTable).has_focus


async def test_enter_keeps_the_filter_and_gives_the_keys_to_the_table(service: FakeService) -> None:
    async with console_on(service) as driver:
        await driver.press("/")
        await driver.type("status:failed")
        await driver.press("enter")
        assert driver.one("#jobs", VirtualTable).has_focus
        assert driver.one("#filter", Input).display
        assert "1 of 4" in driver.text()


async def test_sort_and_reverse(service: FakeService) -> None:
    async with console_on(service) as driver:
        await driver.press("o")
        assert "by name" in driver.text()
        first = driver.text("#jobs").splitlines()[1]
        assert "bert-base" in first
        await driver.press("O")
        assert "resnet" in driver.text("#jobs").splitlines()[1]


@pytest.mark.parametrize(
    ("key", "name", "request_type"),
    [
        ("x", "gpt-small", StopJob),
        ("r", "resnet", RestartJob),
        ("r", "bert-base", RestartJob),
        ("D", "resnet", DeleteJob),
    ],
)
@pytest.mark.parametrize("answer", ["y", "n", "enter", "escape"])
async def test_confirmations(service: FakeService, key: str, name: str, request_type: type, answer: str) -> None:
    async with console_on(service) as driver:
        on(driver, service, name)
        job = service.find(name).job.id
        await driver.press(key)
        assert isinstance(driver.app.screen, ConfirmScreen)
        assert name in driver.text()
        assert driver.app.focused is not None
        assert driver.app.focused.id == "no"
        await driver.press(answer)
        await driver.until(lambda: isinstance(driver.app.screen, JobsScreen))
        if answer == "y":
            await driver.until(lambda: service.requests == [request_type(job)])
        else:
            assert service.requests == []


@pytest.mark.parametrize(
    ("key", "name", "why"),
    [
        ("e", "gpt-small", "Running jobs cannot be edited"),
        ("e", "bert-base", "Completed jobs cannot be edited"),
        ("x", "resnet", "there is nothing to stop"),
        ("r", "gpt-small", "only Failed and Completed jobs can be restarted"),
        ("plus", "gpt-small", "its priority no longer matters"),
    ],
)
async def test_what_cannot_be_done_says_why(service: FakeService, key: str, name: str, why: str) -> None:
    async with console_on(service, size=(160, 45)) as driver:
        on(driver, service, name)
        await driver.press(key)
        assert isinstance(driver.app.screen, JobsScreen)
        await driver.until(lambda: why in " ".join(driver.text().split()) or _told(driver, why))
        assert service.requests == []


def _told(driver: Driver, text: str) -> bool:
    return any(text in notification.message for notification in driver.app._notifications)


async def test_priority_up_and_down(service: FakeService) -> None:
    async with console_on(service) as driver:
        on(driver, service, "bert-large")
        await driver.press("plus")
        await driver.until(lambda: service.find("bert-large").job.spec.priority is Priority.HIGH)
        await driver.press("minus")
        await driver.until(lambda: service.find("bert-large").job.spec.priority is Priority.MEDIUM)
        assert all(isinstance(request, EditJob) for request in service.requests)


async def test_marked_jobs_are_taken_together(service: FakeService) -> None:
    async with console_on(service) as driver:
        await driver.press("ctrl+a")
        assert "4 marked" in driver.text()
        await driver.press("x")
        assert "Stop 2 jobs?" in driver.text()
        await driver.press("y")
        await driver.until(lambda: len(service.requests) == 2)
        await driver.press("escape")
        await driver.until(lambda: "marked" not in driver.text("#jobs-box"))


@pytest.mark.parametrize("failure", [Refused("It ended meanwhile."), NobodyToDoIt("Nobody schedules.")])
async def test_a_refusal_is_told(service: FakeService, failure: Refused | NobodyToDoIt) -> None:
    async with console_on(service) as driver:
        on(driver, service, "gpt-small")
        service.failure = failure
        await driver.press("x", "y")
        await driver.until_shown(str(failure))
        assert service.find("gpt-small").status is Status.RUNNING


async def test_a_fault_is_told_and_the_console_goes_on(service: FakeService) -> None:
    async with console_on(service) as driver:
        on(driver, service, "gpt-small")
        service.failure = ZeroDivisionError("oh")  # type: ignore[assignment]
        await driver.press("x", "y")
        await driver.until_shown("ZeroDivisionError")
        await driver.press("j")
        assert driver.app.is_running


async def test_open_logs_new_clone_edit(service: FakeService) -> None:
    async with console_on(service) as driver:
        for key, kind in (
            ("enter", JobScreen),
            ("l", JobScreen),
            ("n", FormScreen),
            ("c", FormScreen),
            ("e", FormScreen),
        ):
            on(driver, service, "bert-large")
            await driver.press(key)
            assert isinstance(driver.app.screen, kind), key
            await driver.press("escape")
            await driver.until(lambda: isinstance(driver.app.screen, JobsScreen))


async def test_menu_runs_what_is_chosen(service: FakeService) -> None:
    async with console_on(service) as driver:
        on(driver, service, "gpt-small")
        await driver.press("full_stop")
        assert isinstance(driver.app.screen, MenuScreen)
        assert "cannot be edited" in driver.text()
        await driver.press("down", "enter")
        await driver.until(lambda: isinstance(driver.app.screen, JobScreen))


async def test_ages_go_on(service: FakeService) -> None:
    async with console_on(service) as driver:
        screen = driver.app.screen
        assert isinstance(screen, JobsScreen)
        screen.tick()
        service.now += 3600
        screen.tick()
        await driver.until_shown("1 h", "#jobs")
        assert "1 min" not in driver.text("#jobs")


async def test_the_last_column_is_a_button(service: FakeService) -> None:
    async with console_on(service, size=(120, 30)) as driver:
        await driver.pilot.click("#jobs", offset=(driver.text("#jobs").splitlines()[2].index("⋯"), 2))
        await driver.until(lambda: isinstance(driver.app.screen, MenuScreen))
        assert "#3 resnet" in driver.text()


async def test_copy_puts_the_id_on_the_clipboard(service: FakeService) -> None:
    async with console_on(service) as driver:
        await driver.press("y")
        assert driver.app.clipboard == cursor(driver)


async def test_names_from_outside_are_shown_as_they_are() -> None:
    service = FakeService()
    service.add("[red]x[/] [@click=app.quit]y[/]\x1b[2J", experiment="\x1b]52;c;x\x07e")
    async with console_on(service, size=(160, 45)) as driver:
        assert "[red]x[/] [@click=app.quit]y[/]" in driver.text()
        assert "\x1b" not in driver.text()
        await driver.press("D")
        assert "[red]x[/]" in driver.text()


async def test_at_80_columns_the_important_ones_stay(service: FakeService) -> None:
    async with console_on(service, size=(80, 24)) as driver:
        header = driver.text("#jobs").splitlines()[0]
        for title in ("Job Name", "Status", "Priority", "Progress", "Created"):
            assert title in header
        await driver.pilot.resize_terminal(160, 45)
        await driver.until_shown("Experiment", "#jobs")


async def test_ascii_screen_has_only_ascii_in_the_table(service: FakeService) -> None:
    async with console_on(service, only_ascii=True) as driver:
        assert driver.text("#jobs").isascii()


async def test_a_row_whose_job_left_before_the_table_was_told_is_blank(service: FakeService) -> None:
    async with console_on(service) as driver:
        gone = service.find("resnet").job.id
        service.lose(gone)
        driver.one("#jobs", VirtualTable).refresh_rows()
        await driver.until(lambda: "resnet" not in driver.text("#jobs"))
        driver.app.screen.tick()
        service.tell(gone)
        await driver.press("j", "k")
        assert "bert-large" in driver.text("#jobs")
