"""Questions: they name the object and what is lost, and the harmless answer has the focus."""

from __future__ import annotations

from typing import ClassVar, Literal, cast

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from console.domain.jobs import Job
from console.tui.actions import BY_NAME, bindings
from console.tui.deck import Deck
from console.tui.presenters.confirm import Question
from console.tui.presenters.menu import items
from console.tui.text import safe

_ARROWS: list[BindingType] = [
    Binding("left,up", "app.focus_previous", "Previous answer", show=False),
    Binding("right,down", "app.focus_next", "Next answer", show=False),
]
Leave = Literal["background", "quit", "stay"]


class ConfirmScreen(ModalScreen[bool]):
    """A question that y, n, enter and esc answer."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("dialog"), *_ARROWS]

    def __init__(self, question: Question) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        """Title, lines, and two buttons, of which Cancel has the focus."""
        with Vertical(classes="dialog"):
            yield Static(safe(self._question.title), classes="dialog-title")
            yield Static(_body(self._question), classes="dialog-body")
            with Horizontal(classes="dialog-buttons"):
                yield Button(Text("Cancel (n)"), id="no", compact=True)
                yield Button(Text(f"{self._question.yes} (y)"), id="yes", variant="error", compact=True)

    def on_mount(self) -> None:
        """Focus on what does no harm."""
        self.query_one("#no").focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """A button was pressed."""
        self.dismiss(event.button.id == "yes")

    def action_yes(self) -> None:
        """Do it."""
        self.dismiss(True)

    def action_no(self) -> None:
        """Leave everything as it is."""
        self.dismiss(False)


class LeaveScreen(ModalScreen[Leave]):
    """What happens to the queue when the console that schedules is closed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("b", "leave('background')", "Go on in the background"),
        Binding("q", "leave('quit')", "Quit"),
        Binding("escape,n", "leave('stay')", "Cancel"),
        *_ARROWS,
    ]

    def __init__(self, question: Question) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        """Three answers; cancelling has the focus."""
        with Vertical(classes="dialog wide"):
            yield Static(safe(self._question.title), classes="dialog-title")
            yield Static(_body(self._question), classes="dialog-body")
            with Horizontal(classes="dialog-buttons"):
                yield Button(Text("Cancel (esc)"), id="stay", compact=True)
                yield Button(Text("Quit (q)"), id="quit", variant="error", compact=True)
                yield Button(Text("Go on in background (b)"), id="background", variant="primary", compact=True)

    def on_mount(self) -> None:
        """Focus on what does no harm."""
        self.query_one("#stay").focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """A button was pressed."""
        self.action_leave(event.button.id or "stay")

    def action_leave(self, answer: str) -> None:
        """Close with an answer."""
        self.dismiss(cast(Leave, answer))


class MenuScreen(ModalScreen[str]):
    """What can be done with a job; what can't says why. Closes with an action's name, empty for none."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,full_stop", "close", "Close")]

    def __init__(self, job: Job) -> None:
        super().__init__()
        self._job = job

    @property
    def _deck(self) -> Deck:
        return cast(Deck, self.app)

    def compose(self) -> ComposeResult:
        """A list of actions with their keys."""
        with Vertical(classes="dialog menu"):
            yield Static(safe(f"#{self._job.number} {self._job.spec.name}"), classes="dialog-title")
            yield OptionList(*self._options(), compact=True)

    def _options(self) -> list[Option]:
        styles = self._deck.styles_now()
        options = []
        for item in items(self._job):
            label = "Open" if item.action == "open" else BY_NAME[item.action].label
            key = "enter" if item.action == "open" else self._deck.key_of(item.action)
            prompt = Text(no_wrap=True, overflow="ellipsis")
            prompt.append(f"{key:>6}  ", styles["muted" if item.why_not else "key"])
            prompt.append(f"{label:<15}", styles["muted" if item.why_not else ""])
            if item.why_not:
                prompt.append_text(safe(item.why_not)).stylize(styles["muted"])
            options.append(Option(prompt, id=item.action, disabled=bool(item.why_not)))
        return options

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """An action was chosen."""
        self.dismiss(event.option.id or "")

    def action_close(self) -> None:
        """Choose nothing."""
        self.dismiss("")


def _body(question: Question) -> Text:
    return Text("\n").join(safe(line) for line in question.lines)
