"""The composition root: hands each part the others that it needs."""

from __future__ import annotations

import asyncio
import logging
import logging.handlers
import os
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import TextIOWrapper

from console.backends.agents import AgentsBackend
from console.config.paths import Home
from console.config.settings import Settings
from console.domain.errors import StoreUnusable
from console.engine.clock import SystemClock
from console.engine.facade import EngineService
from console.engine.loop import EngineSettings
from console.engine.roles import Parts
from console.engine.service import Mode, OpenService, Service
from console.ports import Backend
from console.store import open_leader, open_reader

LOCAL_NODE = ("local", "local")
_LOG_BYTES = 1 << 20


def open_service(home: Home, settings: Settings) -> OpenService:
    """The function that opens a service on a home's database."""

    @asynccontextmanager
    async def opened(mode: Mode) -> AsyncIterator[Service]:
        _make_directories(home)
        service = EngineService(_parts(home, settings), mode, "serve" if mode is Mode.LEAD else "console")
        await service.open()
        try:
            yield service
        finally:
            await service.close()

    return opened


class _PrivateLog(logging.handlers.RotatingFileHandler):
    """A log that is this user's alone, whatever the umask, also after it was begun anew."""

    def _open(self) -> TextIOWrapper:
        return open(self.baseFilename, "a", encoding="utf-8", opener=_open_private)


def _open_private(path: str, flags: int) -> int:
    descriptor = os.open(path, flags | os.O_CLOEXEC, 0o600)
    os.fchmod(descriptor, 0o600)
    return descriptor


def log_to_file(home: Home) -> None:
    """Send what this process has to say to a file of its home: the screen belongs to the console."""
    _make_directories(home)
    path = home.data_dir / "console.log"
    try:
        handler = _PrivateLog(path, maxBytes=_LOG_BYTES, backupCount=1)
    except OSError as error:
        raise StoreUnusable(
            f"{path} can't be written ({error.strerror}): check the permissions, or start with another `--home DIR`."
        ) from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])


def _parts(home: Home, settings: Settings) -> Parts:
    clock = SystemClock()
    database = str(home.database)

    def make_backend(database_id: str, epoch: int | None) -> Backend:
        return AgentsBackend(
            [LOCAL_NODE],
            state_dir=str(home.agent_state_dir),
            database_id=database_id,
            epoch=epoch,
            clock=clock,
            idle_s=settings.nodes.agent_idle_minutes * 60,
        )

    return Parts(
        open_reader=lambda: open_reader(database, clock),
        open_leader=lambda kind: open_leader(database, clock, kind=kind),
        make_backend=make_backend,
        spawn_leader=lambda: asyncio.to_thread(_spawn_leader, home),
        clock=clock,
        entropy=secrets.token_bytes,
        nodes=(LOCAL_NODE,),
        settings=EngineSettings(
            grace_s=settings.nodes.stop_grace_s,
            mirror_bytes=settings.logs.mirror_mib << 20,
        ),
        spool_directory=home.cache_dir,
    )


def _spawn_leader(home: Home) -> None:
    """Start `clusterdeck serve` in a session of its own, so that nothing that happens to this terminal reaches it."""
    _make_directories(home)
    if home.serve_log.exists() and home.serve_log.stat().st_size > _LOG_BYTES:
        home.serve_log.replace(home.serve_log.with_suffix(".log.1"))
    log = os.open(home.serve_log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.posix_spawn(
            sys.executable,
            [sys.executable, "-P", "-m", "console", *home.arguments, "serve"],
            os.environ,
            setsid=True,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, log, 1),
                (os.POSIX_SPAWN_DUP2, log, 2),
            ],
        )
    finally:
        os.close(log)


def _make_directories(home: Home) -> None:
    for directory in (home.data_dir, home.cache_dir, home.agent_state_dir):
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreUnusable(
                f"The directory {directory} can't be made ({error.strerror}): start with another `--home DIR`."
            ) from error
