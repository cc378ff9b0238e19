"""The line at the top: where one is, and who schedules."""

from __future__ import annotations

from console.engine.service import Leading, Role, Watching
from console.tui.presenters.cells import Cell, Line


def role_line(role: Role, schedule_key: str) -> Line:
    """Who leads, and what to press if nobody does."""
    if isinstance(role, Leading):
        return (Cell("this console schedules", "good"),)
    if role.leader is None:
        return (
            Cell("nobody schedules: press ", "warning"),
            Cell(schedule_key, "key"),
            Cell(" to schedule in the background", "warning"),
        )
    who = "serve" if role.leader.kind == "serve" else "another console"
    return (Cell(f"watching; {who} (pid {role.leader.pid}) schedules", "accent"),)


def short_role_line(role: Role, schedule_key: str) -> Line:
    """The same for a narrow terminal."""
    match role:
        case Watching(leader=None):
            return (Cell("nobody schedules: ", "warning"), Cell(schedule_key, "key"), Cell(" starts it", "warning"))
        case _:
            return role_line(role, schedule_key)
