"""One console's link, with a node that has only what the test needs."""

from __future__ import annotations

import asyncio
import math
from types import SimpleNamespace
from typing import Any

import pytest

from agent.protocol.errors import LocalProtocolError
from agent.protocol.messages import (
    BROKEN,
    PROTOCOL_VERSION,
    Attempts,
    Changed,
    Exit,
    Hello,
    Ping,
    Progressed,
    ReadHistory,
    ReadLog,
    Report,
    Welcome,
)
from agent.protocol.session import Answered, Closed, ConsoleEvent, ConsoleSession
from agent.server.connection import Connection

ATTEMPT = "01ARZ3NDEKTSV4RRFFQ69G5FAV-1"
OTHER = "01ARZ3NDEKTSV4RRFFQ69G5FAV-2"
TOO_LARGE = Report(ATTEMPT, "ended", 1.0, 2.0, Exit(127, None, "😀" * 100_000, 1.0))


class Node:
    """Some attempts, and records that answer as the test says."""

    def __init__(self, *reports: Report, records: Any = None) -> None:
        known = {report.attempt: SimpleNamespace(report=report, is_over=True, spec=None) for report in reports}
        self.table: Any = SimpleNamespace(of_database=lambda _: list(known.values()), get=known.get)
        self.records: Any = records
        self.orders: Any = SimpleNamespace(settled=self._settled)
        self.links: list[Connection] = []

    def welcome(self, database: str | None) -> Welcome:
        return Welcome(PROTOCOL_VERSION, "1", "k", "b", "h", 2, 1024)

    def joined(self, connection: Connection) -> None:
        self.links.append(connection)

    async def _settled(self, attempt_id: str) -> None:
        return


class Console:
    """The other end of a link, over a real socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.session = ConsoleSession()
        self.events: list[ConsoleEvent] = []
        self.reader = reader
        self.writer = writer
        writer.write(self.session.hello(Hello(PROTOCOL_VERSION, "1", "db", None)))

    async def read(self, kind: type) -> Any:
        """The next event of this kind; the others before it are dropped."""
        async with asyncio.timeout(20):
            while True:
                while self.events:
                    event = self.events.pop(0)
                    if isinstance(event, kind):
                        return event
                    assert not isinstance(event, Closed), event
                received = await self.reader.read(1 << 16)
                assert received, "the link was closed without a word"
                self.events.extend(self.session.receive(received))


class Linked:
    """A node that serves, and one console on it."""

    def __init__(self, node: Node, path: str) -> None:
        self.node = node
        self.path = path

    async def __aenter__(self) -> Console:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await Connection(self.node, reader, writer).serve()

        self.server = await asyncio.start_unix_server(serve, self.path)
        self.console = Console(*await asyncio.open_unix_connection(self.path))
        return self.console

    async def __aexit__(self, *_: object) -> None:
        self.console.writer.close()
        await self.console.writer.wait_closed()
        self.server.close()
        await self.server.wait_closed()


class Torn:
    """Records that can't be read."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def news(self, attempt_id: str) -> None:
        return

    def is_reading(self, attempt_id: str) -> bool:
        return False

    def read_log(self, *_: object) -> Any:
        raise self.error

    def read_history(self, *_: object) -> Any:
        raise self.error


@pytest.mark.parametrize("error", [ValueError("torn"), OSError(5, "I/O error"), LocalProtocolError("too large")])
async def test_a_read_that_fails_is_answered_and_the_link_goes_on(tmp_path: Any, error: Exception) -> None:
    node = Node(Report(ATTEMPT, "lost"), records=Torn(error))
    async with Linked(node, str(tmp_path / "s")) as console:
        await console.read(Attempts)
        for request in (ReadLog(5, ATTEMPT, 0, 0, ["stdout"], 0, 0.0), ReadHistory(6, ATTEMPT, 0, 0)):
            console.writer.write(console.session.request(request))
            answered = await console.read(Answered)
            assert (answered.answer.id, answered.answer.kind) == (request.id, BROKEN)
        console.writer.write(console.session.request(Ping(7)))
        assert (await console.read(Answered)).answer.error == ""


async def test_a_report_that_no_message_can_carry_ends_neither_greeting_nor_link(tmp_path: Any) -> None:
    node = Node(TOO_LARGE, Report(OTHER, "running", 1.0))
    async with Linked(node, str(tmp_path / "s")) as console:
        told = await console.read(Attempts)
        assert [(report.attempt, report.phase) for report in told.reports] == [(ATTEMPT, "lost"), (OTHER, "running")]
        (link,) = node.links
        link.push(Changed(TOO_LARGE))
        link.push(Progressed(ATTEMPT, math.nan))
        link.push(Changed(Report(OTHER, "lost")))
        first, second = await console.read(Changed), await console.read(Changed)
        assert (first.report.attempt, first.report.phase) == (ATTEMPT, "lost")
        assert "damaged" in first.report.reason
        assert second.report.attempt == OTHER
