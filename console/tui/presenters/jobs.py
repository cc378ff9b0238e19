"""The list of jobs: its columns, cells, order, title, and the one line about the job under the cursor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, assert_never

from console.domain.jobs import Job, Priority, Running, Starting, Status
from console.engine.service import JobView
from console.tui.presenters.cells import Cell, Line, StyleName
from console.tui.presenters.words import age, count, duration, number

SortColumn = Literal["number", "name", "status", "priority", "experiment", "progress", "created"]
SORT_COLUMNS: tuple[SortColumn, ...] = ("number", "name", "status", "priority", "experiment", "progress", "created")

_SYMBOLS = {Status.PENDING: "○", Status.RUNNING: "▶", Status.COMPLETED: "✓", Status.FAILED: "✗"}
_ASCII_SYMBOLS = {Status.PENDING: "o", Status.RUNNING: ">", Status.COMPLETED: "+", Status.FAILED: "x"}
_STATUS_STYLES: dict[Status, StyleName] = {
    Status.PENDING: "pending",
    Status.RUNNING: "running",
    Status.COMPLETED: "completed",
    Status.FAILED: "failed",
}
_STATUS_ORDER = {Status.RUNNING: 0, Status.PENDING: 1, Status.FAILED: 2, Status.COMPLETED: 3}
_PRIORITY_MARKS = {Priority.HIGH: "↑", Priority.MEDIUM: "·", Priority.LOW: "↓"}
_PRIORITY_STYLES: dict[Priority, StyleName] = {Priority.HIGH: "strong", Priority.MEDIUM: "", Priority.LOW: "muted"}
_ASCII_PRIORITY_MARKS = {Priority.HIGH: "^", Priority.MEDIUM: "-", Priority.LOW: "v"}


@dataclass(frozen=True, slots=True)
class Counts:
    """What the summary cards show."""

    total: int
    pending: int
    running: int
    completed: int
    failed: int


def status_style(status: Status) -> StyleName:
    """The name of a status's style."""
    return _STATUS_STYLES[status]


def status_badge(status: Status, *, ascii_only: bool) -> Line:
    """Symbol and word: the colour only repeats what they say."""
    symbols = _ASCII_SYMBOLS if ascii_only else _SYMBOLS
    return (Cell(f"{symbols[status]} {status.value.capitalize()}", _STATUS_STYLES[status]),)


def priority_mark(priority: Priority, *, ascii_only: bool) -> Line:
    """An arrow and the word."""
    marks = _ASCII_PRIORITY_MARKS if ascii_only else _PRIORITY_MARKS
    return (Cell(f"{marks[priority]} {priority.value.capitalize()}", _PRIORITY_STYLES[priority]),)


def name_cell(job: Job, width: int) -> Line:
    """The name, and the type beside it where both fit."""
    spec = job.spec
    if len(spec.name) + len(spec.type.value) + 2 <= width:
        return (Cell(spec.name), Cell(f"  {spec.type.value}", "muted"))
    return (Cell(spec.name),)


def shown_progress(view: JobView) -> float | None:
    """What the bar shows: a completed job is done, whether or not its output told how far it was."""
    return 1.0 if view.status is Status.COMPLETED else view.progress


def cell(view: JobView, column: str, width: int, now: float, *, ascii_only: bool) -> Line:
    """The text of a column; `progress` is a bar, which the widgets draw."""
    spec = view.job.spec
    match column:
        case "number":
            return (Cell(str(view.job.number), "muted"),)
        case "name":
            return name_cell(view.job, width)
        case "status":
            return status_badge(view.status, ascii_only=ascii_only)
        case "priority":
            return priority_mark(spec.priority, ascii_only=ascii_only)
        case "experiment":
            return (Cell(spec.experiment),)
        case "created":
            return (Cell(age(view.job.submitted_at, now), "muted"),)
        case "node":
            return (Cell(view.node or ""),)
        case "reason":
            return (Cell(short_reason(view), "failed" if view.status is Status.FAILED else "muted"),)
        case "actions":
            return (Cell(":" if ascii_only else "⋯", "muted"),)
        case _:
            raise ValueError(f"the list of jobs has no column {column!r}")


def short_reason(view: JobView) -> str:
    """Why it has its status, or for a running one what is known of its end."""
    if view.reason:
        return view.reason
    if view.status is Status.RUNNING and view.eta_s is not None:
        return f"{duration(view.eta_s)} left"
    return ""


def detail(view: JobView, now: float, *, ascii_only: bool) -> Line:
    """One line about the job under the cursor."""
    job = view.job
    parts: list[Cell] = [
        Cell(f"#{job.number} ", "muted"),
        Cell(job.spec.name, "strong"),
        Cell(f"  {job.spec.type.value}  ", "muted"),
    ]
    parts += status_badge(view.status, ascii_only=ascii_only)
    if isinstance(job.state, Starting):
        parts.append(Cell(f" (starting on {job.state.node})", "muted"))
    if isinstance(job.state, Running) and job.state.stop_reason:
        parts.append(Cell(" (stopping)", "warning"))
    facts: list[str] = []
    if job.spec.experiment:
        facts.append(f"in {job.spec.experiment}")
    if view.reason:
        facts.append(view.reason)
    if view.node and view.status is not Status.PENDING:
        facts.append(f"on {view.node}")
    if view.started_at is not None:
        facts.append(f"ran {duration((view.ended_at or now) - view.started_at)}")
    if view.status is Status.RUNNING and view.eta_s is not None:
        facts.append(f"{duration(view.eta_s)} left")
    facts += [f"{name} {number(value)}" for name, value in view.latest[:3]]
    if facts:
        parts.append(Cell("  " + "  ".join(facts)))
    return tuple(parts)


def sort_key(column: SortColumn, progress_of: Callable[[Job], float | None]) -> Callable[[Job], tuple[Any, ...]]:
    """What a column sorts by, ascending; the number breaks ties."""
    match column:
        case "number":
            return lambda job: (job.number,)
        case "name":
            return lambda job: (job.spec.name.casefold(), job.number)
        case "status":
            return lambda job: (_STATUS_ORDER[job.status], job.number)
        case "priority":
            return lambda job: (job.spec.priority.rank, job.number)
        case "experiment":
            return lambda job: (job.spec.experiment == "", job.spec.experiment.casefold(), job.number)
        case "progress":
            return lambda job: (-1.0 if (done := progress_of(job)) is None else done, job.number)
        case "created":
            return lambda job: (job.submitted_at, job.number)
        case _:
            assert_never(column)


def title(shown: int, total: int, sort: SortColumn, *, descending: bool, filter_text: str) -> str:
    """`340 jobs`, or `12 of 340` while a filter holds."""
    amount = f"{shown} of {total}" if filter_text else count(total, "job")
    return f"{amount} by {sort}{', last first' if descending else ''}"


def empty(filter_text: str, keys: Mapping[str, str]) -> tuple[Line, ...]:
    """What stands where rows would be: how to get some."""
    if filter_text:
        return (
            (Cell("No job matches ", "muted"), Cell(filter_text, "strong"), Cell(".", "muted")),
            (Cell("Press ", "muted"), Cell(keys["back"], "key"), Cell(" to see all jobs.", "muted")),
        )
    return (
        (Cell("No jobs yet.", "strong"),),
        (),
        (Cell("Press ", "muted"), Cell(keys["new"], "key"), Cell(" to create the first one,", "muted")),
        (Cell("or type in a shell: ", "muted"), Cell("clusterdeck submit -- python train.py", "accent")),
        (Cell("or see two real ones: ", "muted"), Cell("clusterdeck demo", "accent")),
    )
