"""`clusterdeck jobs`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from console.cli.output import put, put_json, say, width
from console.cli.session import Session, pass_session

if TYPE_CHECKING:
    from console.engine.service import JobView, Service


@click.command("jobs", epilog="Example: clusterdeck jobs 'status:failed prio:high exp:bert gpu>=2 age<2d'")
@click.argument("words", metavar="[FILTER]", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="One JSON document: a list of jobs.")
@pass_session
def command(session: Session, words: tuple[str, ...], as_json: bool) -> int:
    """List jobs, the newest first.

    Words of the FILTER match the name; status: prio: exp: node: type: gpu>= cpu>= mem>= age< number: ask for more;
    ! negates, a space is and, a comma is or.
    """
    from console.cli.follow import ENDED  # noqa: PLC0415 - start-up
    from console.cli.words import NOBODY_SCHEDULES  # noqa: PLC0415 - start-up
    from console.core.filters import facts_of, matches, parse  # noqa: PLC0415 - start-up
    from console.engine.service import Mode, Watching  # noqa: PLC0415 - start-up

    wanted = parse(" ".join(words))

    async def work(service: Service) -> int:
        now = time.time()
        every = service.jobs().values()
        chosen = [job.id for job in every if matches(wanted, facts_of(job, now))]
        views = sorted((service.view(job) for job in chosen), key=lambda view: -view.job.number)
        if as_json:
            from console.cli import documents  # noqa: PLC0415 - start-up

            put_json([documents.job(view) for view in views])
        elif views:
            put(render(views, now, width()))
            if service.role == Watching(None) and any(view.status not in ENDED for view in views):
                say(f"{NOBODY_SCHEDULES} What runs is shown as last known.")
            if len(views) < len(every):
                say(f"{len(views)} of {len(every)} jobs")
        else:
            say(
                f"None of {len(every)} jobs passes the filter."
                if every
                else "There are no jobs yet: `clusterdeck submit --help` says how to queue one."
            )
        return 0

    return session.run(Mode.OBSERVE, work)


def render(views: list[JobView], now: float, columns: int | None) -> str:
    """The table."""
    from console.cli.tables import Column, table  # noqa: PLC0415 - start-up
    from console.cli.words import percent, span  # noqa: PLC0415 - start-up

    heads = (
        Column("#", right=True),
        Column("NAME", flexible=True),
        Column("TYPE", rank=6),
        Column("STATUS"),
        Column("PRIO", rank=3),
        Column("EXPERIMENT", rank=5, flexible=True),
        Column("PROGRESS", rank=1, right=True),
        Column("AGE", rank=2, right=True),
        Column("NODE", rank=7),
        Column("REASON", rank=4, flexible=True),
    )
    rows = [
        (
            str(view.job.number),
            view.job.spec.name,
            view.job.spec.type.value,
            view.status.value,
            view.job.spec.priority.value,
            view.job.spec.experiment,
            percent(view.progress),
            span(now - view.job.submitted_at),
            view.node or "",
            view.reason,
        )
        for view in views
    ]
    return table(heads, rows, columns)
