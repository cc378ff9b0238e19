"""Shows the console over an engine until the person leaves."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress

from console.domain.errors import ClusterdeckError, InvalidInput
from console.domain.ids import JobId
from console.engine.service import Mode, OpenService, Service
from console.tui.app import ConsoleApp

_LEAVE_S = 30.0


async def show(
    open_service: OpenService,
    *,
    only_ascii: bool,
    theme: str,
    mouse: bool,
    keys: Mapping[str, str],
    first: JobId | None = None,
) -> int:
    """Open the engine and the screen on it, with the cursor on the job `first`; returns the exit code.

    InvalidInput without a terminal for it: Textual would wait for keys that never come.
    """
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        raise InvalidInput(
            "The console needs a terminal for stdin, stdout and stderr: open it on one, or use the commands that "
            "`clusterdeck --help` lists (`clusterdeck serve --detach` schedules without a screen)."
        )
    async with open_service(Mode.LEAD_IF_FREE) as service:
        app = ConsoleApp(service, only_ascii=only_ascii, theme=theme, keys=keys, first_job=first)
        leaving: list[asyncio.Task[None]] = []
        loop = asyncio.get_running_loop()
        for number in (signal.SIGHUP, signal.SIGTERM):
            loop.add_signal_handler(number, lambda: leaving.append(asyncio.create_task(_leave(app, service))))
        await app.run_async(mouse=mouse)
        await asyncio.gather(*leaving)
        return app.return_code or 0


async def _leave(app: ConsoleApp, service: Service) -> None:
    """Nobody can be asked any more: what waits goes on in the background, and this process ends for sure.

    Drawing on a terminal that is gone can block for ever, and the interpreter waits for the thread that draws.
    """
    last_resort = threading.Timer(_LEAVE_S, os._exit, (1,))
    last_resort.daemon = True
    last_resort.start()
    try:
        with suppress(ClusterdeckError):
            if service.work_pending():
                await service.continue_in_background()
    finally:
        app.exit()
