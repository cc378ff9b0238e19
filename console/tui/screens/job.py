"""One job: what was asked for, its log, metrics, use of resources, and history."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static, TabbedContent, TabPane

from console.domain.errors import ClusterdeckError
from console.domain.ids import JobId
from console.domain.jobs import Job, Status
from console.engine.service import Change, JobView, LogDocument
from console.ports import MetricPoint
from console.tui.actions import bindings
from console.tui.presenters import job as presenter
from console.tui.presenters.cells import Section
from console.tui.render import line_text, lines_text, section_table
from console.tui.screens.base import EVERYTHING
from console.tui.screens.job_actions import JobActionsScreen
from console.tui.text import safe
from console.tui.widgets.bars import progress_bar, sparkline
from console.tui.widgets.log_view import LogView
from console.tui.widgets.plot import MetricPlot

TABS = ("overview", "logs", "metrics", "resources", "events")
_SLOW_TABS = {"metrics", "resources", "events"}
_LABELS = 15
_SPARK = 60


class LogPane(LogView):
    """The log pane with keys that can be remapped."""

    BINDINGS = bindings("log")


class JobScreen(JobActionsScreen):
    """All about one job."""

    PLACES = ("job", "job-actions")
    HERE = "show-jobs"
    BINDINGS = bindings("job", "job-actions")
    AUTO_FOCUS = ""

    def __init__(self, job: JobId, tab: str = "overview") -> None:
        super().__init__()
        self._job = job
        self._first_tab = tab
        self._shown_attempt: str | None = ""
        self._document: LogDocument | None = None
        self._slow_is_old = True
        self._sections: tuple[Section, ...] = ()

    def compose_body(self) -> ComposeResult:
        """A headline and five tabs."""
        with Vertical(id="job-box", classes="pane"):
            yield Static(id="headline")
            yield Static(id="job-progress")
            with TabbedContent(initial=self._first_tab):
                with TabPane("Overview", id="overview"), VerticalScroll(id="overview-scroll"):
                    yield Vertical(*(Static(classes="box") for _ in range(presenter.SECTIONS)), id="sections")
                with TabPane("Logs", id="logs"):
                    yield LogPane()
                    yield Static(id="log-state")
                with TabPane("Metrics", id="metrics"):
                    yield MetricPlot()
                with TabPane("Resources", id="resources"), VerticalScroll():
                    yield Static(id="usage")
                with TabPane("Events", id="events"), VerticalScroll():
                    yield Static(id="history")

    def on_mount(self) -> None:
        """Show what is known, then fetch the rest."""
        super().on_mount()
        if self._job not in self.deck.service.jobs():
            self.call_after_refresh(self.take, EVERYTHING)
            return
        self._show()
        self._focus_tab()

    async def on_unmount(self) -> None:
        """Nobody reads the log any more."""
        if self._document is not None:
            await self._document.close()

    # -- what is shown

    def take(self, change: Change) -> None:
        """Show a change of this job; leave if it is gone."""
        super().take(change)
        if self._job in change.deleted or self._job not in self.deck.service.jobs():
            if self.is_current:
                self.deck.tell("This job was deleted.", "warning")
                self.action_back()
            return
        if not change.jobs or self._job in change.jobs:
            self._show()

    def tick(self) -> None:
        """Times of a running job go on; slow tabs are read again at most once a second."""
        if self._job not in self.deck.service.jobs():
            return
        if self._view().status is Status.RUNNING:
            self._show_quick()
        if self._slow_is_old:
            self._show_slow()

    def reload(self) -> None:
        """Read and draw everything again."""
        self._sections = ()
        super().reload()

    def _view(self) -> JobView:
        return self.deck.service.view(self._job)

    def _show(self) -> None:
        self._show_quick()
        self._slow_is_old = True
        job = self._view().job
        newest = job.last_attempt.id if job.last_attempt else None
        if newest != self._shown_attempt:
            self._shown_attempt = newest
            self.run_worker(self._open_log(), group="log", exclusive=True, exit_on_error=False)
            self._show_slow()
        self.update_footer()

    def _show_quick(self) -> None:
        view, now, styles, only_ascii = self._view(), self.deck.now(), self.deck.styles_now(), self.deck.only_ascii
        self._put("#headline", line_text(presenter.headline(view, now, ascii_only=only_ascii), styles))
        bar = self.query_one("#job-progress", Static)
        bar.display = view.status is Status.RUNNING and view.progress is not None
        if bar.display:
            line = progress_bar(view.progress, max(self.size.width - 6, 10), only_ascii)
            line.stylize_before(styles["running"])
            self._put("#job-progress", line)
        self._show_sections(presenter.overview(view, now, ascii_only=only_ascii))

    def _show_sections(self, sections: Sequence[Section]) -> None:
        boxes = list(self.query_one("#sections", Vertical).query(Static))
        old = self._sections or (None,) * len(sections)
        self._sections = tuple(sections)
        for box, before, section in zip(boxes, old, sections, strict=True):
            if section != before:
                box.border_title = section.title
                box.update(section_table(section, self.deck.styles_now(), _LABELS))

    async def _open_log(self) -> None:
        pane = self.query_one(LogPane)
        old, self._document = self._document, None
        view = self._view()
        if not view.job.attempts:
            pane.show(None, presenter.no_log(view))
        else:
            try:
                self._document = await self.deck.service.open_log(self._job)
            except ClusterdeckError as error:
                pane.show(None, str(error))
            else:
                pane.show(self._document)
        if old is not None:
            await old.close()

    def _show_slow(self) -> None:
        tab = self.query_one(TabbedContent).active
        if tab in _SLOW_TABS:
            self._slow_is_old = False
            self.run_worker(self._read_slow(tab), group="slow", exclusive=True, exit_on_error=False)

    async def _read_slow(self, tab: str) -> None:
        service, styles = self.deck.service, self.deck.styles_now()
        try:
            if tab == "metrics":
                self._show_metrics(await service.metrics(self._job))
            elif tab == "resources":
                self._put("#usage", self._usage(presenter.usage(await service.usage(self._job))))
            else:
                self._put("#history", lines_text(presenter.history(await service.history(self._job)), styles))
        except ClusterdeckError as error:
            self.deck.tell(str(error), "warning")

    def _show_metrics(self, points: Sequence[MetricPoint]) -> None:
        self.query_one(MetricPlot).show(presenter.curves(points))

    def _usage(self, series: Sequence[presenter.Series]) -> Text:
        styles, view = self.deck.styles_now(), self._view()
        lines = [line_text(presenter.asked(view.job), styles), Text("")]
        if not series:
            lines.append(line_text(presenter.no_usage(view), styles))
        for item in series:
            line = safe(f"{item.label:<15}{item.newest:>12}  ")
            width = min(_SPARK, max(self.size.width - 36, 8))
            spark = sparkline(item.values, width, self.deck.only_ascii)
            spark.stylize(styles["accent"])
            line.append_text(spark)
            lines.append(line)
        return Text("\n").join(lines)

    def _put(self, selector: str, text: Text) -> None:
        static = self.query_one(selector, Static)
        if static.content != text:
            static.update(text)

    def on_log_view_state_changed(self, event: LogView.StateChanged) -> None:
        """The line under the log."""
        event.stop()
        is_complete = self._document is not None and self._document.is_complete
        self._put("#log-state", safe(presenter.log_state(event.state.words(), is_complete=is_complete)))

    # -- tabs

    def _focus_tab(self) -> None:
        """Keys go to the pane of the tab, not to the tab's title."""
        tab = self.query_one(TabbedContent).active
        pane = self.query_one(f"#{tab}", TabPane)
        for widget in pane.query("*"):
            if widget.focusable:
                widget.focus()
                break

    def on_tabbed_content_tab_activated(self) -> None:
        """Another tab: read what it shows, and give it the keys."""
        self._show_slow()
        self._focus_tab()

    def action_next_tab(self) -> None:
        """The next tab, round and round."""
        self._turn(1)

    def action_previous_tab(self) -> None:
        """The tab before."""
        self._turn(-1)

    def _turn(self, step: int) -> None:
        tabs = self.query_one(TabbedContent)
        tabs.active = TABS[(TABS.index(tabs.active) + step) % len(TABS)]

    def action_back(self) -> None:
        """Back to the list."""
        self.app.pop_screen()

    # -- the job

    def current(self) -> Job | None:
        """This job."""
        return self.deck.service.jobs().get(self._job)

    def targets(self) -> Sequence[Job]:
        """This job."""
        job = self.current()
        return [] if job is None else [job]

    def open_job(self, job: Job, tab: str) -> None:
        """It is open already: turn to the tab."""
        if job.id == self._job:
            self.query_one(TabbedContent).active = tab
