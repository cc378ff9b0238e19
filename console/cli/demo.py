"""`clusterdeck demo`."""

from __future__ import annotations

import importlib.util
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.cli.output import is_terminal, put, say
from console.cli.session import Session, pass_session
from console.domain.errors import Refused
from console.domain.jobs import Hyperparameters, JobSpec, Priority, Status
from console.domain.resources import Resources

if TYPE_CHECKING:
    from console.domain.ids import JobId
    from console.engine.service import JobView, Service

_NEEDED = ("sklearn", "tqdm")
_HYPERPARAMETERS = (
    *("--epochs", "{epochs}"),
    *("--batch-size", "{batch_size}"),
    *("--lr", "{learning_rate}"),
    *("--optimizer", "{optimizer}"),
)
_STOP_AT = 0.02


@dataclass(frozen=True, slots=True)
class Example:
    """One training of the demo. `ends` is the status that it declares; `is_stopped` says that the demo stops it once
    it makes progress."""

    script: str
    name: str
    description: str
    config: Hyperparameters
    ends: Status = Status.COMPLETED
    is_stopped: bool = False
    priority: Priority = Priority.MEDIUM


EXAMPLES = (
    Example(
        "train_tqdm.py",
        "digits - plain tqdm script",
        "Handwritten digits, by a script that knows nothing of clusterdeck: its progress bar is read as it is.",
        Hyperparameters(15, 32, 0.0003, "AdamW"),
        priority=Priority.HIGH,
    ),
    Example(
        "train_metrics.py",
        "digits - metrics and checkpoints",
        "Handwritten digits, by a script that writes metrics and goes on from its checkpoint.",
        Hyperparameters(15, 32, 0.01, "SGD"),
    ),
)
MORE_EXAMPLES = (
    Example(
        "train_fails.py",
        "digits - diverges",
        "Its learning rate grows by mistake: the loss explodes half-way, and it ends with a traceback.",
        Hyperparameters(10, 32, 0.005, "SGD"),
        ends=Status.FAILED,
    ),
    Example(
        "train_long.py",
        "digits - several minutes",
        "Long enough to be watched and stopped; it logs in several levels.",
        Hyperparameters(200, 16, 0.0001, "Lion"),
        ends=Status.FAILED,
        is_stopped=True,
        priority=Priority.LOW,
    ),
)


@click.command("demo", epilog="Example: clusterdeck demo --no-screen")
@click.option("--no-screen", is_flag=True, help="Print the progress instead of opening the console.")
@click.option("--all", "with_all", is_flag=True, help="Add one that fails half-way and one long enough to stop.")
@pass_session
def command(session: Session, no_screen: bool, with_all: bool) -> int:
    """Run two short example trainings on this machine and watch them.

    Ends with 0 when each ended as it declares: the short ones complete, the one that fails fails. Without a screen
    the long one is stopped once it runs; on the screen, stop it yourself (x).
    """
    from console.engine.service import Mode  # noqa: PLC0415 - start-up

    folder = _folder()
    examples = EXAMPLES + (MORE_EXAMPLES if with_all else ())
    queued: dict[JobId, Example] = {}

    async def submit(service: Service) -> int:
        for example in examples:
            done = await service.submit(spec_of(example, folder))
            queued[done.job] = example
            put(f"job {done.number} queued: {example.name}")
        return 0

    async def submit_and_follow(service: Service) -> int:
        await submit(service)
        return await _follow(service, queued)

    if no_screen or not is_terminal():
        return session.run(Mode.LEAD_IF_FREE, submit_and_follow)
    session.run(Mode.OBSERVE, submit)
    return session.console(tuple(queued))


def spec_of(example: Example, folder: Path) -> JobSpec:
    """The job of an example, run by the Python that runs this."""
    return JobSpec(
        name=example.name,
        command=(sys.executable, str(folder / example.script), *_HYPERPARAMETERS),
        description=example.description,
        priority=example.priority,
        experiment="demo",
        resources=Resources(cpus=1, memory_mib=1024),
        config=example.config,
        workdir=str(folder),
    )


def _folder() -> Path:
    import console  # noqa: PLC0415 - where it lies is asked here only

    folder = Path(console.__file__).resolve().parents[1] / "examples"
    if not (folder / EXAMPLES[0].script).is_file():
        raise Refused(f"The examples are not in {folder}: run the demo from a checkout of the repository.")
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise Refused(
            f"The examples need {' and '.join(missing)}, which this Python lacks: install them with "
            "`pip install 'clusterdeck[examples]'` (in a checkout: `pip install -e '.[examples]'`)."
        )
    return folder


async def _follow(service: Service, queued: dict[JobId, Example]) -> int:
    import asyncio  # noqa: PLC0415 - start-up

    from console.cli.follow import Teller, follow  # noqa: PLC0415 - start-up
    from console.domain.requests import StopJob  # noqa: PLC0415 - start-up

    started = time.monotonic()
    teller = Teller(lambda line: put(f"{time.monotonic() - started:5.1f} s  {line}"), 1.0)
    stopping: dict[JobId, asyncio.Future[None]] = {}

    def look(view: JobView) -> None:
        teller(view)
        job = view.job.id
        if queued[job].is_stopped and job not in stopping and (view.progress or 0) >= _STOP_AT:
            put(f"job {view.job.number} is stopped now, as the demo does with the long one")
            stopping[job] = asyncio.ensure_future(service.ask(StopJob(job)))

    ended = await follow(service, queued, look)
    await asyncio.gather(*stopping.values())
    surprises = [view for job, view in ended.items() if view.status is not queued[job].ends]
    for view in surprises:
        say(
            f"job {view.job.number} ({view.job.spec.name}) should have ended {queued[view.job.id].ends.value}, "
            f"but {view.status.value}: `clusterdeck logs {view.job.number}` shows what it wrote."
        )
    if not surprises:
        put("Each ended as it declares. `clusterdeck` opens the console on them.")
    return 1 if surprises else 0
