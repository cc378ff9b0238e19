"""The list of jobs: cards, filter, table, and a line about the job under the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

from console.domain.errors import InvalidInput, NotFound
from console.domain.ids import JobId
from console.domain.jobs import Job, Status
from console.engine.service import Change, Submitted
from console.tui.actions import bindings
from console.tui.presenters import jobs
from console.tui.presenters.job_list import JobList
from console.tui.presenters.words import age
from console.tui.render import line_text, lines_text
from console.tui.screens.base import EVERYTHING
from console.tui.screens.job import JobScreen
from console.tui.screens.job_actions import JobActionsScreen
from console.tui.text import safe
from console.tui.widgets.bars import progress_bar
from console.tui.widgets.cards import SummaryCards
from console.tui.widgets.table import Column, VirtualTable

COLUMNS = (
    Column("number", "#", 4, justify="right"),
    Column("name", "Job Name", 20, flex=3),
    Column("status", "Status", 11),
    Column("priority", "Priority", 8, rank=2),
    Column("experiment", "Experiment", 10, flex=1, rank=4),
    Column("progress", "Progress", 13, flex=1, rank=1),
    Column("node", "Node", 8, rank=6),
    Column("reason", "Why", 24, flex=4, rank=7),
    Column("created", "Created", 7, rank=2, justify="right"),
    Column("actions", "", 1, rank=3),
)


class JobTable(VirtualTable):
    """The table of jobs with keys that can be remapped."""

    BINDINGS = bindings("list", "rows")

    def on_click(self, event: events.Click) -> None:
        """The last column is a button: it opens the menu of its row."""
        offset = event.get_content_offset(self)
        if offset is not None and offset.y > 0 and self._painter.column_at(offset.x) == "actions":
            self.screen.call_later(self.screen.run_action, "menu")


class JobsScreen(JobActionsScreen):
    """All jobs."""

    PLACES = ("jobs", "job-actions")
    HERE = "show-jobs"
    BINDINGS = bindings("jobs", "job-actions")
    AUTO_FOCUS = "#jobs"

    def __init__(self) -> None:
        super().__init__()
        self._list = JobList(lambda job: jobs.shown_progress(self.deck.service.view(job.id)))
        self._ages: dict[str, str] = {}
        self._awaited: JobId | None = None

    def compose_body(self) -> ComposeResult:
        """Cards, filter, table, detail."""
        yield SummaryCards()
        with Vertical(id="jobs-box", classes="pane"):
            yield Input(
                placeholder="words  status:failed  prio:high  exp:bert  gpu>=2  age<2d", id="filter", compact=True
            )
            yield Static(id="filter-problem")
            yield JobTable(COLUMNS, self._cell, id="jobs")
        yield Static(id="detail")

    def on_mount(self) -> None:
        """Fill the table before the first paint."""
        super().on_mount()
        self.query_one("#filter").display = False
        self.query_one("#filter-problem").display = False
        self._awaited = self.deck.first_job
        self._arrange()

    @property
    def _table(self) -> VirtualTable:
        return self.query_one("#jobs", VirtualTable)

    # -- what is shown

    def take(self, change: Change) -> None:
        """Show a change; only rows that are in view are drawn."""
        super().take(change)
        if change is EVERYTHING:
            self._arrange()
            return
        service = self.deck.service
        if self._list.apply(change.jobs, change.deleted, service.jobs(), self.deck.now()):
            self._table.set_order(self._list.order)
        self._table.refresh_rows(change.jobs)
        self._show_around()

    def tick(self) -> None:
        """Redraw the rows in view whose age reads differently now."""
        table, now, known = self._table, self.deck.now(), self.deck.service.jobs()
        top = table.scroll_offset.y
        old: list[str] = []
        for key in self._list.order[top : top + table.size.height]:
            job = known.get(JobId(key))
            if job is None:
                continue
            words = age(job.submitted_at, now)
            if self._ages.get(key, words) != words:
                old.append(key)
            self._ages[key] = words
        if old:
            table.refresh_rows(old)
        self._show_detail()

    def _arrange(self) -> None:
        self._list.arrange(self.deck.service.jobs(), self.deck.now())
        self._table.set_order(self._list.order)
        self._table.refresh_rows()
        self._table.set_sort_marker(self._list.sort, self._list.descending)
        self._show_around()

    def _show_around(self) -> None:
        """Cards, title, empty text, detail, footer."""
        arranged, counts = self._list, self._list.counts
        self.query_one(SummaryCards).set_counts(
            counts.total, counts.running, counts.completed, counts.failed, pending=counts.pending
        )
        box = self.query_one("#jobs-box")
        shown = len(arranged.order)
        title = jobs.title(
            shown, counts.total, arranged.sort, descending=arranged.descending, filter_text=arranged.filter_text
        )
        marked = len(self._table.marked)
        _set(box, "border_title", f"Jobs  {title}" + (f"  {marked} marked" if marked else ""))
        if not shown:
            keys = {name: self.deck.key_of(name) for name in ("new",)} | {"back": self.deck.key_of("clear")}
            self._table.empty_text = lines_text(jobs.empty(arranged.filter_text, keys), self.deck.styles_now())
        if self._awaited is not None and self._awaited in self.deck.service.jobs():
            self._table.move_cursor_to(self._awaited)
            self._awaited = None
        self._show_detail()
        self.update_footer()

    def _show_detail(self) -> None:
        job = self.current()
        line = Text()
        if job is not None:
            view = self.deck.service.view(job.id)
            line = line_text(
                jobs.detail(view, self.deck.now(), ascii_only=self.deck.only_ascii), self.deck.styles_now()
            )
        detail = self.query_one("#detail", Static)
        if detail.content != line:
            detail.update(line)

    def _cell(self, key: str, column: str, width: int) -> Text:
        try:
            view = self.deck.service.view(JobId(key))
        except NotFound:
            # It left a moment ago, and the table has not been told yet.
            return Text(end="")
        only_ascii = self.deck.only_ascii
        if column == "progress":
            if view.status is Status.PENDING:
                return Text(end="")
            bar = progress_bar(jobs.shown_progress(view), width, only_ascii)
            bar.stylize_before(self.deck.styles_now()[jobs.status_style(view.status)])
            return bar
        return line_text(jobs.cell(view, column, width, self.deck.now(), ascii_only=only_ascii), self.deck.styles_now())

    # -- the job under the cursor

    def current(self) -> Job | None:
        """The job under the cursor."""
        key = self._table.cursor_key
        return None if key is None else self.deck.service.jobs().get(JobId(key))

    def targets(self) -> Sequence[Job]:
        """The marked jobs, else the one under the cursor."""
        known = self.deck.service.jobs()
        marked = self._table.marked
        if marked:
            return [known[JobId(key)] for key in self._list.order if key in marked and key in known]
        job = self.current()
        return [] if job is None else [job]

    def offers(self, action: str) -> bool:
        """Leaving the filter or the marks is offered while there are some."""
        return action != "clear" or self.query_one("#filter").display or bool(self._table.marked)

    def open_job(self, job: Job, tab: str) -> None:
        """Show one job."""
        self.app.push_screen(JobScreen(job.id, tab))

    def show_submitted(self, submitted: Submitted) -> None:
        """Put the cursor on the new job as soon as it is in the list."""
        super().show_submitted(submitted)
        self._awaited = submitted.job
        self.take(EVERYTHING)

    def on_virtual_table_opened(self, event: VirtualTable.Opened) -> None:
        """Enter or a double click."""
        event.stop()
        self.action_open()

    def on_virtual_table_highlighted(self, event: VirtualTable.Highlighted) -> None:
        """The cursor is on another job."""
        event.stop()
        self._show_detail()
        self.update_footer()

    def on_virtual_table_marks_changed(self) -> None:
        """The title says how many are marked."""
        self._show_around()

    def on_virtual_table_header_clicked(self, event: VirtualTable.HeaderClicked) -> None:
        """Sort by the column that was clicked."""
        if event.column in jobs.SORT_COLUMNS:
            self._list.sort_by(cast(jobs.SortColumn, event.column))
            self._arrange()

    # -- sort and filter

    def action_sort(self) -> None:
        """Sort by the next column."""
        self._list.next_sort()
        self._arrange()

    def action_reverse(self) -> None:
        """Turn the order round."""
        self._list.sort_by(self._list.sort)
        self._arrange()

    def action_filter(self) -> None:
        """Type a filter."""
        field = self.query_one("#filter", Input)
        field.display = True
        field.focus()

    def action_clear(self) -> None:
        """Leave the filter, then the marks."""
        field = self.query_one("#filter", Input)
        if field.display:
            field.value = ""
            field.display = False
            self._apply_filter("")
            self._table.focus()
        else:
            self._table.clear_marks()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter as it is typed."""
        event.stop()
        self._apply_filter(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """The filter stays, the keys go to the table."""
        event.stop()
        if not event.value.strip():
            self.action_clear()
        self._table.focus()

    def on_key(self, event: events.Key) -> None:
        """Down leaves the filter for the table."""
        if event.key == "down" and self.query_one("#filter").has_focus:
            event.stop()
            self._table.focus()

    def _apply_filter(self, text: str) -> None:
        problem = self.query_one("#filter-problem", Static)
        try:
            self._list.set_filter(text)
        except InvalidInput as error:
            # What was last understood stays: a filter is wrong most of the time while it is typed.
            problem.update(safe(str(error)))
            problem.display = True
            return
        problem.display = False
        self._arrange()


def _set(widget: object, attribute: str, value: str) -> None:
    if getattr(widget, attribute) != value:
        setattr(widget, attribute, value)
