"""The agent's heart: the socket, the links on it, the clock that drives samples and the agent's own end."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from typing import Callable, Dict, List, Optional, Sequence, Set

from agent import VERSION
from agent.host.attempts import AttemptStore
from agent.host.identity import boot_id
from agent.host.runtime import choose_socket, publish_socket
from agent.protocol.messages import PROTOCOL_VERSION, Progressed, Report, Sampled, Welcome
from agent.protocol.messages import Changed as ChangedMessage
from agent.server.connection import Connection
from agent.server.fence import Fence
from agent.server.login import LoginEnvironment
from agent.server.orders import Orders
from agent.server.ports import Gauges, Launcher, Records
from agent.server.table import AttemptTable

_TICK_S = 1.0
_BACKLOG = 64

_log = logging.getLogger("agent.server")


class Server:
    """Serves until nobody needs it for `idle_s` seconds, or until `stop` is called."""

    def __init__(
        self, store: AttemptStore, *, node_key: str, records: Records, launcher: Launcher, gauges: Gauges, idle_s: float
    ) -> None:
        self.records = records
        self._store = store
        self._node_key = node_key
        self._gauges = gauges
        self._idle_s = idle_s
        self._login = LoginEnvironment()
        self.table = AttemptTable(store, records, self._changed, self._adopt)
        self.orders = Orders(
            store,
            self.table,
            Fence(os.path.join(store.root, "fence.json")),
            self._login,
            launcher=launcher,
            gauges=gauges,
        )
        self._connections: Set[Connection] = set()
        self._path: Optional[str] = None
        self._socket_inode = 0
        self._listener: Optional[asyncio.AbstractServer] = None
        self._needed_at = time.monotonic()
        self._stopped = asyncio.Event()

    async def run(self, listening: Callable[[], None]) -> None:
        """Read the disk, listen, watch and sample; returns when it is time to leave."""
        self._login.refresh()
        accepted = self.table.load()
        await self._listen()
        listening()
        tasks = [asyncio.ensure_future(self.table.watch()), asyncio.ensure_future(self._tick())]
        stop = asyncio.ensure_future(self._stopped.wait())
        try:
            await self.orders.resume(accepted)
            done, _ = await asyncio.wait([*tasks, stop], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in [*tasks, stop]:
                task.cancel()
            await asyncio.gather(*tasks, stop, return_exceptions=True)
            await self._close()

    def stop(self) -> None:
        """Leave soon."""
        self._stopped.set()

    def wake(self) -> None:
        """A supervisor has told something: look at the attempts."""
        self.table.wake()

    def tell_progress(self, progressed: Progressed) -> None:
        """Tell what was read out of an attempt's output."""
        known = self.table.get(progressed.attempt)
        for connection in self._audience("" if known is None else known.database):
            connection.push(progressed)

    def welcome(self, database: Optional[str]) -> Welcome:
        """The node's facts, with what the attempts of other databases hold."""
        foreign = [known.spec for known in self.table.live() if known.spec and known.database != database]
        return Welcome(
            protocol=PROTOCOL_VERSION,
            version=VERSION,
            node_key=self._node_key,
            boot_id=boot_id(),
            hostname=socket.gethostname(),
            cpus=len(os.sched_getaffinity(0)),
            memory_mib=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20,
            gpus=self._gauges.gpus(),
            foreign_cpus=sum(spec.cpus for spec in foreign) if database is not None else 0,
            foreign_memory_mib=sum(spec.memory_mib for spec in foreign) if database is not None else 0,
            foreign_gpus=[uuid for spec in foreign for uuid in spec.gpu_uuids] if database is not None else [],
        )

    def joined(self, connection: Connection) -> None:
        """A link has greeted."""
        self._connections.add(connection)
        if connection.hello is not None and connection.hello.epoch is not None:
            self._login.refresh()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(self, reader, writer)
        try:
            await connection.serve()
        finally:
            self._connections.discard(connection)
            self._needed_at = time.monotonic()

    def _audience(self, database: str) -> List[Connection]:
        return [each for each in self._connections if each.hello and each.hello.database in (None, database)]

    def _changed(self, database: str, report: Report) -> None:
        for connection in self._audience(database):
            connection.push(ChangedMessage(report))

    def _adopt(self, attempt_id: str) -> None:
        self.orders.adopt(attempt_id)

    async def _listen(self) -> None:
        path = choose_socket(self._store.root)
        listener = _bind(path)
        self._listener = await asyncio.start_unix_server(self._serve, sock=listener)
        self._path, self._socket_inode = path, os.lstat(path).st_ino
        publish_socket(self._store.root, path)
        _log.info("listening on %s", path)

    def _is_listening(self) -> bool:
        try:
            return self._path is not None and os.lstat(self._path).st_ino == self._socket_inode
        except OSError:
            return False

    def _is_homeless(self) -> bool:
        """Whether its directory was removed with nothing running in it: nobody can find this agent any more."""
        return not os.path.isdir(self._store.root) and not self.table.live()

    async def _tick(self) -> None:
        """Once a second: samples, the socket, and whether anybody still needs this agent."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due = max(due + _TICK_S, loop.time())
            await asyncio.sleep(due - loop.time())
            await self._sample()
            if not self._is_listening():
                # A login manager removes the runtime directory when the user's last session ends.
                _log.info("the socket is gone: listening anew")
                assert self._listener is not None
                self._listener.close()
                await self._listen()
            if self._is_homeless():
                _log.info("%s was removed: leaving", self._store.root)
                return
            if self._connections or not self.table.is_quiet():
                self._needed_at = time.monotonic()
            elif time.monotonic() - self._needed_at >= self._idle_s:
                _log.info("nothing to do for %.0f s: leaving", self._idle_s)
                return

    async def _sample(self) -> None:
        live = [known for known in self.table.live() if known.report.phase == "running" and known.spec is not None]
        listeners = [connection for connection in self._connections if connection.wants_samples]
        if not live and not listeners:
            return
        running: Dict[str, Sequence[str]] = {
            known.report.attempt: known.spec.gpu_uuids for known in live if known.spec is not None
        }
        try:
            node, attempts = await asyncio.get_running_loop().run_in_executor(None, self._gauges.sample, running)
        except Exception:  # noqa: BLE001 - a /proc that looks unlike any known one costs the samples, not the agent
            _log.exception("the node can't be sampled")
            return
        for connection in listeners:
            database = None if connection.hello is None else connection.hello.database
            mine = {
                known.report.attempt: attempts[known.report.attempt]
                for known in live
                if known.report.attempt in attempts and database in (None, known.database)
            }
            connection.push(Sampled(node, mine))

    async def _close(self) -> None:
        for connection in list(self._connections):
            connection.end("the agent leaves")
        if self._listener is not None:
            self._listener.close()
        if self._is_listening() and self._path is not None:
            os.unlink(self._path)
        self._login.close()
        self.table.close()
        self.orders.close()


def _bind(path: str) -> socket.socket:
    """A listening socket that appears at its path with its mode: nobody may connect between bind and chmod.

    Only one agent holds the lock, so whatever is there belongs to one that died.
    """
    temporary = f"{path}.{os.getpid()}"
    for stale in (temporary, path):
        if os.path.lexists(stale):
            os.unlink(stale)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(temporary)
    os.chmod(temporary, 0o600)
    listener.listen(_BACKLOG)
    listener.setblocking(False)
    os.rename(temporary, path)
    return listener
