"""`clusterdeck show`."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from console.cli.output import local_time, put, put_json
from console.cli.session import Session, pass_session

if TYPE_CHECKING:
    from console.domain.jobs import Attempt
    from console.engine.service import HistoryLine, JobView, Service


@click.command("show", epilog="Example: clusterdeck show 12 --json")
@click.argument("job", metavar="JOB")
@click.option("--json", "as_json", is_flag=True, help="One JSON document, with attempt_list and events.")
@pass_session
def command(session: Session, job: str, as_json: bool) -> int:
    """Show all about one job, its attempts and events. A JOB is its number, its id, or its unique name."""
    from console.engine.service import Mode  # noqa: PLC0415 - start-up

    async def work(service: Service) -> int:
        view = service.find(job)
        attempts = view.job.attempts
        history = await service.history(view.job.id)
        if as_json:
            from console.cli import documents  # noqa: PLC0415 - start-up

            put_json(
                documents.job(view)
                | {
                    "attempt_list": [documents.attempt(attempt) for attempt in attempts],
                    "events": [documents.event(line) for line in history],
                }
            )
        else:
            put(render(view, attempts, history))
        return 0

    return session.run(Mode.OBSERVE, work)


def render(view: JobView, attempts: Sequence[Attempt], history: Sequence[HistoryLine]) -> str:
    """The job in sections, those of the product's details panel first."""
    sections = [
        _section("Basic Information", _basic(view)),
        _section("Configuration", _configuration(view)),
        _section("Resources", _resources(view)),
        _section("Run", _run(view)),
    ]
    if attempts:
        sections.append("Attempts\n" + "\n".join(f"  {_attempt(attempt)}" for attempt in attempts))
    if history:
        sections.append("Events\n" + "\n".join(f"  {local_time(line.at)}  {line.text}" for line in history))
    return "\n\n".join(sections)


def _section(title: str, pairs: Sequence[tuple[str, str]]) -> str:
    lines = [f"  {label:<14} {value}" for label, value in pairs if value]
    return "\n".join([title, *(lines or ["  nothing was given"])])


def _basic(view: JobView) -> list[tuple[str, str]]:
    from console.cli.words import percent, span  # noqa: PLC0415 - start-up

    spec = view.job.spec
    return [
        ("Job", f"{view.job.number} ({view.job.id})"),
        ("Job Name", spec.name),
        ("Description", " / ".join(spec.description.splitlines())),
        ("Job Type", spec.type.value),
        ("Status", view.status.value.capitalize() + (f": {view.reason}" if view.reason else "")),
        ("Progress", percent(view.progress) + (f", {span(view.eta_s)} left" if view.eta_s is not None else "")),
        ("Metrics", ", ".join(f"{name} {value:.4g}" for name, value in view.latest)),
        ("Priority", spec.priority.value.capitalize()),
        ("Experiment", spec.experiment),
        ("Created", local_time(view.job.submitted_at)),
        ("Started", "" if view.started_at is None else local_time(view.started_at)),
        ("Ended", "" if view.ended_at is None else local_time(view.ended_at)),
        ("Exit code", "" if view.exit_code is None else str(view.exit_code)),
    ]


def _configuration(view: JobView) -> list[tuple[str, str]]:
    config = view.job.spec.config
    rate = config.learning_rate
    return [
        ("Epochs", str(config.epochs or "")),
        ("Batch Size", str(config.batch_size or "")),
        ("Learning Rate", "" if rate is None else f"{rate:g}"),
        ("Optimizer", config.optimizer or ""),
    ]


def _resources(view: JobView) -> list[tuple[str, str]]:
    from console.core.durations import format_duration  # noqa: PLC0415 - start-up

    spec = view.job.spec
    last = view.job.last_attempt
    return [
        ("CPU Cores", str(spec.resources.cpus)),
        ("Memory (GB)", f"{spec.resources.memory_gb:g}"),
        ("GPU Count", str(spec.resources.gpus)),
        ("GPUs", ", ".join(last.gpus) if last else ""),
        ("Node", view.node or (f"only {spec.node}" if spec.node else "")),
        ("Time Limit", "" if spec.time_limit_s is None else format_duration(spec.time_limit_s)),
    ]


def _run(view: JobView) -> list[tuple[str, str]]:
    spec = view.job.spec
    return [
        ("Command", " ↵ ".join(shlex.join(spec.command).splitlines())),
        ("Directory", spec.workdir or "~"),
        ("Environment", " ".join(shlex.quote(f"{key}={value}") for key, value in spec.env)),
        ("Setup", " ↵ ".join(spec.setup.splitlines())),
    ]


def _attempt(attempt: Attempt) -> str:
    from console.cli.words import span  # noqa: PLC0415 - start-up

    parts = [f"{attempt.id.rpartition('-')[2]}.", f"on {attempt.node}", attempt.phase.value]
    outcome = attempt.outcome
    if outcome is not None:
        if outcome.duration_s is not None:
            parts.append(f"after {span(outcome.duration_s)}")
        if outcome.code is not None:
            parts.append(f"exit code {outcome.code}")
        if outcome.reason and outcome.reason != f"exit code {outcome.code}":
            parts.append(outcome.reason)
        if outcome.peak_memory_mib is not None:
            parts.append(f"peak memory {outcome.peak_memory_mib:.0f} MiB")
    return ", ".join(parts)
