"""`clusterdeck restart`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from console.cli.actions import act_on, must_ask, named
from console.cli.session import Session, pass_session
from console.cli.words import NOBODY_SCHEDULES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from console.engine.service import JobView, Service


@click.command("restart", epilog="Example: clusterdeck restart 12")
@click.argument("jobs", metavar="JOB...", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Don't ask.")
@pass_session
def command(session: Session, jobs: tuple[str, ...], yes: bool) -> int:
    """Queue Failed or Completed jobs again. Their age starts anew; checkpoints and earlier logs are kept."""
    return act_on(session, jobs, _question if must_ask(yes) else None, _restart)


def _question(views: Sequence[JobView]) -> str:
    return f"Queue {named(views)} again?"


async def _restart(service: Service, view: JobView) -> str:
    from console.domain.requests import RestartJob  # noqa: PLC0415 - start-up
    from console.engine.service import Leading  # noqa: PLC0415 - start-up

    await service.ask(RestartJob(view.job.id))
    text = f"job {view.job.number} ({view.job.spec.name}) is queued again"
    if isinstance(service.role, Leading):
        # The lead was taken for this request only: it ends with this process.
        text += f". {NOBODY_SCHEDULES}"
    return text
