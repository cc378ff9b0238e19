"""One job: the sections of its overview, its history, what it uses."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from console.core.reasons import failure
from console.domain.ids import split_attempt_id
from console.domain.jobs import Attempt, AttemptPhase, Job, Status
from console.domain.nodes import AttemptSample
from console.engine.service import HistoryLine, JobView
from console.ports import MetricPoint
from console.tui.presenters import jobs
from console.tui.presenters.cells import Cell, Line, Row, Section, StyleName
from console.tui.presenters.words import UNKNOWN, age, clock, count, duration, memory, moment, number, percent, rate


def headline(view: JobView, now: float, *, ascii_only: bool) -> Line:
    """The line above the tabs: number, name, status and why."""
    line = [Cell(f"#{view.job.number} ", "muted"), Cell(view.job.spec.name, "strong"), Cell("  ")]
    line += jobs.status_badge(view.status, ascii_only=ascii_only)
    why = jobs.short_reason(view)
    if why:
        line.append(Cell(f"  {why}", "failed" if view.status is Status.FAILED else "muted"))
    if view.status is Status.RUNNING and view.started_at is not None:
        line.append(Cell(f"  for {duration(now - view.started_at)} on {view.node or UNKNOWN}", "muted"))
    return tuple(line)


SECTIONS = 6
"""How many sections an overview has."""


def overview(view: JobView, now: float, *, ascii_only: bool) -> tuple[Section, ...]:
    """All that was asked for, and what became of it."""
    return (
        _basic(view.job),
        _status(view, now, ascii_only=ascii_only),
        _configuration(view.job),
        _resources(view.job),
        _run(view.job),
        _attempts(view.job, now),
    )


def _row(label: str, text: str, style: StyleName = "") -> Row:
    return Row(label, (Cell(text, style),) if text else (Cell("not set", "muted"),))


def _lines(label: str, text: str, style: StyleName = "") -> list[Row]:
    """A row per line of a text, the label at the first."""
    return [Row(label if index == 0 else "", (Cell(line, style),)) for index, line in enumerate(text.split("\n"))]


def _basic(job: Job) -> Section:
    spec = job.spec
    return Section(
        "Basic Information",
        (
            _row("Job Name", spec.name, "strong"),
            *(_lines("Description", spec.description) if spec.description else (_row("Description", ""),)),
            _row("Job Type", spec.type.value),
            _row("Priority", spec.priority.value.capitalize()),
            _row("Experiment", spec.experiment),
        ),
    )


def _status(view: JobView, now: float, *, ascii_only: bool) -> Section:
    job = view.job
    rows = [Row("Status", jobs.status_badge(view.status, ascii_only=ascii_only))]
    if view.reason:
        rows.append(_row("Why", view.reason, "failed" if view.status is Status.FAILED else ""))
    progress = jobs.shown_progress(view)
    rows.append(_row("Progress", "not known" if progress is None else percent(progress * 100)))
    if view.status is Status.RUNNING:
        rows.append(_row("Time left", "not known" if view.eta_s is None else f"about {duration(view.eta_s)}"))
    rows.append(_row("Created", f"{moment(job.submitted_at)}, {_ago(job.submitted_at, now)}"))
    if view.started_at is not None:
        rows.append(_row("Started", moment(view.started_at)))
        rows.append(_row("Ran for", duration((view.ended_at or now) - view.started_at)))
    if view.ended_at is not None:
        rows.append(_row("Ended", moment(view.ended_at)))
    if view.exit_code is not None:
        rows.append(_row("Exit code", str(view.exit_code)))
    rows += [_row(name, number(value)) for name, value in view.latest[:4]]
    return Section("Status", tuple(rows))


def _ago(then: float, now: float) -> str:
    words = age(then, now)
    return "just now" if words == "now" else f"{words} ago"


def _configuration(job: Job) -> Section:
    config = job.spec.config
    return Section(
        "Configuration",
        (
            _row("Epochs", "" if config.epochs is None else str(config.epochs)),
            _row("Batch Size", "" if config.batch_size is None else str(config.batch_size)),
            _row("Learning Rate", "" if config.learning_rate is None else number(config.learning_rate)),
            _row("Optimizer", config.optimizer or ""),
        ),
    )


def _resources(job: Job) -> Section:
    spec = job.spec
    limit = "none" if spec.time_limit_s is None else duration(spec.time_limit_s)
    return Section(
        "Resources",
        (
            _row("CPU Cores", str(spec.resources.cpus)),
            _row("Memory (GB)", f"{spec.resources.memory_gb:.6g}"),
            _row("GPU Count", str(spec.resources.gpus)),
            _row("Node", spec.node or "whichever has room"),
            _row("Time Limit", limit),
        ),
    )


def _run(job: Job) -> Section:
    spec = job.spec
    is_text = len(spec.command) == 3 and spec.command[:2] == ("bash", "-c")
    command = spec.command[2] if is_text else shlex.join(spec.command)
    rows = [*_lines("Command", command, "accent"), _row("Directory", spec.workdir or "home directory")]
    if spec.env:
        rows.append(_row("Environment", " ".join(shlex.quote(f"{key}={value}") for key, value in spec.env)))
    if spec.setup:
        rows += _lines("Setup", spec.setup)
    rows.append(_row("Id", job.id, "muted"))
    return Section("Run", tuple(rows))


def _attempts(job: Job, now: float) -> Section:
    rows = tuple(Row(f"Attempt {split_attempt_id(item.id)[1]}", attempt(item, now)) for item in job.attempts)
    return Section("Attempts", rows or (Row("", (Cell("none yet", "muted"),)),))


def attempt(item: Attempt, now: float) -> Line:
    """Where an attempt ran, how long, how it ended."""
    words = [f"on {item.node}"]
    if item.started_at is not None:
        words.append(f"for {duration((item.ended_at or now) - item.started_at)}")
    style: StyleName = ""
    if item.outcome is None:
        words.append(item.phase.value)
        style = "failed" if item.phase in {AttemptPhase.LOST, AttemptPhase.NEVER_RAN} else ""
    elif item.outcome.is_success:
        words.append("ended with exit code 0")
        style = "completed"
    else:
        words.append(failure(item.outcome))
        style = "failed"
    if item.outcome is not None and item.outcome.peak_memory_mib is not None:
        words.append(f"peak memory {memory(item.outcome.peak_memory_mib)}")
    if item.outcome is not None and item.outcome.dropped_bytes:
        words.append(f"{count(item.outcome.dropped_bytes, 'byte')} of output lost (disk full)")
    return (Cell(", ".join(words), style),)


def history(lines: Sequence[HistoryLine]) -> tuple[Line, ...]:
    """What happened, oldest first, with the day where it changes."""
    shown: list[Line] = []
    day = ""
    for line in lines:
        this_day = moment(line.at)[:10]
        if this_day != day:
            day = this_day
            shown.append((Cell(f"{day} UTC", "strong"),))
        shown.append((Cell(f"  {clock(line.at)}  ", "muted"), Cell(line.text)))
    return tuple(shown) or ((Cell("Nothing is recorded of this job.", "muted"),),)


def asked(job: Job) -> Line:
    """What was asked for, above what is used."""
    wanted = job.spec.resources
    amounts = [count(wanted.cpus, "CPU core"), memory(wanted.memory_mib)]
    if wanted.gpus:
        amounts.append(count(wanted.gpus, "GPU"))
    return (Cell("asked for  ", "muted"), Cell(", ".join(amounts)))


@dataclass(frozen=True, slots=True)
class Series:
    """What was measured of one resource: the newest value in words, and the values over time."""

    label: str
    newest: str
    values: tuple[float, ...]


def usage(samples: Sequence[AttemptSample]) -> tuple[Series, ...]:
    """A series for each resource of which anything is known."""
    series: list[Series] = [
        _series("CPU", percent, [sample.cpu_percent for sample in samples]),
        _series("Memory", memory, [sample.memory_mib for sample in samples]),
        *_gpu_series(samples),
        _series("Disk read", rate, [sample.read_bytes_s for sample in samples]),
        _series("Disk write", rate, [sample.write_bytes_s for sample in samples]),
        _series("Node received", rate, [sample.node_rx_bytes_s for sample in samples]),
        _series("Node sent", rate, [sample.node_tx_bytes_s for sample in samples]),
    ]
    return tuple(item for item in series if item.values)


def _series(label: str, words: Callable[[float | None], str], values: Sequence[float | None]) -> Series:
    known = tuple(value for value in values if value is not None)
    return Series(label, words(known[-1] if known else None), known)


def _gpu_series(samples: Sequence[AttemptSample]) -> list[Series]:
    uuids = list(dict.fromkeys(gpu[0] for sample in samples for gpu in sample.gpus))
    series = []
    for place, uuid in enumerate(uuids):
        of = [next((gpu for gpu in sample.gpus if gpu[0] == uuid), None) for sample in samples]
        series.append(_series(f"GPU {place}", percent, [gpu[1] if gpu else None for gpu in of]))
        series.append(_series(f"GPU {place} memory", memory, [gpu[2] if gpu else None for gpu in of]))
    return series


def curves(points: Sequence[MetricPoint]) -> dict[str, list[tuple[float, float]]]:
    """Metrics by name as points to plot: over steps where the output names them, else in the order they came."""
    found: dict[str, list[tuple[float, float]]] = {}
    for point in points:
        values = found.setdefault(point.name, [])
        values.append((float(len(values)) if point.step is None else point.step, point.value))
    return found


def no_usage(view: JobView) -> Line:
    """What stands on the resources tab before there is a sample."""
    if not view.job.attempts:
        return (Cell("It has not run yet: what it uses is shown here once it does.", "muted"),)
    return (Cell("No sample was taken yet." if view.status is Status.RUNNING else "No sample was taken.", "muted"),)


def log_state(words: str, *, is_complete: bool) -> str:
    """The line under a log: a log to which nothing is added any more isn't followed, it is all there."""
    return words.replace("following", "complete") if is_complete else words


def no_log(view: JobView) -> str:
    """What the log pane says where there is no attempt."""
    why = f": {view.reason}" if view.reason else ""
    return f"It has not started yet{why}. Its log will appear here."
