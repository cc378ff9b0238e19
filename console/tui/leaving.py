"""Leaving the console: who schedules afterwards is a person's choice."""

from __future__ import annotations

from console.domain.errors import ClusterdeckError
from console.engine.service import Leading, Service, Watching
from console.tui.presenters import confirm
from console.tui.screens.dialogs import Leave, LeaveScreen
from console.tui.screens.form import FormScreen
from console.tui.telling import Telling


class Leaving(Telling):
    """The part of the app that ends it, and hands the lead over before."""

    service: Service

    def action_background(self) -> None:
        """Let a background process schedule."""
        if isinstance(self.service.role, Watching) and self.service.role.leader is not None:
            self.tell("Another process schedules already.", "warning")
            return
        self.carry_out(self.service.continue_in_background(), "A background process schedules now.")

    async def action_quit(self) -> None:
        """Leave; ask first if jobs would wait in vain, or if something that was typed would be lost."""
        pending = self._pending()
        if isinstance(self.screen, LeaveScreen):
            return
        if isinstance(self.screen, FormScreen) and self.screen.is_changed:
            self.screen.action_cancel()
        elif pending:
            self.push_screen(LeaveScreen(confirm.leave(pending)), self._leave)
        else:
            self.exit()

    def _pending(self) -> int:
        return self.service.work_pending() if isinstance(self.service.role, Leading) else 0

    def _leave(self, answer: Leave | None) -> None:
        if answer == "quit":
            self.exit()
        elif answer == "background":
            self.run_worker(self._leave_to_background(), exit_on_error=False)

    async def _leave_to_background(self) -> None:
        try:
            await self.service.continue_in_background()
        except ClusterdeckError as error:
            self.tell(str(error), "error")
        else:
            self.exit()
