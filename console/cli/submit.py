"""`clusterdeck submit`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.cli.options import flag, given, job_options, read_job
from console.cli.output import say
from console.cli.session import Session, pass_session
from console.cli.words import NOBODY_SCHEDULES
from console.domain.errors import InvalidInput

if TYPE_CHECKING:
    from console.domain.ids import JobId
    from console.domain.jobs import JobSpec
    from console.engine.service import Service


@click.command(
    "submit",
    epilog="Example: clusterdeck submit --epochs 3 --gpus 1 -- python train.py --epochs {epochs}",
)
@click.option("--file", "file", metavar="FILE", type=click.Path(path_type=Path), help="A job in TOML or YAML.")
@job_options(with_type=True)
@click.option("--wait", is_flag=True, help="Follow the job; exit with 0 if it completes, 1 if it fails.")
@click.argument("argv", metavar="COMMAND...", nargs=-1, type=click.UNPROCESSED)
@pass_session
def command(session: Session, /, file: Path | None, wait: bool, argv: tuple[str, ...], **options: object) -> int:
    """Queue one job and print its id.

    Put -- before the COMMAND. {epochs}, {batch_size}, {learning_rate}, {optimizer} and {checkpoint_dir} in it are
    filled in. It runs in the current directory unless --workdir or the file names another. Options win over the file.
    """
    spec = _spec(file, given(options, argv))

    from console.engine.service import Mode  # noqa: PLC0415 - start-up

    async def work(service: Service) -> int:
        from console.engine.service import Watching  # noqa: PLC0415 - start-up

        done = await service.submit(spec)
        click.echo(done.job)
        say(f"job {done.number} queued: {spec.name}")
        _warn_of_environment(spec)
        if wait:
            return await _wait(service, done.job)
        if isinstance(service.role, Watching) and service.role.leader is None:
            say(NOBODY_SCHEDULES)
        return 0

    return session.run(Mode.LEAD_IF_FREE if wait else Mode.OBSERVE, work)


def _warn_of_environment(spec: JobSpec) -> None:
    """Jobs get the node's login environment: what this shell has activated is not in it."""
    active = os.environ.get("VIRTUAL_ENV") or os.environ.get("CONDA_PREFIX")
    if active and not spec.setup and not any(active in part for part in spec.command):
        say(
            f"The environment {active} is active here, but not in the job, which gets the login environment: "
            "add `--setup 'source …/bin/activate'`, or name its python in the command."
        )


def _spec(file: Path | None, typed: dict[str, object]) -> JobSpec:
    values: dict[str, object] = {"workdir": os.curdir}
    if file is not None:
        from console.config.job_file import load_job_file  # noqa: PLC0415 - start-up

        values |= load_job_file(file)
    elif "command" not in typed:
        raise InvalidInput(
            "No command was given: put it after --, as in `clusterdeck submit -- python train.py`, or name a --file."
        )
    return read_job(
        values | typed,
        lambda key: flag(key) if file is None or key in typed else f"{file}, {key}",
    )


async def _wait(service: Service, job: JobId) -> int:
    from console.cli.follow import Teller, follow  # noqa: PLC0415 - start-up
    from console.domain.jobs import Status  # noqa: PLC0415 - start-up

    ended = await follow(service, (job,), Teller(say, None))
    return 0 if ended[job].status is Status.COMPLETED else 1
