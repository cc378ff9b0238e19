"""`clusterdeck edit`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from console.cli.options import flag, given, job_options, read_job
from console.cli.output import say
from console.cli.session import Session, pass_session
from console.domain.errors import InvalidInput

if TYPE_CHECKING:
    from console.engine.service import Service


@click.command("edit", epilog="Example: clusterdeck edit 12 --priority high --epochs 5")
@click.argument("job", metavar="JOB")
@job_options(with_type=False)
@click.argument("argv", metavar="[COMMAND...]", nargs=-1, type=click.UNPROCESSED)
@pass_session
def command(session: Session, /, job: str, argv: tuple[str, ...], **options: object) -> int:
    """Change a Pending or Failed job. What isn't named stays; --env replaces all variables; the type never changes."""
    changes = given(options, argv)
    if not changes:
        raise InvalidInput("Nothing to change was given: name at least one option, such as --priority high.")
    from console.engine.service import Mode  # noqa: PLC0415 - start-up

    async def work(service: Service) -> int:
        from console.domain.requests import EditJob  # noqa: PLC0415 - start-up

        view = service.find(job)
        spec = read_job(changes, flag, view.job.spec)
        await service.ask(EditJob(view.job.id, spec))
        say(f"job {view.job.number} ({spec.name}) is changed")
        return 0

    return session.run(Mode.LEAD_IF_FREE, work)
