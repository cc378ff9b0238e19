"""What can be done with jobs, the same in the list and on a job's own screen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import cast

from console.domain.jobs import Job, JobSpec
from console.domain.requests import DeleteJob, EditJob, Request, RestartJob, StopJob
from console.engine.service import Submitted
from console.tui.presenters import confirm
from console.tui.presenters.allowed import JobAction, changed_priority, why_not
from console.tui.presenters.menu import MENU
from console.tui.presenters.words import count
from console.tui.screens.base import DeckScreen
from console.tui.screens.dialogs import ConfirmScreen, MenuScreen
from console.tui.screens.form import FormScreen


class JobActionsScreen(DeckScreen):
    """A screen with a job under the cursor; subclasses say which, and how to open one."""

    def targets(self) -> Sequence[Job]:
        """The jobs that an action is for: the marked ones, else the one under the cursor."""
        raise NotImplementedError

    def current(self) -> Job | None:
        """The job under the cursor."""
        raise NotImplementedError

    def open_job(self, job: Job, tab: str) -> None:
        """Show one job."""
        raise NotImplementedError

    def show_submitted(self, submitted: Submitted) -> None:
        """A job was created from here."""
        self.deck.tell(f"Job #{submitted.number} is in the queue.")

    def why_not(self, action: str) -> str:
        """Why a job action would do nothing now."""
        if action == "new" or action not in {*MENU, "copy", "menu"}:
            return ""
        job = self.current()
        if job is None:
            return "There is no job here. Create one first."
        return why_not(cast(JobAction, action), job) if action in MENU else ""

    # -- one job

    def action_new(self) -> None:
        """Create a job."""
        self.app.push_screen(FormScreen("create", None, self._submit))

    def action_clone(self) -> None:
        """Create a job like this one."""
        job = self._allowed("clone")
        if job is not None:
            self.app.push_screen(FormScreen("clone", job, self._submit))

    def action_edit(self) -> None:
        """Change a Pending or Failed job."""
        job = self._allowed("edit")
        if job is None:
            return

        async def save(spec: JobSpec) -> None:
            await self.deck.service.ask(EditJob(job.id, spec))
            self.deck.tell(f"#{job.number} {spec.name} is updated.")

        self.app.push_screen(FormScreen("edit", job, save))

    def action_open(self) -> None:
        """Show all about the job."""
        job = self._allowed("open")
        if job is not None:
            self.open_job(job, "overview")

    def action_logs(self) -> None:
        """Show the job's log."""
        job = self._allowed("logs")
        if job is not None:
            self.open_job(job, "logs")

    def action_raise_priority(self) -> None:
        """Let a job go earlier."""
        self._change_priority(up=True)

    def action_lower_priority(self) -> None:
        """Let a job go later."""
        self._change_priority(up=False)

    def action_copy(self) -> None:
        """Copy the job's id."""
        job = self._allowed("copy")
        if job is not None:
            self.app.copy_to_clipboard(job.id)
            self.deck.tell(f"The id of #{job.number} {job.spec.name} is on the clipboard: {job.id}")

    def action_menu(self) -> None:
        """Show what can be done with the job."""
        job = self._allowed("menu")
        if job is not None:
            self.app.push_screen(MenuScreen(job), self._chosen)

    def _chosen(self, action: str | None) -> None:
        if action:
            self.call_later(self.run_action, action.replace("-", "_"))

    # -- one or several jobs

    def action_stop(self) -> None:
        """Stop jobs."""
        self._ask_first("stop", confirm.stop, lambda job: StopJob(job.id), "stopped")

    def action_restart(self) -> None:
        """Queue jobs again."""
        self._ask_first("restart", confirm.restart, lambda job: RestartJob(job.id), "queued again")

    def action_delete(self) -> None:
        """Remove jobs."""
        self._ask_first("delete", confirm.delete, lambda job: DeleteJob(job.id), "deleted")

    def _ask_first(
        self,
        action: JobAction,
        question: Callable[[Sequence[Job]], confirm.Question],
        request: Callable[[Job], Request],
        done: str,
    ) -> None:
        jobs = self._possible(action)
        if not jobs:
            return
        what = jobs[0].spec.name if len(jobs) == 1 else count(len(jobs), "job")

        def answered(yes: bool | None) -> None:
            if yes:
                self._carry_out([request(job) for job in jobs], f"{what}: {done}.")

        self.app.push_screen(ConfirmScreen(question(jobs)), answered)

    def _possible(self, action: JobAction) -> list[Job]:
        """The targets with which it can be done; says why if there is none."""
        targets = self.targets()
        refusals = [(job, why_not(action, job)) for job in targets]
        possible = [job for job, refusal in refusals if not refusal]
        if not possible:
            self.deck.tell(refusals[0][1] if refusals else self.why_not(action), "warning")
        return possible

    def _allowed(self, action: str) -> Job | None:
        refusal = self.why_not(action)
        if refusal:
            self.deck.tell(refusal, "warning")
            return None
        return self.current()

    def _change_priority(self, *, up: bool) -> None:
        requests: list[Request] = []
        for job in self._possible("raise-priority" if up else "lower-priority"):
            priority = changed_priority(job.spec.priority, up=up)
            assert priority is not None
            requests.append(EditJob(job.id, replace(job.spec, priority=priority)))
        if requests:
            self._carry_out(requests, "")

    def _carry_out(self, requests: Sequence[Request], done: str) -> None:
        async def ask() -> None:
            asked = (self.deck.service.ask(request) for request in requests)
            refusals = [answer for answer in await asyncio.gather(*asked, return_exceptions=True) if answer]
            if refusals:
                raise refusals[0]

        self.deck.carry_out(ask(), done)

    async def _submit(self, spec: JobSpec) -> None:
        self.show_submitted(await self.deck.service.submit(spec))
