"""The form: create, clone, edit."""

from textual.widgets import Select, TextArea

from console.config.fields import FIELDS
from console.domain.errors import Refused
from console.domain.jobs import JobType, Priority
from console.domain.requests import EditJob
from console.tui.screens.dialogs import ConfirmScreen
from console.tui.screens.form import FormField, FormScreen
from console.tui.screens.jobs import JobsScreen
from tests.harness.fake_service import FakeService
from tests.harness.screen import Driver, console_on


def field(driver: Driver, key: str) -> FormField:
    return driver.one(f"#field-{key}", FormField)


async def fill(driver: Driver, key: str, text: str) -> None:
    field(driver, key).focus_input()
    await driver.pilot.pause()
    await driver.type(text)


def helper(driver: Driver, key: str) -> str:
    return str(field(driver, key).query_one(".field-helper").render())


async def test_every_field_has_its_helper_text_and_can_be_reached_at_80x24() -> None:
    async with console_on(FakeService(), size=(80, 24)) as driver:
        await driver.press("n")
        for info in FIELDS:
            field(driver, info.key).focus_input()
            await driver.until_shown(info.label)
            await driver.until_shown(info.helper.split(";")[0][:40])


async def test_create() -> None:
    service = FakeService()
    async with console_on(service) as driver:
        await driver.press("n")
        await driver.type("BERT Fine-tuning")
        await fill(driver, "epochs", "3")
        await fill(driver, "learning_rate", "0.00002")
        await fill(driver, "command", "python train.py")
        await driver.press("ctrl+s")
        await driver.until(lambda: isinstance(driver.app.screen, JobsScreen))
        (spec,) = service.submitted
        assert spec.name == "BERT Fine-tuning"
        assert spec.command == ("bash", "-c", "python train.py")
        assert (spec.config.epochs, spec.config.learning_rate, spec.config.optimizer) == (3, 0.00002, "AdamW")
        assert (spec.type, spec.priority) == (JobType.TRAINING, Priority.MEDIUM)
        await driver.until_shown("BERT Fine-tuning", "#jobs")
        await driver.until_shown("Job #1 is in the queue")


async def test_errors_appear_while_typing_and_go_again() -> None:
    async with console_on(FakeService()) as driver:
        await driver.press("n")
        calm = helper(driver, "epochs")
        await fill(driver, "epochs", "3x")
        await driver.until(lambda: "✗" in helper(driver, "epochs"))
        await driver.press("backspace")
        await driver.until(lambda: helper(driver, "epochs") == calm)


async def test_submitting_an_empty_form_names_what_is_missing() -> None:
    service = FakeService()
    async with console_on(service, size=(80, 24)) as driver:
        await driver.press("n", "ctrl+s")
        await driver.until_shown("Please look at Job Name, Command")
        assert "required" in helper(driver, "name")
        assert "required" in helper(driver, "command")
        assert field(driver, "name").query_one(".field-input").has_focus
        assert service.submitted == []


async def test_a_refusal_leaves_the_form_open_with_what_was_typed() -> None:
    service = FakeService()
    async with console_on(service) as driver:
        await driver.press("n")
        await driver.type("bert")
        await fill(driver, "command", "true")
        service.failure = Refused("The database is full.")
        await driver.press("ctrl+s")
        await driver.until_shown("The database is full.")
        assert field(driver, "name").text == "bert"
        await driver.press("ctrl+s")
        await driver.until(lambda: len(service.submitted) == 1)


async def test_a_fault_is_told_and_the_form_stays() -> None:
    service = FakeService()
    async with console_on(service) as driver:
        await driver.press("n")
        await driver.type("bert")
        await fill(driver, "command", "true")
        service.failure = ZeroDivisionError("oh")  # type: ignore[assignment]
        await driver.press("ctrl+s")
        await driver.until_shown("ZeroDivisionError")
        assert isinstance(driver.app.screen, FormScreen)


async def test_esc_asks_only_if_something_would_be_lost() -> None:
    async with console_on(FakeService()) as driver:
        await driver.press("n", "escape")
        assert isinstance(driver.app.screen, JobsScreen)
        await driver.press("n", "b", "escape")
        assert isinstance(driver.app.screen, ConfirmScreen)
        await driver.press("n")
        assert isinstance(driver.app.screen, FormScreen)
        assert field(driver, "name").text == "b"
        await driver.press("escape", "y")
        await driver.until(lambda: isinstance(driver.app.screen, JobsScreen))


async def test_edit_keeps_the_type_and_changes_the_rest() -> None:
    service = FakeService()
    job = service.add("bert", "failed", type=JobType.INFERENCE, retries=2)
    async with console_on(service) as driver:
        await driver.press("e")
        assert not field(driver, "type").query(Select)
        await fill(driver, "name", " v2")
        field(driver, "priority").query_one(Select).value = "High"
        await driver.press("ctrl+s")
        await driver.until(lambda: len(service.requests) == 1)
        (request,) = service.requests
        assert isinstance(request, EditJob)
        assert request.job == job
        assert request.spec.name == "bert v2"
        assert request.spec.priority is Priority.HIGH
        assert (request.spec.type, request.spec.retries) == (JobType.INFERENCE, 2)


async def test_clone_starts_from_the_job() -> None:
    service = FakeService()
    service.add("bert", "completed", command=("python", "train.py"), experiment="nlp")
    async with console_on(service) as driver:
        await driver.press("c")
        assert field(driver, "command").query_one(TextArea).text == "python train.py"
        await driver.press("ctrl+s")
        await driver.until(lambda: len(service.submitted) == 1)
        assert service.submitted[0].command == ("python", "train.py")
        assert service.submitted[0].experiment == "nlp"


async def test_enter_goes_on_and_tab_goes_through_texts_of_several_lines() -> None:
    async with console_on(FakeService()) as driver:
        await driver.press("n", "enter")
        assert field(driver, "description").query_one(TextArea).has_focus
        await driver.press("tab")
        assert field(driver, "type").query_one(Select).has_focus
