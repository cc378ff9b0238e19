"""One console's link: reads its requests, writes answers and what the agent tells."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Optional, Protocol, Set

from agent.host.segments import STREAMS
from agent.protocol.errors import LocalProtocolError
from agent.protocol.messages import (
    BROKEN,
    INVALID,
    LONGEST_WAIT_S,
    NOT_FOUND,
    ORDERS,
    REFUSED,
    Answer,
    Changed,
    Hello,
    HistoryData,
    LogData,
    Ping,
    Push,
    ReadHistory,
    ReadLog,
    Reply,
    Request,
    Sampled,
    Subscribe,
    Welcome,
)
from agent.protocol.session import OPEN, AgentSession, Closed
from agent.server.fence import StaleEpoch
from agent.server.orders import Orders
from agent.server.ports import Records
from agent.server.reports import in_messages, sendable
from agent.server.table import AttemptTable

_READ = 64 * 1024
_GREETING_S = 20.0
_SKIP_SAMPLES_ABOVE = 256 * 1024
_GIVE_UP_ABOVE = 16 << 20
_READS_AT_ONCE = 4

_log = logging.getLogger("agent.server")


class Node(Protocol):
    """What a link needs of the server around it."""

    table: AttemptTable
    records: Records
    orders: Orders

    def welcome(self, database: Optional[str]) -> Welcome:
        """The facts, as they are for this database."""
        ...

    def joined(self, connection: Connection) -> None:
        """A link has greeted: from now on it is told everything."""
        ...


class Connection:
    """One link, from its first byte to its last."""

    def __init__(self, node: Node, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.hello: Optional[Hello] = None
        self.wants_samples = False
        self._node = node
        self._reader = reader
        self._writer = writer
        self._session = AgentSession()
        self._tasks: Set[asyncio.Task[None]] = set()
        self._reads = asyncio.Semaphore(_READS_AT_ONCE)

    async def serve(self) -> None:
        """Until the link ends, for whatever reason; never raises what the other side caused."""
        try:
            deadline = time.monotonic() + _GREETING_S
            while True:
                timeout = None if self.hello is not None else max(0.0, deadline - time.monotonic())
                received = await asyncio.wait_for(self._reader.read(_READ), timeout)
                if not received:
                    break
                # Never wait for the other side to read here: it may be waiting for this side to.
                if not await self._receive(received):
                    break
        except asyncio.TimeoutError:
            self.end("nothing was said for too long")
        except ConnectionError:
            _log.debug("a link was reset")
        finally:
            for task in self._tasks:
                task.cancel()
            self._writer.close()

    def push(self, message: Push) -> None:
        """Tell something. What is only of the moment is left out while the other side doesn't keep up."""
        waiting = self._writer.transport.get_write_buffer_size()
        if self._session.state != OPEN or (isinstance(message, Sampled) and waiting > _SKIP_SAMPLES_ABOVE):
            return
        if waiting > _GIVE_UP_ABOVE:
            _log.warning("a console doesn't read: its link is closed")
            self._writer.transport.abort()
            return
        try:
            encoded = self._session.push(message)
        except (LocalProtocolError, ValueError) as error:
            # What one attempt recorded must not cost the others their link.
            _log.error("a message of type %s can't be sent: %s", type(message).__name__, error)
            if not isinstance(message, Changed):
                return
            encoded = self._session.push(Changed(sendable(message.report)))
        self._writer.write(encoded)

    def end(self, reason: str) -> None:
        """Close the link and say why."""
        if not self._writer.is_closing():
            self._writer.write(self._session.bye(reason))
            self._writer.close()

    async def _receive(self, received: bytes) -> bool:
        """False when the link is over."""
        for event in self._session.receive(received):
            if isinstance(event, Closed):
                _log.info("a link ended: %s", event.reason)
                self.end(event.reason)
                return False
            if isinstance(event, Hello):
                if not await self._greet(event):
                    return False
            else:
                self._start(event)
        for reply in self._session.unknown():
            self._answer(reply)
        return True

    async def _greet(self, hello: Hello) -> bool:
        if hello.epoch is not None and hello.database is None:
            self.end("a console that leads must name its database")
            return False
        if hello.epoch is not None and hello.database is not None:
            try:
                await self._node.orders.admit(hello.database, hello.epoch)
            except StaleEpoch as error:
                self.end(str(error))
                return False
        self.hello = hello
        self._writer.write(self._session.welcome(self._node.welcome(hello.database)))
        for message in in_messages(known.report for known in self._node.table.of_database(hello.database)):
            self.push(message)
        self._node.joined(self)
        return True

    def _start(self, request: Request) -> None:
        task = asyncio.ensure_future(self._respond(request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _respond(self, request: Request) -> None:
        try:
            if isinstance(request, ReadLog):
                await self._read_log(request)
            elif isinstance(request, ReadHistory):
                await self._read_history(request)
            else:
                self._answer(await self._reply(request))
        except ConnectionError:
            return  # the link went while this was under way
        except Exception as error:  # noqa: BLE001 - one request that fails costs neither the agent nor the link
            _log.exception("request %s failed", type(request).__name__)
            sentence = f"the agent failed to carry this out ({type(error).__name__}); its log on the node says more"
            self._answer(Reply(request.id, sentence, BROKEN))

    async def _reply(self, request: Request) -> Reply:
        assert self.hello is not None
        if isinstance(request, Ping):
            return Reply(request.id)
        if isinstance(request, Subscribe):
            self.wants_samples = request.samples
            return Reply(request.id)
        assert isinstance(request, ORDERS)
        if self.hello.epoch is None or request.fence.database != self.hello.database:
            return Reply(request.id, "this console only reads here: orders come from the database's leader", REFUSED)
        return await self._node.orders.carry_out(request)

    async def _read_log(self, request: ReadLog) -> None:
        unknown = [stream for stream in request.streams if stream not in STREAMS]
        if unknown or not request.streams:
            self._answer(Reply(request.id, "a log is read from stdout, stderr or both", INVALID))
            return
        await self._node.orders.settled(request.attempt)
        records = self._node.records
        deadline = time.monotonic() + min(request.wait_s, LONGEST_WAIT_S)
        positions = {"stdout": request.stdout, "stderr": request.stderr}
        while True:
            known = self._node.table.get(request.attempt)
            if known is None:
                self._answer(_not_found(request.id, request.attempt))
                return
            remaining = deadline - time.monotonic()
            async with self._reads:
                records.news(request.attempt)
                is_complete = known.is_over and not records.is_growing(request.attempt)
                piece = records.read_log(request.attempt, positions, request.streams, request.block, request.tail)
                if piece.chunks or is_complete or remaining <= 0:
                    ended = is_complete and not piece.more
                    self._answer(LogData(request.id, piece.chunks, piece.block, ended), piece.data)
                    # The next one's bytes are read when these are on their way.
                    await self._writer.drain()
                    return
            await records.wait(request.attempt, min(remaining, 1.0))

    async def _read_history(self, request: ReadHistory) -> None:
        await self._node.orders.settled(request.attempt)
        known = self._node.table.get(request.attempt)
        if known is None:
            self._answer(_not_found(request.id, request.attempt))
            return
        is_complete = known.is_over and not self._node.records.is_reading(request.attempt)
        series, samples, is_all = self._node.records.read_history(request.attempt, request.series, request.samples)
        self._answer(HistoryData(request.id, len(series), is_complete and is_all), series + samples)

    def _answer(self, answer: Answer, data: bytes = b"") -> None:
        if self._session.state == OPEN and not self._writer.is_closing():
            self._writer.write(self._session.answer(answer, data))


def _not_found(number: int, attempt_id: str) -> Reply:
    return Reply(number, f"nothing is kept of attempt {attempt_id[:80]} on the node", NOT_FOUND)
