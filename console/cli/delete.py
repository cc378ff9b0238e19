"""`clusterdeck delete`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from console.cli.actions import STILL_ENDING, act_on, must_ask, named, until_gone
from console.cli.session import Session, pass_session
from console.domain.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from console.engine.service import JobView, Service


@click.command("delete", epilog="Example: clusterdeck delete 12 --yes")
@click.argument("jobs", metavar="JOB...", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Don't ask. Needed without a terminal.")
@pass_session
def command(session: Session, jobs: tuple[str, ...], yes: bool) -> int:
    """Remove jobs with their configuration, logs, checkpoints and outputs. A Running job is stopped first."""
    refusal = "delete removes logs, checkpoints and outputs for good: without a terminal to ask on, add --yes."
    question = _question if must_ask(yes, refuse_unasked=refusal) else None
    return act_on(session, jobs, question, lambda *given: _delete(session, *given))


def _question(views: Sequence[JobView]) -> str:
    return f"Delete {named(views)} with configuration, logs, checkpoints and outputs? This can't be undone."


async def _delete(session: Session, service: Service, view: JobView) -> str:
    from console.domain.requests import DeleteJob  # noqa: PLC0415 - start-up

    await service.ask(DeleteJob(view.job.id))
    name = f"job {view.job.number} ({view.job.spec.name})"
    if await until_gone(service, view.job.id, session.settings.nodes.stop_grace_s + STILL_ENDING):
        return f"{name} is deleted"
    raise Refused(f"it is being stopped and leaves after that; `show {view.job.number}` says more.")
