"""What may be done with a job in its present state, and the sentence that says why not."""

from __future__ import annotations

from typing import Literal

from console.domain.jobs import Job, Priority, Running, Starting, Status

JobAction = Literal["edit", "stop", "restart", "delete", "raise-priority", "lower-priority", "clone", "logs", "open"]


def why_not(action: JobAction, job: Job) -> str:
    """Why the action can't be done with this job now; empty if it can."""
    status = job.status.value.capitalize()
    match action:
        case "edit":
            if job.status in {Status.PENDING, Status.FAILED} and not isinstance(job.state, Starting):
                return ""
            what = "Starting" if isinstance(job.state, Starting) else status
            return f"{what} jobs cannot be edited: only Pending and Failed ones can. Clone it instead."
        case "stop":
            if job.status in {Status.COMPLETED, Status.FAILED}:
                return f"{job.spec.name} is {status}: there is nothing to stop."
            if isinstance(job.state, Running | Starting) and job.state.stop_reason:
                return f"{job.spec.name} is already being stopped."
            return ""
        case "restart":
            if job.status in {Status.COMPLETED, Status.FAILED}:
                return ""
            return f"{job.spec.name} is {status}: only Failed and Completed jobs can be restarted."
        case "raise-priority" | "lower-priority":
            return _why_not_priority(action, job)
        case "delete":
            return f"{job.spec.name} is already being deleted." if job.delete_requested else ""
        case "clone" | "logs" | "open":
            return ""


def _why_not_priority(action: JobAction, job: Job) -> str:
    if job.status not in {Status.PENDING, Status.FAILED} or isinstance(job.state, Starting):
        what = "being started" if isinstance(job.state, Starting) else job.status.value.capitalize()
        return f"{job.spec.name} is {what}: its priority no longer matters."
    if changed_priority(job.spec.priority, up=action == "raise-priority") is None:
        end = "highest" if action == "raise-priority" else "lowest"
        return f"{job.spec.name} already has the {end} priority."
    return ""


def changed_priority(priority: Priority, *, up: bool) -> Priority | None:
    """The next priority up or down; None at the end."""
    order = (Priority.LOW, Priority.MEDIUM, Priority.HIGH)
    place = order.index(priority) + (1 if up else -1)
    return order[place] if 0 <= place < len(order) else None
