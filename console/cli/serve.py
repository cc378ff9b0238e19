"""`clusterdeck serve`."""

from __future__ import annotations

import asyncio
import signal
import time
from typing import TYPE_CHECKING

import click

from console.cli.output import local_time, say
from console.cli.session import Session, pass_session
from console.domain.errors import InvalidInput

if TYPE_CHECKING:
    from console.engine.service import Service

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@click.command("serve", epilog="Example: clusterdeck serve --detach")
@click.option("--detach", is_flag=True, help="Go on in the background, until `serve --stop` or a restart.")
@click.option("--stop", is_flag=True, help="Stop the process that schedules in the background. Jobs run on.")
@pass_session
def command(session: Session, detach: bool, stop: bool) -> int:
    """Schedule without a screen, until SIGTERM or ctrl+c. Running jobs go on when it ends."""
    if detach and stop:
        raise InvalidInput("--detach and --stop exclude each other: choose one.")
    from console.engine.service import Mode  # noqa: PLC0415 - start-up

    if stop:
        return session.run(Mode.OBSERVE, _stop)
    if detach:
        return session.run(Mode.LEAD_IF_FREE, _detach)
    return session.run(Mode.LEAD, _serve)


async def _stop(service: Service) -> int:
    if await service.stop_leader():
        say("The background process has stopped. Running jobs go on; nothing new starts.")
    else:
        say("Nobody schedules in the background: there was nothing to stop.")
    return 0


async def _detach(service: Service) -> int:
    from console.engine.service import Watching  # noqa: PLC0415 - start-up

    role = service.role
    if isinstance(role, Watching) and role.leader is not None:
        say(f"Process {role.leader.pid} on {role.leader.host} schedules already ({role.leader.kind}).")
        return 0
    leader = await service.continue_in_background()
    say(f"Process {leader.pid} schedules in the background; `clusterdeck serve --stop` ends it.")
    return 0


async def _serve(service: Service) -> int:
    from console.cli.follow import Teller  # noqa: PLC0415 - start-up
    from console.engine.service import Leading  # noqa: PLC0415 - start-up

    teller = Teller(lambda line: say(f"{local_time(time.time())}  {line}"), None)
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, asked.set)

    async def watch() -> None:
        async for change in service.changes():
            for job in sorted(change.jobs & service.jobs().keys()):
                teller(service.view(job))
            if change.role and not isinstance(service.role, Leading):
                return

    say(f"{local_time(time.time())}  scheduling; ctrl+c or SIGTERM ends it, running jobs go on")
    watching, ending = asyncio.ensure_future(watch()), asyncio.ensure_future(asked.wait())
    try:
        await asyncio.wait((watching, ending), return_when=asyncio.FIRST_COMPLETED)
        if watching.done():
            watching.result()
            say(service.problem or "Another process has taken the lead: this one ends.")
            return 1
        return 0
    finally:
        watching.cancel()
        ending.cancel()
        await asyncio.gather(watching, ending, return_exceptions=True)
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
