"""The form: create, clone or edit a job, checked while it is typed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal, cast

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.suggester import SuggestFromList
from textual.widget import Widget
from textual.widgets import Button, Input, Select, Static, TextArea
from textual.worker import Worker

from console.config.fields import FIELDS, SECTIONS, FieldInfo
from console.domain.errors import ClusterdeckError
from console.domain.jobs import Job, JobSpec
from console.tui.actions import bindings
from console.tui.deck import Deck
from console.tui.presenters import confirm
from console.tui.presenters import form as presenter
from console.tui.screens.dialogs import ConfirmScreen
from console.tui.text import safe

Purpose = Literal["create", "clone", "edit"]


class FormField(Vertical):
    """One field: label, input, and under it the helper text or what is wrong."""

    def __init__(self, info: FieldInfo, value: str, *, locked: bool) -> None:
        super().__init__(id=f"field-{info.key}", classes="field")
        self.info = info
        self._value = value
        self._locked = locked
        self._problem = ""

    def compose(self) -> ComposeResult:
        """Label and input in one row."""
        with Horizontal(classes="field-row"):
            yield Static(safe(presenter.label(self.info)), classes="field-label")
            yield self._input()
        yield Static(Text(presenter.helper(self.info)), classes="field-helper")

    def _input(self) -> Widget:
        info, value = self.info, self._value
        if self._locked:
            return Static(safe(value), classes="field-locked")
        if info.choices and not info.is_open:
            options = [(choice, choice) for choice in info.choices]
            return Select(options, value=value, allow_blank=False, compact=True, classes="field-input")
        if info.lines > 1:
            area = TextArea(
                value,
                compact=True,
                placeholder=presenter.placeholder(info),
                tab_behavior="focus",
                classes="field-input",
            )
            area.styles.height = info.lines
            return area
        suggester = SuggestFromList(info.choices, case_sensitive=False) if info.choices else None
        return Input(
            value,
            placeholder=presenter.placeholder(info),
            compact=True,
            select_on_focus=False,
            suggester=suggester,
            classes="field-input",
        )

    @property
    def text(self) -> str:
        """What is typed now."""
        if self._locked:
            return self._value
        widget = self.query_one(".field-input")
        if isinstance(widget, TextArea):
            return widget.text
        return str(cast("Input | Select[str]", widget).value)

    def focus_input(self) -> None:
        """Put the cursor here."""
        if not self._locked:
            self.query_one(".field-input").focus()

    def show_problem(self, problem: str) -> None:
        """Say what is wrong where the helper text stands, or the helper text again."""
        if problem == self._problem:
            return
        self._problem = problem
        helper = self.query_one(".field-helper", Static)
        mark = "! " if cast(Deck, self.app).only_ascii else "✗ "
        helper.update(safe(mark + problem) if problem else Text(presenter.helper(self.info)))
        self.set_class(bool(problem), "-wrong")


class FormScreen(ModalScreen[None]):
    """A job's form over the screen it was asked for from."""

    BINDINGS = bindings("form")

    def __init__(self, purpose: Purpose, job: Job | None, save: Callable[[JobSpec], Awaitable[None]]) -> None:
        super().__init__()
        self._purpose = purpose
        self._job = job
        self._save = save
        self._initial: dict[str, str] = {}
        self._saving = False

    def compose(self) -> ComposeResult:
        """Sections with their fields, then the two buttons."""
        self._initial = self._start_values()
        with Vertical(id="form", classes="dialog"):
            yield Static(safe(presenter.title(self._purpose, self._job)), classes="dialog-title")
            with VerticalScroll(id="form-fields", can_focus=False):
                for section in SECTIONS:
                    yield Static(Text(section), classes="section-title")
                    for info in FIELDS:
                        if info.section == section:
                            locked = self._purpose == "edit" and not info.editable
                            yield FormField(info, self._initial[info.key], locked=locked)
            yield Static(id="form-problem")
            with Horizontal(classes="dialog-buttons"):
                yield Button(Text("Cancel (esc)"), id="cancel", compact=True)
                yield Button(Text(f"{self._yes} (ctrl+s)"), id="save", variant="primary", compact=True)

    @property
    def _yes(self) -> str:
        return "Update Job" if self._purpose == "edit" else "Create Job"

    def _start_values(self) -> dict[str, str]:
        if self._job is None:
            return {info.key: info.default for info in FIELDS} | {"workdir": str(Path.cwd())}
        from console.config.job_form import text_of  # noqa: PLC0415 - pydantic costs 40 ms that the first paint must not pay

        return text_of(self._job.spec)

    def on_mount(self) -> None:
        """The cursor is in the first field."""
        self.query_one("#form-problem").display = False
        next(iter(self.query(FormField))).focus_input()

    # -- typing

    def on_input_changed(self, event: Input.Changed) -> None:
        """A text field changed."""
        self._check(event.input)

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """A text of several lines changed."""
        self._check(event.text_area)

    def on_select_changed(self, event: Select.Changed) -> None:
        """Something else was selected."""
        self._check(event.select)

    def on_input_submitted(self) -> None:
        """Enter goes on to the next field."""
        self.focus_next()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Keep label, input and helper of the focused field in view together."""
        field = _field_of(event.widget)
        if field is not None:
            field.scroll_visible(animate=False)

    def _check(self, widget: Widget) -> None:
        from console.config.job_form import check_field  # noqa: PLC0415

        field = _field_of(widget)
        if field is None:
            return
        text = field.text
        untouched = text == self._initial[field.info.key]
        field.show_problem("" if untouched else check_field(field.info.key, text))

    def _texts(self) -> dict[str, str]:
        return {field.info.key: field.text for field in self.query(FormField)}

    # -- leaving

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """A button was pressed."""
        if event.button.id == "save":
            self.action_save_form()
        else:
            self.action_cancel()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A worker of this screen ended."""
        cast(Deck, self.app).tell_fault(event)

    def action_save_form(self) -> None:
        """Submit what is typed, if it is a job."""
        from console.config.job_form import job_from_text  # noqa: PLC0415
        from console.config.problems import InvalidJob  # noqa: PLC0415

        if self._saving:
            return
        base = self._job.spec if self._job else None
        try:
            spec = job_from_text(self._texts(), base)
        except InvalidJob as error:
            self._show_problems({problem.field: problem.message for problem in reversed(error.problems)})
            return
        self._show_problems({})
        self._saving = True
        self.run_worker(self._hand_in(spec), exit_on_error=False)

    async def _hand_in(self, spec: JobSpec) -> None:
        try:
            await self._save(spec)
        except ClusterdeckError as error:
            self._say(str(error))
        else:
            self.dismiss()
        finally:
            self._saving = False

    def _show_problems(self, problems: dict[str, str]) -> None:
        """Each beside its field; the cursor goes to the first."""
        wrong = []
        for field in self.query(FormField):
            field.show_problem(problems.get(field.info.key, ""))
            if field.info.key in problems:
                wrong.append(field)
        self._say(presenter.summary([field.info for field in wrong]))
        if wrong:
            wrong[0].focus_input()
            self.call_after_refresh(wrong[0].scroll_visible, animate=False)

    def _say(self, problem: str) -> None:
        line = self.query_one("#form-problem", Static)
        line.display = bool(problem)
        line.update(safe(problem))

    @property
    def is_changed(self) -> bool:
        """Something was typed that closing would lose."""
        return self._texts() != self._initial

    def action_cancel(self) -> None:
        """Close; ask first if something that was typed would be lost."""
        if not self.is_changed:
            self.dismiss()
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.dismiss()

        self.app.push_screen(ConfirmScreen(confirm.discard(presenter.title(self._purpose, self._job))), answered)


def _field_of(widget: Widget) -> FormField | None:
    return next((node for node in widget.ancestors_with_self if isinstance(node, FormField)), None)
