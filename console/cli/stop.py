"""`clusterdeck stop`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from console.cli.actions import STILL_ENDING, act_on, must_ask, named
from console.cli.session import Session, pass_session
from console.domain.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from console.engine.service import JobView, Service


@click.command("stop", epilog="Example: clusterdeck stop 12 13 --yes")
@click.argument("jobs", metavar="JOB...", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Don't ask.")
@pass_session
def command(session: Session, jobs: tuple[str, ...], yes: bool) -> int:
    """End jobs: SIGTERM, a grace period, then everything they started.

    A Pending job becomes Failed with the reason "stopped by user". Without a terminal nothing is asked.
    """
    return act_on(session, jobs, _question if must_ask(yes) else None, lambda *given: _stop(session, *given))


def _question(views: Sequence[JobView]) -> str:
    return f"Stop {named(views)}? What was not checkpointed is lost."


async def _stop(session: Session, service: Service, view: JobView) -> str:
    from console.domain.requests import StopJob  # noqa: PLC0415 - start-up

    await service.ask(StopJob(view.job.id))
    name = f"job {view.job.number} ({view.job.spec.name})"
    try:
        async with asyncio.timeout(session.settings.nodes.stop_grace_s + STILL_ENDING):
            ended = await service.wait_for_end(view.job.id)
    except TimeoutError:
        raise Refused(f"it was told to stop and is still ending; `show {view.job.number}` says more.") from None
    return f"{name}: {ended.status.value}" + (f", {ended.reason}" if ended.reason else "")
