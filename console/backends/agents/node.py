"""One node: keeps a conversation with its agent going, for as long as somebody wants it."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from contextlib import suppress

from agent.protocol import messages as wire
from console.backends.agents.connection import Connection
from console.backends.agents.translate import node_up, progress_of, report_of, sampled_of
from console.domain.errors import NobodyToDoIt
from console.domain.ids import AttemptId
from console.domain.reports import AttemptChanged, AttemptReport, BackendReport, NodeGone
from console.links.backoff import Backoff
from console.links.stream import Connector, LinkFailed
from console.ports import ReportSink

_log = logging.getLogger("console.backends.agents")

# A link that ends sooner was no success: what ended it will most likely end the next one too.
_STEADY_S = 5.0
# Reports that aren't told twice: what repeats comes soon, and attempts come without end.
_REMEMBERED = 4096


class NodeLink:
    """The link to one node. With a sink it reports; without one (an observer) it only carries requests."""

    def __init__(
        self, name: str, connector: Connector, hello: wire.Hello, sink: Callable[[], ReportSink | None]
    ) -> None:
        self.name = name
        self._connector = connector
        self._hello = hello
        self._sink = sink
        self._connection: Connection | None = None
        self._greeting: Connection | None = None
        self._welcome: wire.Welcome | None = None
        self._reports: list[wire.Report] = []
        self._last: dict[AttemptId, AttemptReport] = {}
        self._reason = "the link is being made"
        self._up = asyncio.Event()
        self._up_at = 0.0
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Start connecting, if that hasn't begun."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"link to {self.name}")

    async def close(self) -> None:
        """Let go of the node."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def connection(self) -> Connection:
        """The conversation under way. NobodyToDoIt if there is none."""
        if self._connection is None or not self._connection.is_open:
            raise NobodyToDoIt(f"node {self.name} is out of reach: {self._reason}")
        return self._connection

    async def ready(self, timeout_s: float) -> Connection:
        """The conversation, waiting for the link to come up. NobodyToDoIt if it doesn't in time."""
        self.begin()
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._up.wait()
        return self.connection()

    def drop(self, reason: str) -> None:
        """End the conversation; another begins by itself."""
        if self._connection is not None:
            self._connection.end(reason)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        backoff = Backoff()
        told_gone: str | None = None
        while True:
            try:
                self._reason = await self._converse()
            except LinkFailed as error:
                self._reason = str(error)
            except Exception as error:  # noqa: BLE001 - our mistake: unwatched, it would leave the node as it last was
                _log.exception("the link to node %s failed", self.name)
                self._reason = f"this console failed over it ({type(error).__name__}); its log says more"
            if self._connection is not None:
                told_gone = None
                if loop.time() - self._up_at >= _STEADY_S:
                    backoff.reset()
            self._connection = None
            self._up.clear()
            if told_gone != self._reason:
                told_gone = self._reason
                self._report(NodeGone(self.name, self._reason))
            # Not for secrets: it spreads the tries of many nodes.
            await asyncio.sleep(backoff.next_s(random.random()))  # noqa: S311

    async def _converse(self) -> str:
        """One conversation, from connecting to its end; why it ended."""
        stream = await self._connector.connect()
        self._welcome, self._reports = None, []
        self._greeting = Connection(stream, self._told, self._ended)
        return await self._greeting.run(self._hello)

    def _told(self, message: wire.Welcome | wire.Push) -> None:
        match message:
            case wire.Welcome():
                self._welcome = message
            case wire.Attempts():
                self._reports.extend(message.reports)
                if message.last:
                    self._came_up()
            case _ if self._connection is None:
                raise ValueError("it told of changes before it had told all attempts")
            case wire.Changed():
                self._change(report_of(message.report))
            case wire.Progressed():
                self._report(progress_of(message))
            case wire.Sampled():
                self._report(sampled_of(self.name, message))

    def _ended(self, reason: str) -> None:
        self._reason = reason
        self._up.clear()

    def _came_up(self) -> None:
        assert self._welcome is not None
        if self._connection is not None:
            raise ValueError("it told all attempts twice")
        # Reported before anybody can send: what the node has must be joined before a launch.
        up = node_up(self.name, self._welcome, self._reports)
        self._last.clear()
        for report in up.attempts:
            self._remember(report)
        self._report(up)
        self._reports = []
        self._connection = self._greeting
        self._up_at = asyncio.get_running_loop().time()
        self._up.set()
        if self._sink() is not None:
            task = asyncio.create_task(self._subscribe())
            task.add_done_callback(lambda done: done.cancelled() or done.exception())

    def _change(self, report: AttemptReport) -> None:
        # The node has more phases than the console, and an order's answer repeats what was told as a change.
        if self._last.get(report.attempt) != report:
            self._remember(report)
            self._report(AttemptChanged(self.name, report))

    def _remember(self, report: AttemptReport) -> None:
        self._last.pop(report.attempt, None)
        self._last[report.attempt] = report
        if len(self._last) > _REMEMBERED:
            del self._last[next(iter(self._last))]

    async def _subscribe(self) -> None:
        with suppress(LinkFailed, NobodyToDoIt):
            connection = self.connection()
            await connection.send(wire.Subscribe(connection.new_id(), samples=True))

    def _report(self, report: BackendReport) -> None:
        sink = self._sink()
        if sink is not None:
            sink(report)
