"""`logs`: both streams, levels, following, raw bytes."""

from __future__ import annotations

import asyncio
import io
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from console.cli.logs import _print, _Printer
from console.engine.service import LogLine
from tests.harness.fake_service import NOW, FakeLog
from tests.unit.console.cli.conftest import Deck


@pytest.fixture
def logged(deck: Deck) -> Deck:
    log = deck.service.log(deck.service.add("a", "completed"))
    log.write("one\ntwo \x1b[31mred")
    log.write("bad", level="error", stream="stderr")
    log.end()
    return deck


def test_lines_stay_as_they_were_where_no_terminal_is(logged: Deck) -> None:
    result = logged.run("logs", "1")
    assert result.stdout == "one\ntwo \x1b[31mred\nbad\n"
    assert logged.service.log(next(iter(logged.service.jobs()))).closed


def test_a_terminal_gets_cleaned_lines(logged: Deck, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.cli.logs.is_terminal", lambda: True)
    assert logged.run("logs", "1").stdout == "one\ntwo red\nbad\n"


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (("--level", "warning"), "bad\n"),
        (("--stream", "stderr"), "bad\n"),
        (("--raw",), "one\ntwo \x1b[31mred\n"),
        (("--raw", "--stream", "stderr"), "bad\n"),
        (("-f", "--attempt", "1"), "one\ntwo \x1b[31mred\nbad\n"),
    ],
)
def test_choices(logged: Deck, args: tuple[str, ...], text: str) -> None:
    assert logged.run("logs", "1", *args).stdout == text


def test_raw_takes_no_level(logged: Deck) -> None:
    assert logged.run("logs", "1", "--raw", "--level", "error").exit_code == 2


def test_a_file_is_private_and_never_overwritten(logged: Deck, tmp_path: Path) -> None:
    file = tmp_path / "log.txt"
    result = logged.run("logs", "1", "--raw", "--output", str(file))
    assert result.exit_code == 0
    assert result.stdout == ""
    assert file.read_bytes() == b"one\ntwo \x1b[31mred\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    again = logged.run("logs", "1", "--output", str(file))
    assert again.exit_code == 2
    assert "is there already" in again.stderr
    assert logged.run("logs", "1", "--output", str(tmp_path / "no" / "x")).exit_code == 2


def test_a_log_that_breaks_off_is_shown_and_4(deck: Deck) -> None:
    log = deck.service.log(deck.service.add("a", "running"))
    log.write("one")
    log.end("node local is out of reach")
    result = deck.run("logs", "1")
    assert (result.exit_code, result.stdout) == (4, "one\n")


def test_a_log_that_is_out_of_reach_is_4(deck: Deck) -> None:
    deck.service.log(deck.service.add("a", "running")).end("node local is out of reach")
    result = deck.run("logs", "1")
    assert result.exit_code == 4
    assert "out of reach" in result.stderr


def test_a_job_that_never_ran_has_none(deck: Deck) -> None:
    deck.service.add("a")
    assert deck.run("logs", "1").exit_code == 3


class Growing(FakeLog):
    """A log whose lines the test sets as a whole."""

    def show(self, *lines: LogLine) -> None:
        self._lines = list(lines)
        self._touch()


def line(number: int, text: str, *, stderr: bool = False, finished: bool = True) -> LogLine:
    return LogLine("stderr" if stderr else "stdout", number, "info", NOW, text, finished)


async def test_following_prints_each_line_once_when_it_is_finished() -> None:
    log, target = Growing(), io.BytesIO()
    printer = _Printer(target, None, None, on_terminal=False)
    following = asyncio.ensure_future(_print(log, printer, follow=True))
    bar = line(1, " 10%", stderr=True, finished=False)

    async def shown(text: str) -> None:
        async with asyncio.timeout(10):
            while target.getvalue().decode() != text:
                await asyncio.sleep(0)

    log.show(line(1, "a"), bar)
    await shown("a\n")
    log.show(line(1, "a"), line(2, "b"), bar)
    await shown("a\nb\n")
    log.show(line(1, "a"), line(2, "b"), replace(bar, text="100%", is_finished=True), line(3, "c", finished=False))
    await shown("a\nb\n100%\n")
    log.end()
    await following
    assert target.getvalue() == b"a\nb\n100%\nc\n"


def test_the_unfinished_line_stands_live_on_a_terminal() -> None:
    log, target = Growing(), io.BytesIO()
    printer = _Printer(target, None, None, on_terminal=True)
    log.show(line(1, "10%\x07", finished=False))
    printer.print_new(log, is_over=False)
    log.show(line(1, "done"))
    printer.print_new(log, is_over=True)
    assert target.getvalue().decode() == "10%␇\r\x1b[Kdone\n"
