"""The table: cursor, pages, orders, marks, widths, mouse."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rich.cells import cell_len
from rich.text import Text
from textual.app import App, ComposeResult
from textual.message import Message

from console.tui.text import safe
from console.tui.widgets.table import Column, VirtualTable, nearest

COLUMNS = (
    Column("name", "Name", 20, flex=1),
    Column("status", "Status", 10),
    Column("created", "Created", 10, rank=1, justify="right"),
    Column("experiment", "Experiment", 14, rank=2),
)
HOSTILE = [
    "\x1b[2J\x1b]0;owned\x07bad",
    "[@click=app.quit]x[/]",
    "[/",
    "a\u202eb",
    "大模型训练大模型训练大模型训练",
    "e" + "\u0301" * 99,
]


class TableApp(App[None]):
    """Only a table, and what it told."""

    def __init__(self, render: Callable[[str, str, int], Text] | None = None, *, only_ascii: bool = False) -> None:
        super().__init__()
        self.only_ascii = only_ascii
        self.told: list[Message] = []
        self.rendered: list[str] = []
        self._draw = render or (lambda key, column, width: safe(f"{column} {key}"))

    def compose(self) -> ComposeResult:
        yield VirtualTable(COLUMNS, self._cell, id="rows")

    def _cell(self, key: str, column: str, width: int) -> Text:
        if column == "name":
            self.rendered.append(key)
        return self._draw(key, column, width)

    @property
    def table(self) -> VirtualTable:
        return self.query_one(VirtualTable)

    def lines(self) -> list[str]:
        return [self.table.render_line(y).text for y in range(self.table.size.height)]

    def on_virtual_table_highlighted(self, event: VirtualTable.Highlighted) -> None:
        self.told.append(event)

    def on_virtual_table_opened(self, event: VirtualTable.Opened) -> None:
        self.told.append(event)

    def on_virtual_table_header_clicked(self, event: VirtualTable.HeaderClicked) -> None:
        self.told.append(event)

    def on_virtual_table_marks_changed(self, event: VirtualTable.MarksChanged) -> None:
        self.told.append(event)


def keys(count: int) -> list[str]:
    return [str(number) for number in range(count)]


async def test_keys_move_the_cursor_and_keep_it_in_view() -> None:
    app = TableApp()
    async with app.run_test(size=(80, 11)) as pilot:
        app.table.set_order(keys(100))
        for pressed, expected in [
            ("down", "1"), ("j", "2"), ("k", "1"), ("up", "0"), ("up", "0"), ("G", "99"), ("g", "0"), ("end", "99"),
            ("home", "0"), ("pagedown", "10"), ("pageup", "0"), ("ctrl+d", "5"), ("ctrl+u", "0"),
        ]:  # fmt: skip
            await pilot.press(pressed)
            assert app.table.cursor_key == expected, pressed
            assert any(line.startswith("▌") for line in app.lines()), pressed
        await pilot.press("pagedown", "enter")
        assert isinstance(app.told[-1], VirtualTable.Opened)
        assert app.told[-1].key == "10"


async def test_the_cursor_stays_on_its_key_through_new_orders() -> None:
    app = TableApp()
    async with app.run_test(size=(80, 11)) as pilot:
        app.table.set_order(keys(50))
        app.table.move_cursor_to("30")
        await pilot.pause()
        line = next(y for y, text in enumerate(app.lines()) if text.startswith("▌"))
        app.table.set_order(["new", *keys(50)])
        await pilot.pause()
        assert app.table.cursor_key == "30"
        assert app.lines()[line].startswith("▌")
        app.table.set_order([*reversed(keys(50))])
        assert app.table.cursor_key == "30"
        app.table.set_order([key for key in keys(50) if key != "30"])
        assert app.table.cursor_key == "29"
        app.table.set_order(["3", "4"])
        assert app.table.cursor_key == "4"
        await pilot.pause()
        assert [event.key for event in app.told if isinstance(event, VirtualTable.Highlighted)] == [
            "0", "30", "29", "4",
        ]  # fmt: skip


async def test_at_the_top_new_rows_come_into_view() -> None:
    app = TableApp()
    async with app.run_test(size=(80, 11)) as pilot:
        app.table.set_order(keys(50))
        app.table.set_order(["new", *keys(50)])
        await pilot.pause()
        assert app.table.cursor_key == "0"
        assert "new" in app.lines()[1]


async def test_no_rows_show_why_and_keys_do_nothing() -> None:
    app = TableApp()
    async with app.run_test(size=(80, 11)) as pilot:
        app.table.empty_text = Text("No jobs yet.\nPress n for one.")
        await pilot.press("down", "enter", "space", "ctrl+a", "G")
        assert app.table.cursor_key is None
        assert "No jobs yet." in "".join(app.lines())
        app.table.set_order(keys(3))
        await pilot.press("down")
        app.table.set_order([])
        assert app.table.cursor_key is None
        assert app.table.marked == frozenset()
        assert "Press n for one." in "".join(app.lines())
        assert not any(isinstance(event, VirtualTable.Opened) for event in app.told)


async def test_marks_belong_to_keys_and_leave_with_them() -> None:
    app = TableApp()
    async with app.run_test(size=(80, 11)) as pilot:
        app.table.set_order(keys(5))
        await pilot.press("space", "space")
        assert app.table.marked == {"0", "1"}
        assert app.table.cursor_key == "2"
        assert [line[1] for line in app.lines()[1:4]] == ["●", "●", " "]
        app.table.set_order(["4", "1"])
        assert app.table.marked == {"1"}
        await pilot.press("ctrl+a")
        assert app.table.marked == {"4", "1"}
        await pilot.press("ctrl+a")
        assert app.table.marked == frozenset()
        await pilot.pause()
        assert sum(isinstance(event, VirtualTable.MarksChanged) for event in app.told) == 5


async def test_a_hundred_thousand_rows_cost_what_is_in_view() -> None:
    app = TableApp()
    async with app.run_test(size=(80, 11)) as pilot:
        order = keys(100_000)
        app.table.set_order(order)
        for _ in range(20):
            app.table.set_order(order[1:])
            app.table.set_order(order)
        await pilot.press("G")
        assert app.table.cursor_key == "99999"
        assert "99999" in app.lines()[-1]
        await pilot.pause()
        assert len(set(app.rendered)) <= 30


async def test_only_named_rows_are_asked_for_again() -> None:
    app = TableApp()
    async with app.run_test(size=(80, 11)) as pilot:
        app.table.set_order(keys(100))
        await pilot.pause()
        app.rendered.clear()
        await pilot.press("down", "down")
        app.table.set_order(keys(100))
        await pilot.pause()
        assert app.rendered == []
        app.table.refresh_rows({"3", "77"})
        await pilot.pause()
        assert app.rendered == ["3"]


@pytest.mark.parametrize(
    ("width", "shown"),
    [(80, 4), (50, 3), (49, 3), (38, 2), (35, 2), (30, 1), (5, 1), (1, 1)],
)
async def test_narrow_tables_drop_the_columns_of_highest_rank(width: int, shown: int) -> None:
    app = TableApp()
    async with app.run_test(size=(width, 8)) as pilot:
        app.table.set_order(keys(20))
        app.table.set_sort_marker("status", descending=True)
        await pilot.pause()
        header = app.lines()[0]
        titles = [column.title for column in COLUMNS if column.title in header]
        if width >= 30:
            assert titles == [column.title for column in sorted(COLUMNS, key=lambda column: column.rank)][:shown]
        assert {cell_len(line) for line in app.lines()} <= {width, width - 1}
        await pilot.resize_terminal(100, 8)
        await pilot.pause()
        assert all(column.title in app.lines()[0] for column in COLUMNS)
        assert "Status ▼" in app.lines()[0]


@pytest.mark.parametrize("width", [80, 39, 33, 12])
async def test_hostile_and_wide_cells_are_shown_and_take_their_cells(width: int) -> None:
    app = TableApp(lambda key, column, width: safe(HOSTILE[int(key)]))
    async with app.run_test(size=(width, 9)) as pilot:
        app.table.set_order(keys(len(HOSTILE)))
        await pilot.pause()
        lines = app.lines()
        assert len({cell_len(line) for line in lines}) == 1
        assert all(line.isprintable() for line in lines)
        if width == 80:
            assert "bad" in lines[1]
            assert "[@click=app.quit]x[/]" in lines[2]
            assert "a<U+202E>b" in lines[4]
        await pilot.click(VirtualTable, offset=(4, 2))
        assert app.is_running


async def test_a_cell_that_was_not_sanitised_is_shown_not_obeyed() -> None:
    app = TableApp(lambda key, column, width: Text("one\ntwo\u202e"))
    async with app.run_test(size=(80, 9)) as pilot:
        app.table.set_order(keys(2))
        await pilot.pause()
        assert "one␊two<U+202E>" in app.lines()[1]


async def test_the_mouse_sorts_marks_moves_and_opens() -> None:
    app = TableApp()
    async with app.run_test(size=(80, 9)) as pilot:
        app.table.set_order(keys(50))
        await pilot.pause()
        await pilot.click(VirtualTable, offset=(app.lines()[0].index("Status"), 0))
        await pilot.click(VirtualTable, offset=(10, 4))
        assert app.table.cursor_key == "3"
        await pilot.click(VirtualTable, offset=(0, 6))
        assert app.table.marked == {"5"}
        await pilot.double_click(VirtualTable, offset=(10, 2))
        await pilot.pause()
        assert [event.column for event in app.told if isinstance(event, VirtualTable.HeaderClicked)] == ["status"]
        assert [event.key for event in app.told if isinstance(event, VirtualTable.Opened)] == ["1"]
        app.table.scroll_to(y=20, animate=False)
        await pilot.pause()
        assert "name 20" in app.lines()[1]
        assert app.table.cursor_key == "1"


async def test_ascii_signs() -> None:
    app = TableApp(only_ascii=True)
    async with app.run_test(size=(60, 9)) as pilot:
        app.table.set_order(keys(5))
        app.table.set_sort_marker("name", descending=False)
        await pilot.press("space")
        await pilot.pause()
        assert "".join(app.lines()).isascii()
        assert "Name ^" in app.lines()[0]


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", "ansi-dark", "nord"])
async def test_every_theme_draws(theme: str) -> None:
    app = TableApp()
    async with app.run_test(size=(60, 9)) as pilot:
        app.table.set_order(keys(5))
        app.theme = theme
        await pilot.press("space")
        await pilot.pause()
        assert "name 4" in "".join(app.lines())


def test_nearest_prefers_the_row_that_follows() -> None:
    order = list("abcdef")
    assert nearest(order, 2, {"b", "d"}) == "d"
    assert nearest(order, 2, {"b", "e"}) == "b"
    assert nearest(order, 2, set()) is None
