"""What works on every screen: help, palette, screens, who schedules, leaving."""

import pytest
from textual.command import CommandPalette

from console.domain.errors import InvalidInput, NobodyToDoIt
from console.engine.service import Watching
from console.ports import LeaderInfo
from console.tui.actions import ACTIONS
from console.tui.app import ConsoleApp
from console.tui.screens.dialogs import LeaveScreen
from console.tui.screens.form import FormScreen
from console.tui.screens.help import HelpScreen
from console.tui.screens.job import JobScreen
from console.tui.screens.jobs import JobsScreen
from console.tui.screens.nodes import NodesScreen
from console.tui.widgets.table import VirtualTable
from tests.harness.fake_service import FakeService, local_node
from tests.harness.screen import console_on


@pytest.fixture
def service() -> FakeService:
    service = FakeService()
    service.set_nodes(local_node(gpus=2, running=1))
    service.add("bert", "running")
    return service


async def test_help_is_made_of_what_works_here(service: FakeService) -> None:
    async with console_on(service, size=(120, 80)) as driver:
        await driver.press("question_mark")
        assert isinstance(driver.app.screen, HelpScreen)
        shown = driver.text()
        for action in ACTIONS:
            if action.where in {"jobs", "job-actions", "list", "app"} and action.keys:
                assert action.help in shown, action.name
        assert "Go to the end of the log" not in shown
        await driver.press("escape", "l", "f1")
        assert "Go to the end of the log and stay there" in driver.text()


async def test_palette_finds_actions_of_the_screen(service: FakeService) -> None:
    async with console_on(service) as driver:
        await driver.press("ctrl+p")
        assert isinstance(driver.app.screen, CommandPalette)
        await driver.type("create a job")
        await driver.until_shown("New: Create a job (n)")
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, FormScreen))


async def test_screens_by_number(service: FakeService) -> None:
    async with console_on(service) as driver:
        await driver.press("2")
        assert isinstance(driver.app.screen, NodesScreen)
        await driver.until_shown("2 of 8 cores allocated")
        assert "job #3" in driver.text()
        await driver.press("1")
        assert isinstance(driver.app.screen, JobsScreen)
        await driver.press("enter")
        assert isinstance(driver.app.screen, JobScreen)
        await driver.press("1")
        assert isinstance(driver.app.screen, JobsScreen)


async def test_what_changed_behind_another_screen_is_shown_on_return(service: FakeService) -> None:
    async with console_on(service) as driver:
        await driver.press("2")
        service.tell(service.add("newcomer"))
        await driver.press("1")
        await driver.until_shown("newcomer")


async def test_a_change_that_cannot_be_shown_is_told_once_and_the_next_one_is_shown(
    service: FakeService, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    taken = 0

    def fail(*_: object) -> None:
        nonlocal taken
        taken += 1
        raise ZeroDivisionError("no rows")

    async with console_on(service) as driver:
        with monkeypatch.context() as broken:
            broken.setattr(JobsScreen, "take", fail)
            for count in (1, 2):
                service.tell()
                await driver.until(lambda count=count: taken == count)  # type: ignore[misc]
            await driver.until_shown("ZeroDivisionError: no rows")
        service.tell(service.add("newcomer"))
        await driver.until_shown("newcomer")
    assert [record.message for record in caplog.records].count("a screen could not show a change") == 1


async def test_nodes_that_come_later_appear() -> None:
    service = FakeService()
    async with console_on(service) as driver:
        await driver.press("2")
        assert "No node is known yet" in driver.text()
        service.set_nodes(local_node())
        await driver.until_shown("localhost")


async def test_keys_can_be_remapped(service: FakeService) -> None:
    async with console_on(service, keys={"new": "a", "down": "s"}) as driver:
        assert "a New" in driver.text("FooterLine")
        await driver.press("n")
        assert isinstance(driver.app.screen, JobsScreen)
        await driver.press("a")
        assert isinstance(driver.app.screen, FormScreen)


@pytest.mark.parametrize("keys", [{"stop": "n"}, {"stop": "f7", "wrap": "f7"}, {"help": "D"}])
def test_a_key_that_another_action_has_is_refused(keys: dict[str, str]) -> None:
    with pytest.raises(InvalidInput, match=r"keys\..* already"):
        ConsoleApp(FakeService(), keys=keys)


def test_keys_may_be_swapped_and_used_on_another_screen() -> None:
    ConsoleApp(FakeService(), keys={"new": "c", "clone": "n", "sort": "w"})


def test_remapping_what_does_not_exist_is_an_error() -> None:
    with pytest.raises(InvalidInput, match="there is no action"):
        ConsoleApp(FakeService(), keys={"fly": "f"})


async def test_who_schedules_is_in_the_header(service: FakeService) -> None:
    service.set_role(Watching(LeaderInfo(123, "here", "serve", 0.0, 1)))
    async with console_on(service) as driver:
        assert "watching; serve (pid 123) schedules" in driver.text("HeaderLine")
        await driver.press("B")
        await driver.until_shown("Another process schedules already")
        service.set_role(Watching(None))
        await driver.until_shown("nobody schedules: press B")
        await driver.press("B")
        await driver.until_shown("watching; serve (pid 4242) schedules")


async def test_why_nothing_is_scheduled_is_said_on_every_screen_while_it_is_so(service: FakeService) -> None:
    async with console_on(service) as driver:
        service.trouble = "The disk is full: [b]nothing is launched[/b]."
        service.tell()
        await driver.until_shown("The disk is full: [b]nothing is launched[/b].")
        await driver.press("2")
        await driver.until_shown("The disk is full")
        service.trouble = ""
        service.tell()
        await driver.until(lambda: "The disk is full" not in driver.text())


@pytest.mark.parametrize("key", ["q", "ctrl+q"])
async def test_leaving_asks_only_if_jobs_would_wait_in_vain(service: FakeService, key: str) -> None:
    async with console_on(service) as driver:
        await driver.press(key)
        assert driver.app._exit
    service.pending_work = 2
    async with console_on(service) as driver:
        await driver.press(key)
        assert isinstance(driver.app.screen, LeaveScreen)
        assert "2 jobs wait" in driver.text()
        await driver.press("escape")
        assert isinstance(driver.app.screen, JobsScreen)
        assert not driver.app._exit
        await driver.press(key, key if key == "q" else "q")
        assert driver.app._exit
        assert not service.went_to_background


async def test_leaving_from_a_form_asks_before_what_was_typed_is_lost(service: FakeService) -> None:
    async with console_on(service) as driver:
        await driver.press("n", "b", "ctrl+q")
        assert "Discard what you typed?" in driver.text()
        await driver.press("n")
        assert isinstance(driver.app.screen, FormScreen)


async def test_the_cursor_starts_where_it_is_told_to(service: FakeService) -> None:
    wanted = service.add("wanted", age_s=500)
    service.add("newest", age_s=0)
    async with console_on(service, first_job=wanted) as driver:
        assert driver.one("#jobs", VirtualTable).cursor_key == wanted


async def test_leaving_to_the_background(service: FakeService) -> None:
    service.pending_work = 1
    async with console_on(service) as driver:
        service.failure = NobodyToDoIt("It did not come up.")
        await driver.press("q", "b")
        await driver.until_shown("It did not come up.")
        assert not driver.app._exit
        await driver.press("q", "b")
        await driver.until(lambda: driver.app._exit)
        assert service.went_to_background


async def test_no_action_hides_behind_ctrl_c(service: FakeService) -> None:
    async with console_on(service) as driver:
        await driver.press("ctrl+c")
        assert isinstance(driver.app.screen, JobsScreen)
        assert not driver.app._exit
        assert service.requests == []


async def test_themes_go_round(service: FakeService) -> None:
    async with console_on(service) as driver:
        seen = set()
        for _ in range(3):
            seen.add(driver.app.theme)
            await driver.app.run_action("app.theme")
            await driver.pilot.pause()
        assert len(seen) == 3
        assert driver.app.theme in seen
        assert "bert" in driver.text("#jobs")


async def test_refresh_reads_again(service: FakeService) -> None:
    async with console_on(service) as driver:
        service.add("unannounced")
        assert "unannounced" not in driver.text()
        await driver.press("ctrl+r")
        await driver.until_shown("unannounced")


async def test_footer_can_be_clicked(service: FakeService) -> None:
    async with console_on(service) as driver:
        column = driver.text("FooterLine").index("Help")
        await driver.pilot.click("FooterLine", offset=(column, 0))
        assert isinstance(driver.app.screen, HelpScreen)
