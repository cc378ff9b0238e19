"""Puts the agent together and runs it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import logging.handlers
import os
import signal
from typing import Dict, Mapping, Optional, Sequence, Tuple

from agent.host.attempts import AttemptStore
from agent.host.identity import node_key, state_root
from agent.host.locks import acquire
from agent.logtail.follow import LogTail
from agent.logtail.serve import LogPiece, read_history, read_log
from agent.logtail.tail import Reading
from agent.protocol.messages import Progressed, Value
from agent.sampler import Sampler
from agent.server.server import Server
from agent.supervisor.template import SupervisorTemplate, TemplateDied

_LOG_BYTES = 1 << 20
_LOCK_S = 0.2

_log = logging.getLogger("agent.service")


class LauncherGone(OSError):
    """Nothing can be started until a new agent is there."""


class _Ready:
    """Tells whoever started this agent, once, that it listens or why it can't."""

    def __init__(self, descriptor: Optional[int]) -> None:
        self._descriptor = descriptor

    def say(self, line: str) -> None:
        """Only the first line is told."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with contextlib.suppress(BrokenPipeError):
                os.write(descriptor, " ".join(line.split()).encode("utf-8", "replace") + b"\n")
            os.close(descriptor)


class _Launcher:
    """The template, as the server wants it."""

    def __init__(self, template: SupervisorTemplate) -> None:
        self._template = template

    def launch(self, attempt_id: str, environment: Mapping[str, str]) -> None:
        """Have a prepared attempt launched."""
        try:
            self._template.launch(attempt_id, environment)
        except TemplateDied as error:
            raise LauncherGone(str(error)) from error

    def adopt(self, attempt_id: str) -> None:
        """Have a live attempt watched again."""
        try:
            self._template.adopt(attempt_id)
        except TemplateDied as error:
            raise LauncherGone(str(error)) from error


class _Records(LogTail):
    """The live tails and what they have written, as the server wants them."""

    def __init__(self, store: AttemptStore) -> None:
        super().__init__(lambda attempt_id: store.directory(attempt_id).path, self._tell_server)
        self._store = store
        self.server: Optional[Server] = None

    def read_log(
        self, attempt_id: str, positions: Dict[str, int], streams: Sequence[str], block: int, tail: int
    ) -> LogPiece:
        """The next bytes; with a `tail`, of the last so many."""
        piece = read_log(self._store.directory(attempt_id).path, positions, streams, block, tail)
        if piece.data:
            self.gave()
        return piece

    def read_history(self, attempt_id: str, series: int, samples: int) -> Tuple[bytes, bytes, bool]:
        """The next lines of both files."""
        return read_history(self._store.directory(attempt_id).path, series, samples)

    def _tell_server(self, attempt_id: str, reading: Reading) -> None:
        if self.server is not None:
            self.server.tell_progress(progressed(attempt_id, reading))


def progressed(attempt_id: str, reading: Reading) -> Progressed:
    """A reading as a message. What is not a finite number can't be told in JSON: it has no value there."""
    latest = [Value(name, value if abs(value) < 2**53 else None) for name, value in reading.latest]
    return Progressed(attempt_id, reading.time, reading.fraction, reading.eta_s, latest)


def serve(state: Optional[str], *, idle_s: float, ready: Optional[int]) -> int:
    """Run an agent until nobody needs it. Leaves at once, quietly, where one runs already.

    `state` is the base directory, None for the user's own; a line on the descriptor `ready` says that it listens or
    why it can't.
    """
    told = _Ready(ready)
    try:
        root = state_root(state)
        # Before all else, since a fork copies locks, sockets and threads.
        template = SupervisorTemplate.start(root)
        lock = acquire(os.path.join(root, "agent.lock"), _LOCK_S)
        if lock is None:
            told.say("ok")
            template.close()
            return 0
        os.umask(0o077)
        _open_log(root)
    except OSError as error:
        told.say(str(error))
        return 1
    try:
        asyncio.run(_run(root, node_key(os.path.dirname(root)), template, idle_s, told))
    except Exception as error:  # noqa: BLE001 - the last place where it can be logged and told
        _log.exception("the agent ends")
        told.say(f"{type(error).__name__}: {error}")
        return 1
    finally:
        template.close()
        os.close(lock)
    return 0


async def _run(root: str, key: str, template: SupervisorTemplate, idle_s: float, told: _Ready) -> None:
    store = AttemptStore(root)
    records = _Records(store)
    server = Server(
        store, node_key=key, records=records, launcher=_Launcher(template), gauges=Sampler(store), idle_s=idle_s
    )
    records.server = server
    loop = asyncio.get_running_loop()
    loop.add_reader(template.notices_fileno(), _read_notices, template, server)
    loop.add_reader(template.fileno(), _template_died, template, server)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop)
    tail = asyncio.ensure_future(records.run())
    serving = asyncio.ensure_future(server.run(lambda: told.say("ok")))
    try:
        done, _ = await asyncio.wait([serving, tail], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        tail.cancel()
        serving.cancel()
        await asyncio.gather(tail, serving, return_exceptions=True)
        records.close()


def _read_notices(template: SupervisorTemplate, server: Server) -> None:
    for notice in template.read_notices():
        if notice.kind in ("failed", "refused"):
            _log.warning("supervisor of %s: %s", notice.attempt_id, notice.text)
    server.wake()


def _template_died(template: SupervisorTemplate, server: Server) -> None:
    # Jobs go on; the next agent, which a console starts as soon as this link is gone, has a new template.
    asyncio.get_running_loop().remove_reader(template.fileno())
    _log.error("the process that starts supervisors has died: leaving, so that a new agent takes over")
    server.stop()


def _open_log(root: str) -> None:
    path = os.path.join(root, "agent.log")
    handler = logging.handlers.RotatingFileHandler(path, maxBytes=_LOG_BYTES, backupCount=1, encoding="utf-8")
    os.chmod(path, 0o600)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s[%(process)d] %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
