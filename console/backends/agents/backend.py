"""The backend of this product's own agents, as the engine sees it."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import Any

from agent.protocol import messages as wire
from console import VERSION
from console.backends.agents.connection import Connection, error_of
from console.backends.agents.node import NodeLink
from console.backends.agents.translate import (
    WrongReport,
    chunks_of,
    launch_spec,
    metrics_of,
    read_cursor,
    samples_of,
    write_cursor,
)
from console.domain.errors import InvalidInput, NobodyToDoIt, NotFound, Refused
from console.domain.ids import AttemptId
from console.domain.jobs import AttemptPhase
from console.domain.reports import AttemptChanged, AttemptReport
from console.links.local import LocalConnector
from console.links.stream import LinkFailed
from console.ports import Clock, History, LaunchOrder, LogChunk, LogPosition, ReportSink, Stream

LOCAL_HOST = "local"

_FORGET_S = 30.0
_REACH_S = 15.0
_ANSWER_S = 60.0
_HISTORY_BYTES = 1 << 20

_log = logging.getLogger("console.backends.agents")

MakeOrder = Callable[[int, wire.Fence], wire.Launch | wire.Stop | wire.Acknowledge | wire.Forget]


class AgentsBackend:
    """Runs attempts on nodes given as (name, host); the host `local` is this machine, its state below `state_dir`.

    With an epoch this is the database's leader. Without one it is an observer: it can read what attempts have written,
    and connects when that is first asked for. An agent that is started for it leaves after `idle_s` seconds with
    nothing to do. InvalidInput for a host that can't be reached in any known way.
    """

    def __init__(
        self,
        nodes: Sequence[tuple[str, str]],
        *,
        state_dir: str,
        database_id: str,
        epoch: int | None,
        clock: Clock,
        idle_s: float = 600.0,
    ) -> None:
        self._database = database_id
        self._epoch = epoch
        self._clock = clock
        self._sink: ReportSink | None = None
        self._orders: set[asyncio.Task[None]] = set()
        hello = wire.Hello(wire.PROTOCOL_VERSION, VERSION, database_id, epoch)
        self._links = {
            name: NodeLink(name, _connector(name, host, state_dir, idle_s), hello, lambda: self._sink)
            for name, host in nodes
        }

    async def start(self, sink: ReportSink) -> None:
        """Begin connecting to all nodes."""
        self._sink = sink
        for link in self._links.values():
            link.begin()

    async def close(self) -> None:
        """Let go of all nodes. Attempts run on."""
        for order in list(self._orders):
            order.cancel()
        await asyncio.gather(*self._orders, *(link.close() for link in self._links.values()), return_exceptions=True)
        self._sink = None

    async def launch(self, order: LaunchOrder) -> None:
        """Have the node run the attempt. NobodyToDoIt: no link now."""
        spec = launch_spec(order, self._database, self._clock.now())
        await self._send(order.node, order.attempt, lambda number, fence: wire.Launch(number, fence, spec))

    async def stop(self, node: str, attempt: AttemptId, *, reason: str) -> None:
        """End an attempt. NobodyToDoIt: no link now."""
        await self._send(node, attempt, lambda number, fence: wire.Stop(number, fence, attempt, reason))

    async def acknowledge(self, node: str, attempt: AttemptId) -> None:
        """Tell the node that the end of an attempt is committed here. NobodyToDoIt: no link now."""
        await self._send(node, attempt, lambda number, fence: wire.Acknowledge(number, fence, attempt))

    async def forget(self, node: str, attempt: AttemptId) -> None:
        """Remove what the node keeps of an attempt; the job's checkpoints go with its last attempt there.

        Returns when the node has done so. Refused: it won't, and says why. NobodyToDoIt: no link, or it broke.
        """
        _, answer = await self._ordered(self._link(node), lambda number, fence: wire.Forget(number, fence, attempt))
        try:
            async with asyncio.timeout(_FORGET_S):
                reply = (await answer).answer
        except (LinkFailed, TimeoutError) as error:
            raise NobodyToDoIt(f"node {node} did not say that it forgot attempt {attempt}") from error
        if not isinstance(reply, wire.Reply) or reply.error:
            raise Refused(reply.error if isinstance(reply, wire.Reply) else "the agent answered another question")

    async def logs(
        self,
        node: str,
        attempt: AttemptId,
        start: LogPosition,
        *,
        follow: bool,
        streams: Sequence[Stream],
        tail_bytes: int = 0,
    ) -> AsyncIterator[LogChunk]:
        """The bytes from `start` on; goes on over a link that breaks and comes back in time."""
        link = self._link(node)
        at = {"stdout": start.stdout, "stderr": start.stderr}
        block = 0
        while True:
            connection = await link.ready(_REACH_S)
            request = wire.ReadLog(
                connection.new_id(),
                attempt,
                at["stdout"],
                at["stderr"],
                list(streams),
                block,
                wire.LONGEST_WAIT_S if follow else 0.0,
                tail_bytes,
            )
            try:
                answer, data = await self._read(connection, request, node)
            except LinkFailed:
                continue
            if not isinstance(answer, wire.LogData):
                raise _impossible(link, "it answered another question")
            try:
                chunks = chunks_of(answer, data)
            except WrongReport as error:
                raise _impossible(link, str(error)) from error
            for chunk in chunks:
                at[chunk.stream] = chunk.offset + len(chunk.data)
                yield chunk
            block = answer.block
            if answer.ended or (not follow and not chunks):
                return

    async def history(self, node: str, attempt: AttemptId, cursor: str) -> History:
        """Metrics and samples recorded after `cursor`, at most about 1 MiB of them."""
        link = self._link(node)
        series, samples = read_cursor(cursor)
        metric_lines, sample_lines = [], []
        is_complete = False
        received = 0
        while not is_complete and received < _HISTORY_BYTES:
            connection = await link.ready(_REACH_S)
            request = wire.ReadHistory(connection.new_id(), attempt, series, samples)
            try:
                answer, data = await self._read(connection, request, node)
            except LinkFailed as error:
                raise NobodyToDoIt(f"node {node} is out of reach: {error}") from error
            if not isinstance(answer, wire.HistoryData) or answer.series_length > len(data):
                raise _impossible(link, "it answered another question")
            metric_lines.append(data[: answer.series_length])
            sample_lines.append(data[answer.series_length :])
            series += answer.series_length
            samples += len(data) - answer.series_length
            received += len(data)
            is_complete = answer.complete
            if not data:
                break
        try:
            metrics, used = metrics_of(b"".join(metric_lines)), samples_of(b"".join(sample_lines))
        except WrongReport as error:
            raise _impossible(link, str(error)) from error
        return History(metrics, used, write_cursor(series, samples), is_complete)

    async def _read(
        self, connection: Connection, request: wire.ReadLog | wire.ReadHistory, node: str
    ) -> tuple[wire.LogData | wire.HistoryData | wire.Reply, bytes]:
        answered = await connection.ask(request, _ANSWER_S)
        trouble = error_of(answered)
        if trouble is not None and trouble.kind == wire.NOT_FOUND:
            raise NotFound(f"node {node}: {trouble.error}")
        if trouble is not None:
            raise Refused(f"node {node}: {trouble.error}")
        return answered.answer, answered.data

    async def _send(self, node: str, attempt: AttemptId, make: MakeOrder) -> None:
        link = self._link(node)
        order, answer = await self._ordered(link, make)
        self._background(self._hear(link, attempt, order, answer))

    async def _ordered(self, link: NodeLink, make: MakeOrder) -> tuple[wire.Request, asyncio.Future[Any]]:
        if self._epoch is None:
            raise Refused("this console only reads from the nodes: orders come from the one that leads")
        connection = link.connection()
        fence = wire.Fence(self._database, self._epoch, secrets.token_hex(12))
        order = make(connection.new_id(), fence)
        try:
            return order, await connection.send(order)
        except LinkFailed as error:
            raise NobodyToDoIt(f"node {link.name} is out of reach: {error}") from error

    async def _hear(self, link: NodeLink, attempt: AttemptId, order: wire.Request, answer: asyncio.Future[Any]) -> None:
        """What came of an order. One that got no answer is settled when the link is back: the node tells all it has."""
        try:
            reply = (await answer).answer
        except LinkFailed:
            return
        if not isinstance(reply, wire.Reply):
            link.drop("the agent answered another question")
        elif reply.kind in (wire.BROKEN, wire.STALE):
            link.drop(reply.error)
        elif reply.error and isinstance(order, wire.Launch):
            if self._sink is not None:
                refused = AttemptReport(attempt, AttemptPhase.NEVER_RAN, reason=reply.error)
                self._sink(AttemptChanged(link.name, refused))
        elif reply.error:
            _log.warning("node %s, attempt %s: %s", link.name, attempt, reply.error)

    def _background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._orders.add(task)
        task.add_done_callback(self._orders.discard)

    def _link(self, node: str) -> NodeLink:
        link = self._links.get(node)
        if link is None:
            raise NotFound(f"there is no node '{node}'")
        return link


def _connector(name: str, host: str, state_dir: str, idle_s: float) -> LocalConnector:
    if host != LOCAL_HOST:
        raise InvalidInput(
            f"node {name}: machines by SSH are not supported yet; the only host is '{LOCAL_HOST}', this machine"
        )
    return LocalConnector(state_dir, idle_s=idle_s)


def _impossible(link: NodeLink, sentence: str) -> NobodyToDoIt:
    link.drop(f"the agent said something impossible: {sentence}")
    return NobodyToDoIt(f"node {link.name} said something impossible: {sentence}")
