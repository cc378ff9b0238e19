"""The console's screen: it opens the screens, carries changes to the one in front, and says what went wrong."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from console.domain.ids import JobId
from console.engine.service import Service
from console.tui.actions import BY_NAME, bindings, keymap
from console.tui.leaving import Leaving
from console.tui.palette import ActionProvider
from console.tui.render import Styles
from console.tui.screens.base import DeckScreen, live_keys
from console.tui.screens.help import FILTER_HELP, HelpScreen
from console.tui.screens.jobs import JobsScreen
from console.tui.screens.nodes import NodesScreen
from console.tui.theme import THEMES, next_theme, styles_of

_LOG = logging.getLogger("clusterdeck.tui")
REPAINT_S = 0.1
_WORDS = {"enter": "enter", "ctrl+s": "ctrl+s"}


class ConsoleApp(Leaving):
    """Shows a service, the cursor on `first_job` if there is one. `keys` maps action names to other keys; InvalidInput
    if one of them doesn't exist. `live` False stops the clock that makes ages go on."""

    TITLE = "clusterdeck"
    CSS_PATH = "app.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings("app")
    COMMANDS: ClassVar[set[Any]] = {ActionProvider}
    # Textual declares these three as instance variables, so they can't be class variables to the type checker.
    MODES = {"jobs": JobsScreen, "nodes": NodesScreen}  # noqa: RUF012
    DEFAULT_MODE = "jobs"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-low"), (30, "-high")]  # noqa: RUF012

    def __init__(
        self,
        service: Service,
        *,
        only_ascii: bool = False,
        keys: Mapping[str, str] | None = None,
        theme: str | None = None,
        first_job: JobId | None = None,
        now: Callable[[], float] = time.time,
        live: bool = True,
    ) -> None:
        super().__init__()
        # A scroll that is still moving would be finished after the next key's, and end where that key didn't ask for.
        self.animation_level = "none"
        self.service = service
        self.set_class(only_ascii, "-ascii")
        self.only_ascii = only_ascii
        self.first_job = first_job
        self._now = now
        self._live = live
        self._styles: tuple[str, Styles] | None = None
        self._faults: set[str] = set()
        for known in THEMES:
            self.register_theme(known)
        self.theme = theme if theme in self.available_themes else THEMES[0].name
        self._keys = keymap(keys or {})
        self.set_keymap(self._keys)

    def on_mount(self) -> None:
        """Listen from now on."""
        self.theme_changed_signal.subscribe(self, lambda _theme: self.action_refresh())
        self.run_worker(self._follow(), exit_on_error=False)
        if self._live:
            self.set_interval(1.0, self._tick)

    # -- what screens ask for

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._now()

    def styles_now(self) -> Styles:
        """What style names look like in the present theme."""
        theme = self.current_theme
        if self._styles is None or self._styles[0] != theme.name:
            self._styles = (theme.name, styles_of(theme))
        return self._styles[1]

    def key_of(self, action: str) -> str:
        """The key that an action has now, as it is shown."""
        wanted = self._keys.get(action, "").split(",")[0] or next(iter(BY_NAME[action].keys), "")
        return self.get_key_display(Binding(wanted, "")) if wanted else ""

    def get_key_display(self, binding: Binding) -> str:
        """A key as it is shown: in words that every font has."""
        shown = super().get_key_display(binding)
        if binding.key in _WORDS:
            return _WORDS[binding.key]
        return shown if shown.isascii() or not self.only_ascii else binding.key

    # -- changes

    async def _follow(self) -> None:
        async for change in self.service.changes():
            for screen in self._shown():
                self._show(partial(screen.take, change))
            await asyncio.sleep(REPAINT_S)

    def _show(self, work: Callable[[], None]) -> None:
        """A screen that can't show a change keeps nobody from the next one. The same fault ten times a second is told
        and logged once."""
        try:
            work()
        except Exception as error:  # noqa: BLE001 - logged and told, once
            fault = f"{type(error).__name__}: {error}"
            if fault not in self._faults:
                self._faults.add(fault)
                _LOG.exception("a screen could not show a change")
                self.tell(f"Something on this screen can't be shown as it is now ({fault}).", "error")

    def _shown(self) -> list[DeckScreen]:
        """The screens that changes are for. One that was pushed a moment ago has no widgets yet, and reads all then."""
        return [screen for screen in self.screen_stack if isinstance(screen, DeckScreen) and screen.is_mounted]

    def _tick(self) -> None:
        for screen in self._shown():
            self._show(screen.tick)

    # -- actions

    def _show_mode(self, mode: str) -> None:
        if self.current_mode != mode:
            self.switch_mode(mode)
            return
        while len(self.screen_stack) > 1:
            self.pop_screen()

    def action_show_jobs(self) -> None:
        """The list of jobs."""
        self._show_mode("jobs")

    def action_show_nodes(self) -> None:
        """The nodes."""
        self._show_mode("nodes")

    def action_help(self) -> None:
        """The keys that work here."""
        entries = live_keys(self.screen)
        self.push_screen(HelpScreen([*entries, *FILTER_HELP] if isinstance(self.screen, JobsScreen) else entries))

    def action_refresh(self) -> None:
        """Read and draw everything again."""
        for screen in self._shown():
            screen.reload()
            screen.refresh(layout=True)

    def action_theme(self) -> None:
        """The next theme."""
        self.theme = next_theme(self.theme)
