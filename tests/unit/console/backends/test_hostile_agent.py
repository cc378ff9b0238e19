"""A node whose agent lies, is silent or too loud: its own link ends with the reason, nothing else happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from agent.protocol.codec import encode
from agent.protocol.framing import encode_frame
from agent.protocol.messages import PROTOCOL_VERSION, Attempts, Changed, Hello, Progressed, Report, Welcome
from console.backends.agents import connection, node
from console.backends.agents.node import NodeLink
from console.domain.errors import NobodyToDoIt
from console.domain.reports import AttemptChanged, BackendReport, NodeGone, NodeUp
from console.links.backoff import Backoff
from console.links.stream import LinkFailed

ATTEMPT = "01ARZ3NDEKTSV4RRFFQ69G5FAV-1"
WELCOME = encode(Welcome(PROTOCOL_VERSION, "1", "k", "b", "h", 2, 1024))
NONE_YET = encode(Attempts([], last=True))


class Scripted:
    """A stream that says what it was told to say, then nothing."""

    def __init__(self, script: Sequence[bytes]) -> None:
        self._script = list(script)
        self.closed = asyncio.Event()

    async def read(self) -> bytes:
        if self._script:
            return self._script.pop(0)
        await self.closed.wait()
        return b""

    async def write(self, data: bytes) -> None:
        return

    async def close(self) -> None:
        self.closed.set()


class Wedged(Scripted):
    """Takes the greeting and reads no more."""

    def __init__(self, script: Sequence[bytes]) -> None:
        super().__init__(script)
        self._written = 0

    async def write(self, data: bytes) -> None:
        self._written += 1
        if self._written > 1:
            await self.closed.wait()


class Connector:
    """Gives one scripted stream, then fails."""

    def __init__(self, script: Sequence[bytes]) -> None:
        self.streams: list[Scripted] = [Scripted(script)]

    async def connect(self) -> Scripted:
        if not self.streams:
            raise LinkFailed("no more streams")
        return self.streams.pop()


class Flapping(Connector):
    """Every stream ends just after the node is up."""

    async def connect(self) -> Scripted:
        return Scripted([WELCOME, NONE_YET, b""])


@asynccontextmanager
async def linked(script: Sequence[bytes]) -> AsyncIterator[tuple[NodeLink, asyncio.Queue[BackendReport]]]:
    reports: asyncio.Queue[BackendReport] = asyncio.Queue()
    link = NodeLink("n1", Connector(script), Hello(PROTOCOL_VERSION, "1", "db", 1), lambda: reports.put_nowait)
    link.begin()
    try:
        async with asyncio.timeout(20):
            yield link, reports
    finally:
        await link.close()


async def gone(reports: asyncio.Queue[BackendReport]) -> str:
    while not isinstance(report := await reports.get(), NodeGone):
        pass
    return report.reason


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ([b""], "closed the link"),
        ([b"\x7f\xff\xff\xff"], "announced"),
        ([WELCOME, NONE_YET, encode_frame(b'{"type":"changed"}')], "report is missing"),
        ([WELCOME, NONE_YET, encode(Changed(Report(ATTEMPT, "dancing")))], "doesn't exist"),
        ([WELCOME, NONE_YET, encode(Changed(Report("../../etc", "running")))], "not an attempt id"),
        ([WELCOME, NONE_YET, encode(Progressed(ATTEMPT, 1.0, 7.0))], "more than the whole"),
        ([WELCOME, encode(Changed(Report(ATTEMPT, "running")))], "before it had told all attempts"),
        ([WELCOME, NONE_YET, NONE_YET], "twice"),
        ([WELCOME, encode(Attempts([Report(ATTEMPT, "ended")], last=True))], "without saying how"),
        ([encode(Welcome(9, "1", "k", "b", "h", 2, 1024))], "version 9"),
        ([WELCOME, NONE_YET, encode(Progressed(ATTEMPT, 1.0)) * 60_000], "more than 50000 messages"),
    ],
)
async def test_the_link_ends_with_the_reason(script: list[bytes], reason: str) -> None:
    async with linked(script) as (link, reports):
        assert reason in await gone(reports)
        with pytest.raises(NobodyToDoIt, match="n1 is out of reach"):
            link.connection()


async def test_the_node_is_up_before_anything_can_be_sent_and_changes_are_told_once() -> None:
    running = encode(Changed(Report(ATTEMPT, "running", 1.0)))
    first = encode(Attempts([Report(ATTEMPT, "launching")], last=True))
    async with linked([WELCOME + first + running + running]) as (link, reports):
        up = await reports.get()
        assert isinstance(up, NodeUp)
        assert [each.attempt for each in up.attempts] == [ATTEMPT]
        assert isinstance(await reports.get(), AttemptChanged)
        assert reports.empty()
        assert (await link.ready(1.0)).is_open


async def test_the_same_trouble_is_told_once() -> None:
    async with linked([b""]) as (_, reports):
        assert "closed" in await gone(reports)
        assert await gone(reports) == "no more streams"
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await reports.get()


@pytest.mark.parametrize(("steady_s", "expected"), [(5.0, [0, 1, 2, 3]), (0.0, [0, 0, 0, 0])])
async def test_a_link_that_ends_at_once_each_time_is_made_less_and_less_often(
    monkeypatch: pytest.MonkeyPatch, steady_s: float, expected: list[int]
) -> None:
    failures: asyncio.Queue[int] = asyncio.Queue()
    count = Backoff.next_s

    def at_once(backoff: Backoff, chance: float) -> float:
        failures.put_nowait(backoff.failures)
        count(backoff, chance)
        return 0.0

    monkeypatch.setattr(node, "_STEADY_S", steady_s)
    monkeypatch.setattr(Backoff, "next_s", at_once)
    link = NodeLink("n1", Flapping([]), Hello(PROTOCOL_VERSION, "1", "db", 1), lambda: None)
    link.begin()
    try:
        async with asyncio.timeout(20):
            assert [await failures.get() for _ in range(4)] == expected
    finally:
        await link.close()


async def test_a_peer_that_reads_no_more_is_gone_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "PING_S", 0.02)
    monkeypatch.setattr(connection, "DEAD_AFTER_S", 0.1)
    connector = Connector([])
    connector.streams = [Wedged([WELCOME, NONE_YET])]
    reports: asyncio.Queue[BackendReport] = asyncio.Queue()
    link = NodeLink("n1", connector, Hello(PROTOCOL_VERSION, "1", "db", 1), lambda: reports.put_nowait)
    link.begin()
    try:
        async with asyncio.timeout(20):
            assert "nothing was heard from the agent" in await gone(reports)
    finally:
        await link.close()


async def test_only_the_latest_reports_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "_REMEMBERED", 2)
    job = ATTEMPT.removesuffix("-1")
    told = [encode(Changed(Report(f"{job}-{ordinal}", "running", 1.0))) for ordinal in (1, 2, 2, 3, 3, 1)]
    async with linked([WELCOME + NONE_YET, *told]) as (_, reports):
        assert isinstance(await reports.get(), NodeUp)
        changes = [await reports.get() for _ in range(4)]
        assert [str(each.report.attempt)[-1] for each in changes if isinstance(each, AttemptChanged)] == list("1231")
        assert reports.empty()


async def test_a_mistake_of_ours_is_told_as_a_node_that_is_gone_and_the_link_is_made_again() -> None:
    reports: asyncio.Queue[BackendReport] = asyncio.Queue()

    def sink(report: BackendReport) -> None:
        match report:
            case AttemptChanged():
                raise RuntimeError("unforeseen")
            case _:
                reports.put_nowait(report)

    connector = Connector([])
    change = encode(Changed(Report(ATTEMPT, "running", 1.0)))
    connector.streams = [Scripted([WELCOME, NONE_YET]), Scripted([WELCOME, NONE_YET, change])]
    link = NodeLink("n1", connector, Hello(PROTOCOL_VERSION, "1", "db", 1), lambda: sink)
    link.begin()
    try:
        async with asyncio.timeout(20):
            assert isinstance(await reports.get(), NodeUp)
            assert "RuntimeError" in await gone(reports)
            assert isinstance(await reports.get(), NodeUp)
    finally:
        await link.close()
