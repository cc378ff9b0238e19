"""What a confirmation says: the objects by name, and what is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from console.domain.jobs import Job, Status
from console.tui.presenters.words import count

_MOST_NAMES = 6


@dataclass(frozen=True, slots=True)
class Question:
    """A dialog: `lines` is its body, `yes` the label of the button that does it."""

    title: str
    lines: tuple[str, ...]
    yes: str


def stop(jobs: Sequence[Job]) -> Question:
    """Stopping loses what wasn't saved."""
    running = [job for job in jobs if job.status is Status.RUNNING]
    lost = (
        ("Stopping a job loses all progress since its last checkpoint.",)
        if running
        else ("It has not started yet: it leaves the queue and becomes Failed, stopped by user.",)
    )
    return Question(f"Stop {_what(jobs)}?", (*_names(jobs), *lost), "Stop")


def restart(jobs: Sequence[Job]) -> Question:
    """Restarting puts it at the end of its priority."""
    return Question(
        f"Restart {_what(jobs)}?",
        (*_names(jobs), "It is queued again from the start, behind the jobs that already wait with its priority."),
        "Restart",
    )


def delete(jobs: Sequence[Job]) -> Question:
    """Deleting loses everything."""
    running = [job for job in jobs if job.status is Status.RUNNING]
    lines = [*_names(jobs), "This permanently removes:", "  - its configuration", "  - its training logs"]
    lines.append("  - its checkpoints and outputs")
    if running:
        lines.append("It is stopped first." if len(jobs) == 1 else "Running ones are stopped first.")
    lines.append("This cannot be undone.")
    return Question(f"Delete {_what(jobs)}?", tuple(lines), "Delete")


def discard(what: str) -> Question:
    """Leaving a form in which something was typed."""
    return Question("Discard what you typed?", (f"{what} has changes that are not saved.",), "Discard")


def leave(pending: int) -> Question:
    """Quitting while this console schedules and jobs wait."""
    wait = "1 job waits" if pending == 1 else f"{pending} jobs wait"
    return Question(
        "Quit?",
        (
            f"{wait} for this console to schedule.",
            "Running jobs go on either way; waiting ones only if something schedules them.",
        ),
        "Quit",
    )


def _what(jobs: Sequence[Job]) -> str:
    return f"{jobs[0].spec.name}" if len(jobs) == 1 else count(len(jobs), "job")


def _names(jobs: Sequence[Job]) -> tuple[str, ...]:
    if len(jobs) == 1:
        return (f"Job #{jobs[0].number} is {jobs[0].status.value.capitalize()}.",)
    named = tuple(f"  #{job.number} {job.spec.name}" for job in jobs[:_MOST_NAMES])
    rest = len(jobs) - _MOST_NAMES
    return named if rest <= 0 else (*named, f"  and {rest} more")
