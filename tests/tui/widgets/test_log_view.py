"""The log pane: following, pausing, levels, wrapping, what it reads and what it draws."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from rich.cells import cell_len
from textual import events
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from console.domain.errors import NobodyToDoIt
from console.tui.widgets.log_view import LogState, LogView
from tests.harness.documents import MemoryDocument

SIZE = (60, 10)


class LogApp(App[None]):
    """Only a log pane, and what it told."""

    def __init__(self, document: MemoryDocument | None, notice: str = "", *, only_ascii: bool = False) -> None:
        super().__init__()
        self.only_ascii = only_ascii
        self.document = document
        self.notice = notice
        self.told: list[LogState] = []

    def compose(self) -> ComposeResult:
        yield LogView()

    def on_mount(self) -> None:
        self.view.show(self.document, self.notice)
        self.view.focus()

    @property
    def view(self) -> LogView:
        return self.query_one(LogView)

    def lines(self) -> list[str]:
        return [self.view.render_line(y).text.rstrip() for y in range(self.view.size.height)]

    def on_log_view_state_changed(self, event: LogView.StateChanged) -> None:
        self.told.append(event.state)


async def until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await pilot.pause(0.02)


def numbered(count: int) -> MemoryDocument:
    return MemoryDocument(*(f"line {number}" for number in range(count)))


async def test_it_opens_at_the_end_and_follows() -> None:
    document = numbered(100)
    app = LogApp(document)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        assert app.lines()[0] == "I line 90"
        assert app.lines()[-1] == "I line 99"
        document.extend([f"more {number}" for number in range(20)])
        await until(pilot, lambda: app.lines()[-1] == "I more 19")
        document.replace_last("bar 100 %")
        await until(pilot, lambda: app.lines()[-1] == "I bar 100 %")
        assert app.view.following
        assert app.told[-1] == LogState(True, None, False, False, 0, 120)


@pytest.mark.parametrize("key", ["k", "up", "pageup", "ctrl+u", "g", "home", "f"])
async def test_going_up_pauses_and_counts_what_is_new(key: str) -> None:
    document = numbered(100)
    app = LogApp(document)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        await pilot.press(key)
        await pilot.pause()
        before = app.lines()
        document.extend(["new"] * 128)
        await until(pilot, lambda: app.view.state.new_lines == 128)
        assert app.lines() == before
        assert app.view.state.words() == "paused, 128 new · 228 lines"
        await pilot.press("G")
        await until(pilot, lambda: app.view.following)
        assert app.lines()[-1] == "I new"
        assert app.view.state.words() == "following · 228 lines"


async def test_the_wheel_pauses_and_resumes() -> None:
    app = LogApp(numbered(100))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        await pilot._post_mouse_events([events.MouseScrollUp], LogView, offset=(5, 5))
        await until(pilot, lambda: not app.view.following)
        for _ in range(3):
            await pilot._post_mouse_events([events.MouseScrollDown], LogView, offset=(5, 5))
        await until(pilot, lambda: app.view.following)


async def test_moves_stop_at_both_ends() -> None:
    app = LogApp(numbered(30))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        await pilot.press("g", "k", "k")
        await pilot.pause()
        assert app.lines()[0] == "I line 0"
        await pilot.press("j", "ctrl+d", "pagedown", "pagedown", "pagedown", "j")
        await pilot.pause()
        assert app.lines()[-1] == "I line 29"
        assert app.view.following


async def test_levels_filter_and_a_paused_pane_stays_where_it_is() -> None:
    document = MemoryDocument()
    for number in range(300):
        document.append(f"line {number}", "error" if number % 100 == 50 else "warning" if number % 10 == 0 else "info")
    app = LogApp(document)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        app.view.set_minimum_level("error")
        await pilot.pause()
        assert app.lines()[:4] == ["E line 50", "E line 150", "E line 250", ""]
        assert app.told[-1].line_count == 3
        app.view.set_minimum_level("critical")
        assert app.lines()[0] == "  No lines of level critical or above."
        app.view.set_minimum_level("debug")
        assert app.view.minimum_level is None
        await pilot.press("g", "pagedown", "pagedown", "pagedown", "pagedown", "pagedown")
        await pilot.pause()
        top = int(app.lines()[0].split()[-1])
        app.view.set_minimum_level("warning")
        await pilot.pause()
        assert app.lines()[0].startswith(("W", "E"))
        assert top <= int(app.lines()[0].split()[-1]) < top + 10
        app.view.set_minimum_level(None)
        for expected in ("info", "warning", "error", "critical", None):
            await pilot.press("L")
            assert app.view.minimum_level == expected


async def test_timestamps_and_letters() -> None:
    document = MemoryDocument()
    for level in ("debug", "info", "warning", "error", "critical", "odd"):
        document._add("x", level, "stdout")
    app = LogApp(document)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        assert app.lines()[:6] == ["D x", "I x", "W x", "E x", "C x", "I x"]
        await pilot.press("t")
        assert app.lines()[3].startswith("E ")
        assert app.lines()[3].endswith(":03 x")
        assert app.view.state.timestamps


async def test_long_lines_are_cut_and_scrolled_sideways() -> None:
    app = LogApp(MemoryDocument("".join(f"{number:<10}" for number in range(0, 1000, 10))))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        assert app.lines()[0].startswith("I 0         10")
        assert app.lines()[0].endswith("…")
        await pilot.press("right", "right", "right", "right", "right")
        await pilot.pause()
        assert app.lines()[0].startswith("I 40        50")
        await pilot.press("left", "left", "left", "left", "left", "left")
        await pilot.pause()
        assert app.lines()[0].startswith("I 0         10")


async def test_wrapped_lines_keep_every_character_and_the_end_in_view() -> None:
    document = MemoryDocument(*(f"{number} " + "x" * 100 for number in range(50)))
    app = LogApp(document)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        await pilot.press("w")
        await pilot.pause()
        lines = app.lines()
        assert len([line for line in lines if line]) == 10
        assert lines[-2].startswith("I 49 x")
        assert (lines[-2][2:] + lines[-1][2:]).count("x") == 100
        assert lines[-1].startswith("┆ x")
        await pilot.press("g")
        await pilot.pause()
        assert app.lines()[0].startswith("I 0 x")
        assert not app.view.following
        await pilot.press("j")
        assert app.lines()[0].startswith("I 1 x")
        await pilot.press("G")
        await pilot.pause()
        assert app.lines() == lines


@pytest.mark.parametrize("part", ["x", "訓", "\x1b[31mx\x1b[0m", "\u202e", "\x1b]x"], ids=ascii)
@pytest.mark.parametrize("wrap", [False, True])
async def test_lines_of_64_kib_take_no_more_than_the_pane(part: str, *, wrap: bool) -> None:
    text = part * (65536 // len(part))
    app = LogApp(MemoryDocument(*([text] * 40)))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        if wrap:
            await pilot.press("w")
            await pilot.pause()
        lines = app.lines()
        assert len(lines) == SIZE[1]
        assert all(cell_len(line) < SIZE[0] for line in lines)
        assert lines[-1].endswith("…")
        await pilot.press("k", "k", "t", "right")
        assert app.is_running


async def test_a_long_log_is_read_only_where_it_is_shown() -> None:
    document = numbered(100_000)
    app = LogApp(document)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("g", "pagedown", "G", "k", "w")
        await pilot.pause()
        assert document.lines_read < 1000


async def test_nothing_is_repainted_for_growth_out_of_view() -> None:
    document = numbered(100)
    app = LogApp(document)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("g")
        await pilot.pause()
        app.lines()
        read = document.lines_read
        document.append("more")
        await until(pilot, lambda: app.view.state.new_lines == 1)
        app.lines()
        assert document.lines_read == read


async def test_hostile_lines_are_shown() -> None:
    document = MemoryDocument(
        "a\x1b[2Jb\x1b]52;c;aGk=\x07c\x9b1md",
        "[@click=app.quit]x[/] [/",
        "left\u202eright\u200b",
        "\x1b[8mhidden\x1b[30;40mink\x1b[0m",
        "\u0301" * 40,
        "a\rb\x00\x08",
    )
    app = LogApp(document)
    async with app.run_test(size=(120, 10)) as pilot:
        await pilot.pause()
        lines = app.lines()
        assert lines[:4] == ["I abcd", "I [@click=app.quit]x[/] [/", "I left<U+202E>right<U+200B>", "I hiddenink"]
        assert lines[4].startswith("I ◌\u0301")
        assert lines[5] == "I a␍b␀␈"
        ink = next(segment for segment in app.view.render_line(3) if "ink" in segment.text)
        assert ink.style is not None
        assert ink.style.color != ink.style.bgcolor
        await pilot.click(LogView, offset=(4, 1))
        assert app.is_running


async def test_colours_of_a_line_are_kept() -> None:
    app = LogApp(MemoryDocument("\x1b[1;31mred\x1b[0m plain"))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        styles = {segment.text: segment.style for segment in app.view.render_line(0)}
        red = styles["red"]
        assert red is not None
        assert red.bold
        assert red.color is not None
        assert red.color.number == 1


async def test_what_is_said_without_lines() -> None:
    app = LogApp(None, "sweep-7 waits: 2 GPUs are busy\x1b[2J")
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        assert app.lines()[0] == "  sweep-7 waits: 2 GPUs are busy"
        document = MemoryDocument()
        app.view.show(document)
        await pilot.pause()
        assert app.lines()[0] == "  No output yet."
        document.is_complete = True
        document.fail("")
        await until(pilot, lambda: app.lines()[0] == "  No output.")
        document.fail("Node n3 is out of reach.")
        await until(pilot, lambda: app.lines()[0] == "  Node n3 is out of reach.")


@pytest.mark.parametrize("wrap", [False, True])
async def test_a_problem_stands_below_the_last_line(*, wrap: bool) -> None:
    document = numbered(50)
    app = LogApp(document)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        if wrap:
            await pilot.press("w")
        document.fail("Node n3 is out of reach.")
        await until(pilot, lambda: app.lines()[-1] == "  Node n3 is out of reach.")
        assert app.lines()[-2] == "I line 49"
        document.problem = ""
        document.append("back")
        await until(pilot, lambda: app.lines()[-1] == "I back")


async def test_an_error_of_the_document_is_said() -> None:
    class Broken(MemoryDocument):
        async def wait(self, version: int) -> None:
            raise NobodyToDoIt("The log can't be read: the engine has stopped.")

    app = LogApp(Broken())
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.lines()[0].startswith("  The log can't be read"))


async def test_another_document_takes_the_place_of_the_first() -> None:
    first, second = numbered(100), MemoryDocument("second")
    app = LogApp(first)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("g")
        app.view.show(second)
        await pilot.pause()
        assert app.lines()[:2] == ["I second", ""]
        assert app.view.following
        first.append("late")
        second.append("third")
        await until(pilot, lambda: app.lines()[1] == "I third")


async def test_the_size_may_change_and_be_tiny() -> None:
    app = LogApp(numbered(100))
    async with app.run_test(size=SIZE) as pilot:
        for size in ((20, 5), (3, 1), (1, 1), (80, 24)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            app.lines()
        assert app.view.following
        assert app.lines()[-1] == "I line 99"
        await pilot.press("w")
        await pilot.resize_terminal(2, 2)
        await pilot.pause()
        app.lines()


async def test_ascii_signs() -> None:
    app = LogApp(MemoryDocument("x" * 500), only_ascii=True)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        assert app.lines()[0].endswith("~")
        await pilot.press("w")
        assert "".join(app.lines()).isascii()
