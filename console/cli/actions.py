"""What stop, restart and delete have in common: find all jobs first, ask once, then go on past refusals."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import click

from console.cli.output import can_ask, say
from console.domain.errors import ClusterdeckError, InvalidInput
from console.domain.text import clean

if TYPE_CHECKING:
    from console.cli.session import Session
    from console.domain.ids import JobId
    from console.engine.service import JobView, Service

Act = Callable[["Service", "JobView"], Awaitable[str]]
STILL_ENDING = 30.0


def act_on(session: Session, jobs: Sequence[str], question: Callable[[Sequence[JobView]], str] | None, act: Act) -> int:
    """Do something with each job and say what came of it. The exit code is that of the first refusal, else 0."""
    from console.engine.service import Mode  # noqa: PLC0415 - start-up

    if question is not None and not _agreed(session, jobs, question):
        say("Nothing was done.")
        return 1

    async def work(service: Service) -> int:
        views = _distinct(service.find(job) for job in jobs)
        code = 0
        for view in views:
            try:
                say(await act(service, view))
            except ClusterdeckError as error:
                say(f"job {view.job.number} ({view.job.spec.name}): {error}")
                code = code or error.exit_code
        return code

    return session.run(Mode.LEAD_IF_FREE, work)


def _agreed(session: Session, jobs: Sequence[str], question: Callable[[Sequence[JobView]], str]) -> bool:
    from console.engine.service import Mode  # noqa: PLC0415 - start-up

    text = ""

    async def look(service: Service) -> int:
        nonlocal text
        text = question(_distinct(service.find(job) for job in jobs))
        return 0

    # The person may think for long: meanwhile nothing is open that others would have to wait for.
    session.run(Mode.OBSERVE, look)
    return click.confirm(clean(text), err=True)


def must_ask(yes: bool, *, refuse_unasked: str = "") -> bool:
    """Whether a question is to be asked. Without a person to answer, `refuse_unasked` (if given) is the error."""
    if yes:
        return False
    if can_ask():
        return True
    if refuse_unasked:
        raise InvalidInput(refuse_unasked)
    return False


def named(views: Sequence[JobView]) -> str:
    """The jobs by number and name, the first few of them."""
    texts = [f"{view.job.number} ({view.job.spec.name})" for view in views[:5]]
    if len(views) > len(texts):
        texts.append(f"{len(views) - len(texts)} more")
    return ("job " if len(views) == 1 else "jobs ") + ", ".join(texts)


async def until_gone(service: Service, job: JobId, timeout_s: float) -> bool:
    """Wait until a job left; False if it is still there when the time is over."""
    from console.cli.follow import listen  # noqa: PLC0415 - start-up

    try:
        async with asyncio.timeout(timeout_s), listen(service) as next_change:
            while job in service.jobs():
                await next_change()
    except TimeoutError:
        return False
    return True


def _distinct(views: Iterable[JobView]) -> list[JobView]:
    return list({view.job.id: view for view in views}.values())
