"""The menu of what can be done with a job."""

from __future__ import annotations

from dataclasses import dataclass

from console.domain.jobs import Job
from console.tui.presenters.allowed import JobAction, why_not

MENU: tuple[JobAction, ...] = (
    "open",
    "logs",
    "edit",
    "clone",
    "stop",
    "restart",
    "raise-priority",
    "lower-priority",
    "delete",
)


@dataclass(frozen=True, slots=True)
class MenuItem:
    """An entry; `why_not` is empty where it can be done."""

    action: JobAction
    why_not: str


def items(job: Job) -> tuple[MenuItem, ...]:
    """All entries for a job, in a fixed order so that fingers can learn it."""
    # The menu's title says the name already.
    said = f"{job.spec.name} is "
    return tuple(MenuItem(action, why_not(action, job).removeprefix(said)) for action in MENU)
