"""Plots and cards."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pytest
from rich.cells import cell_len
from textual.app import App, ComposeResult

from console.tui.widgets.cards import SummaryCards
from console.tui.widgets.plot import MetricPlot
from console.tui.widgets.series import figure, grouped, measure, thinned, ticks

CURVE = [(float(step), math.exp(-step / 50)) for step in range(200)]


class PlotApp(App[None]):
    """Cards and a plot."""

    def __init__(self, *, only_ascii: bool = False) -> None:
        super().__init__()
        self.only_ascii = only_ascii

    def compose(self) -> ComposeResult:
        yield SummaryCards()
        yield MetricPlot()

    @property
    def plot(self) -> MetricPlot:
        return self.query_one(MetricPlot)

    def lines(self) -> list[str]:
        return [self.plot.render_line(y).text for y in range(self.plot.size.height)]


async def test_without_points_it_says_what_would_be_here() -> None:
    app = PlotApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "Nothing to plot yet." in "".join(app.lines())
        app.plot.show({"loss": []})
        assert "Nothing to plot yet." in "".join(app.lines())


async def test_each_measure_has_its_plot_with_the_newest_values() -> None:
    app = PlotApp()
    async with app.run_test(size=(80, 24)) as pilot:
        app.plot.show({"loss": CURVE, "val_loss": CURVE[::10], "accuracy": [(x, 1 - y) for x, y in CURVE]})
        await pilot.pause()
        lines = app.lines()
        assert "● loss 0.01869  ● val_loss 0.02237" in lines[0]
        assert "● accuracy 0.9813" in lines[0]
        assert any("⠤" in line or "⣀" in line or "⢄" in line for line in lines)
        await pilot.resize_terminal(50, 24)
        await pilot.pause()
        assert "accuracy" not in app.lines()[0]


@pytest.mark.parametrize(
    "series",
    [
        {"one": [(0.0, 1.0)]},
        {"same": [(0.0, 5.0), (1.0, 5.0)]},
        {"same x": [(3.0, 5.0), (3.0, 6.0)]},
        {"not finite": [(0.0, math.nan), (1.0, math.inf), (2.0, -math.inf)]},
        {"huge": [(0.0, 1e308), (1.0, -1e308), (2.0, 1e150), (3.0, -1e150)]},
        {"tiny": [(0.0, 1e-300), (1.0, 2e-300)]},
        {"restarted": [(0.0, 1.0), (5.0, 2.0), (0.0, 3.0)]},
        {"\x1b[2J[@click=app.quit]\u202e" + "n" * 5000: CURVE},
        {f"metric {number}": CURVE for number in range(30)},
    ],
    ids=str.split("one same x finite huge tiny restarted hostile many"),
)
@pytest.mark.parametrize("size", [(80, 24), (20, 6)], ids=str)
async def test_odd_series_are_drawn(series: Mapping[str, Sequence[tuple[float, float]]], size: tuple[int, int]) -> None:
    app = PlotApp()
    async with app.run_test(size=size) as pilot:
        app.plot.show(series)
        await pilot.pause()
        lines = app.lines()
        assert all(line.isprintable() for line in lines)
        assert len({cell_len(line) for line in lines}) <= 1
        app.plot.scroll_end(animate=False)
        await pilot.pause()
        app.lines()
        assert app.is_running


async def test_a_plot_fills_the_pane_whatever_terminal_the_test_runs_on() -> None:
    app = PlotApp()
    async with app.run_test(size=(150, 80)) as pilot:
        app.plot.show({"loss": CURVE})
        await pilot.pause()
        assert app.lines()[70].strip()


async def test_ascii_plots() -> None:
    app = PlotApp(only_ascii=True)
    async with app.run_test(size=(80, 40)) as pilot:
        app.plot.show({"loss": CURVE})
        await pilot.pause()
        assert "".join(app.lines()).isascii()


async def test_cards_show_the_counts_in_boxes_or_in_one_line() -> None:
    class BrokenIntoLines(PlotApp):
        VERTICAL_BREAKPOINTS = [(0, "-low"), (30, "-high")]  # noqa: RUF012

    app = BrokenIntoLines()
    async with app.run_test(size=(80, 24)) as pilot:
        cards = app.query_one(SummaryCards)
        cards.set_counts(1024, 3, 998, 7, pending=16)
        await pilot.pause()
        assert cards.size.height == 1
        shown = [str(card.render()) for card in cards.query(".card")]
        assert shown == ["1,024 Total (16 pending)", "▶ 3 Running", "✓ 998 Completed", "✗ 7 Failed"]
        await pilot.resize_terminal(100, 40)
        await pilot.pause()
        assert cards.size.height == 3


def test_thinning_keeps_spikes_and_order() -> None:
    points = [(float(x), 0.0) for x in range(10_000)]
    points[4321] = (4321.0, 99.0)
    points[7777] = (7777.0, -5.0)
    kept = thinned(points)
    assert len(kept) <= 400
    assert (4321.0, 99.0) in kept
    assert (7777.0, -5.0) in kept
    assert kept == sorted(kept)


def test_names_of_one_measure_share_a_plot_and_losses_come_first() -> None:
    assert measure("train/loss") == measure("val_loss") == measure("loss") == "loss"
    assert measure("train") == "train"
    names = dict.fromkeys(["accuracy", "val_loss", "loss", "val_accuracy", "lr"])
    assert grouped(names) == [["loss", "val_loss"], ["accuracy", "val_accuracy"], ["lr"]]


def test_ticks_are_round_and_inside() -> None:
    assert ticks([0.0, 1999.0], 5) == [0, 500, 1000, 1500]
    assert ticks([0.04, 2.2], 3) == [1, 2]
    assert ticks([3.0], 3) == [3.0]
    assert ticks([], 3) == []
    assert [figure(value) for value in ticks([0.0, 2e-4], 3)] == ["0", "0.0001", "0.0002"]
    assert len(ticks([1.0, 1.0 + 1e-12], 3)) >= 2
