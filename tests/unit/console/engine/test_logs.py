from __future__ import annotations

import asyncio
from typing import Any

import pytest

from console.domain.jobs import Status
from console.engine import logs
from console.engine.logs import PIECE_BYTES, StreamSplitter
from console.engine.service import LogDocument
from console.ports import LogChunk
from tests.harness.clock import NOW
from tests.harness.services import Process, Site
from tests.harness.waiting import eventually


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_RETRY_S", 0.01)


def texts(document: LogDocument, level: str | None = None) -> list[str]:
    return [line.text for line in document.lines(0, document.line_count(level), level)]


async def complete(document: LogDocument) -> list[str]:
    await eventually(lambda: document.is_complete, "the whole log")
    return texts(document)


async def mirrored(process: Process, site: Site, attempt: Any) -> None:
    site.node.end(attempt)
    await eventually(lambda: ("acknowledge", attempt) in site.node.orders)


async def test_a_log_grows_and_wakes_who_waits(site: Site) -> None:
    async with site.open() as process:
        job, attempt = await process.run()
        site.node.write(attempt, b"one\ntw")
        site.node.write(attempt, b"broken\n", "stderr")
        document = await process.service.open_log(job)
        await eventually(lambda: document.line_count() == 3)
        assert [(line.stream, line.number, line.text, line.is_finished) for line in document.lines(0, 9)] == [
            ("stdout", 1, "one", True),
            ("stderr", 1, "broken", True),
            ("stdout", 2, "tw", False),
        ]
        assert texts(document, "warning") == ["broken"]
        await eventually(lambda: document.has_caught_up)
        waiter = asyncio.create_task(document.wait(document.version))
        site.node.write(attempt, b"o\nlast")
        await asyncio.wait_for(waiter, 10)
        assert not document.is_complete
        site.node.end(attempt)
        assert await complete(document) == ["one", "broken", "two", "last"]
        assert document.lines(3, 4)[0].is_finished
        assert document.problem == ""


async def test_the_mirror_is_read_where_the_node_is_out_of_reach(site: Site) -> None:
    async with site.open() as process:
        job, attempt = await process.run()
        for number in range(20):
            site.node.write(attempt, b"line %d\n" % number, "stdout" if number % 3 else "stderr")
        await mirrored(process, site, attempt)
        site.node.go_away()
        document = await process.service.open_log(job)
        assert await complete(document) == [f"line {number}" for number in range(20)]


async def test_a_reader_goes_on_in_the_mirror_where_its_node_left_it(site: Site) -> None:
    """Its place may be inside a chunk of the mirror."""
    async with site.open() as process:
        job, attempt = await process.run()
        site.node.write(attempt, b"one\ntw")
        document = await process.service.open_log(job)
        await eventually(lambda: document.line_count() == 2)
        kept = site.node.attempts[attempt]
        kept.chunks = [LogChunk("stdout", 0, NOW, b"one\ntwo\nthree\n")]
        site.node.is_reachable = False
        kept.touch()
        await eventually(lambda: document.problem)
        assert "out of reach" in document.problem
        site.node.is_reachable = True
        site.node.end(attempt)
        await eventually(lambda: ("acknowledge", attempt) in site.node.orders)
        site.node.go_away()
        assert await complete(document) == ["one", "two", "three"]


async def test_only_the_tail_is_mirrored_and_what_is_missing_is_said(site: Site) -> None:
    site.settings = type(site.settings)(mirror_bytes=8)
    async with site.open() as process:
        job, attempt = await process.run()
        site.node.write(attempt, b"first line\n")
        site.node.write(attempt, b"second\nend\n")
        await mirrored(process, site, attempt)
        site.node.go_away()
        document = await process.service.open_log(job)
        assert await complete(document) == ["[14 bytes of stdout before this line are not kept]", "ond", "end"]


async def test_bytes_that_the_node_could_not_keep_are_said(site: Site) -> None:
    async with site.open() as process:
        job, attempt = await process.run()
        site.node.write(attempt, b"one\ncut o")
        site.node.write(attempt, b"tail\n", lost=1234)
        site.node.end(attempt)
        document = await process.service.open_log(job)
        note = "[1,234 bytes of stdout before this line are not kept]"
        assert await complete(document) == ["one", "cut o", note, "tail"]
        assert [line.number for line in document.lines(0, 9)] == [1, 2, 0, 3]
        assert texts(document, "warning") == [note]


async def test_a_node_out_of_reach_is_a_problem_until_it_is_back(site: Site) -> None:
    async with site.open() as process:
        job, attempt = await process.run()
        site.node.write(attempt, b"one\n")
        site.node.is_reachable = False
        document = await process.service.open_log(job)
        await eventually(lambda: document.problem == "node n1 is out of reach")
        assert document.has_caught_up
        site.node.is_reachable = True
        await eventually(lambda: texts(document) == ["one"])
        assert document.problem == ""


async def test_an_attempt_of_which_nothing_is_kept_says_so_and_ends(site: Site) -> None:
    site.node.refuses = "no room"
    async with site.open() as process:
        job = await process.submit()
        await eventually(lambda: process.view(job).reason.startswith("waits"))
        document = await process.service.open_log(job)
        await eventually(lambda: "keeps nothing" in document.problem)
        await asyncio.wait_for(document._task, 10)  # type: ignore[attr-defined]


async def test_the_log_of_an_attempt_that_is_on_its_way_begins_with_it(site: Site) -> None:
    site.node.on_launch = "ignore"
    async with site.open() as process:
        job = await process.submit()
        await process.until(job, "starting")
        document = await process.service.open_log(job)
        await eventually(lambda: document.has_caught_up)
        site.node.on_launch = "run"
        site.node.tell_all()
        view = await process.until(job, Status.RUNNING)
        site.node.write(view.job.attempts[0].id, b"hello\n")
        await eventually(lambda: texts(document) == ["hello"])


async def test_a_full_disk_under_the_reader_is_said(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    async with site.open() as process:
        job, attempt = await process.run()
        monkeypatch.setattr("console.engine.spool.LineSpool.append", full)
        site.node.write(attempt, b"one\n")
        document = await process.service.open_log(job)
        await eventually(lambda: "No space left on device" in document.problem)


async def test_closed_logs_are_let_go(site: Site) -> None:
    async with site.open() as process:
        job, _ = await process.run()
        for _ in range(3):
            await (await process.service.open_log(job)).close()
        await process.service.open_log(job)
        assert len(process.service._records._open) == 1


async def test_a_viewer_reads_the_same_log(site: Site) -> None:
    async with site.open() as leader, site.open() as viewer:
        job, attempt = await leader.run()
        await viewer.until(job, Status.RUNNING)
        site.node.write(attempt, b"one\n")
        document = await viewer.service.open_log(job)
        await eventually(lambda: texts(document) == ["one"])
        await mirrored(leader, site, attempt)
        assert await complete(document) == ["one"]


def test_a_line_too_long_comes_in_pieces_of_one_number() -> None:
    splitter = StreamSplitter("stdout")
    text = b"x" * (2 * PIECE_BYTES + 5) + b"\nnext\n"
    found = splitter.feed(LogChunk("stdout", 0, NOW, text))
    assert [(line.number, len(line.raw)) for line in found] == [
        (1, PIECE_BYTES),
        (1, PIECE_BYTES),
        (1, 5),
        (2, 4),
    ]


async def test_a_log_that_breaks_says_so_and_wakes_who_waits(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: StreamSplitter, chunk: LogChunk) -> None:
        raise RuntimeError("a mistake")

    monkeypatch.setattr(StreamSplitter, "feed", broken)
    async with site.open() as process:
        job, attempt = await process.run()
        document = await process.service.open_log(job)
        await eventually(lambda: document.has_caught_up)
        waiter = asyncio.create_task(document.wait(document.version))
        site.node.write(attempt, b"one\n")
        await asyncio.wait_for(waiter, 10)
        assert "error in clusterdeck" in document.problem
        assert not document.is_complete
