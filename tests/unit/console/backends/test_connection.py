"""Many requests on one link: they take turns, and none is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from agent.protocol.messages import PROTOCOL_VERSION, Hello, Ping, Reply, Welcome
from agent.protocol.session import AgentSession
from console.backends.agents.connection import MOST_OUTSTANDING, Connection
from console.links.stream import LinkFailed
from tests.harness.waiting import eventually


class Agent:
    """A stream with an agent behind it that answers when it is told to."""

    def __init__(self) -> None:
        self._session = AgentSession()
        self._out: asyncio.Queue[bytes] = asyncio.Queue()
        self.unanswered: list[int] = []
        self.most = 0

    async def read(self) -> bytes:
        return await self._out.get()

    async def write(self, data: bytes) -> None:
        for event in self._session.receive(data):
            if isinstance(event, Hello):
                self._out.put_nowait(self._session.welcome(Welcome(PROTOCOL_VERSION, "1", "k", "b", "h", 2, 1024)))
            elif isinstance(event, Ping):
                self.unanswered.append(event.id)
                self.most = max(self.most, len(self.unanswered))

    async def close(self) -> None:
        self._out.put_nowait(b"")

    def answer_one(self) -> None:
        self._out.put_nowait(self._session.answer(Reply(self.unanswered.pop(0))))


@asynccontextmanager
async def talking() -> AsyncIterator[tuple[Connection, Agent]]:
    agent = Agent()
    welcomed = asyncio.Event()
    connection = Connection(agent, lambda _: welcomed.set(), lambda _: None)
    task = asyncio.create_task(connection.run(Hello(PROTOCOL_VERSION, "1", "db", 1)))
    try:
        async with asyncio.timeout(20):
            await welcomed.wait()
            yield connection, agent
    finally:
        await agent.close()
        await task


async def ask(connection: Connection) -> None:
    await (await connection.send(Ping(connection.new_id())))


async def test_more_requests_than_the_link_takes_wait_for_their_turn() -> None:
    async with talking() as (connection, agent):
        asked = [asyncio.create_task(ask(connection)) for _ in range(300)]
        while not all(task.done() for task in asked):
            await eventually(lambda: agent.unanswered or all(task.done() for task in asked))
            while agent.unanswered:
                agent.answer_one()
        await asyncio.gather(*asked)
        assert agent.most == MOST_OUTSTANDING


async def test_who_stops_waiting_leaves_no_turn_taken() -> None:
    async with talking() as (connection, agent):
        asked = [asyncio.create_task(ask(connection)) for _ in range(MOST_OUTSTANDING + 10)]
        await eventually(lambda: len(agent.unanswered) == MOST_OUTSTANDING)
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        late = asyncio.create_task(ask(connection))
        agent.answer_one()
        await eventually(lambda: len(agent.unanswered) == MOST_OUTSTANDING)
        while agent.unanswered:
            agent.answer_one()
        await late


async def test_the_end_of_the_link_ends_the_waiting_too() -> None:
    async with talking() as (connection, agent):
        asked = [asyncio.create_task(ask(connection)) for _ in range(300)]
        await eventually(lambda: len(agent.unanswered) == MOST_OUTSTANDING)
        connection.end("enough")
        for found in await asyncio.gather(*asked, return_exceptions=True):
            assert isinstance(found, LinkFailed)
        with pytest.raises(LinkFailed, match="enough"):
            await ask(connection)
