"""Bars and sparklines."""

from __future__ import annotations

import math

import pytest

from console.tui.widgets.bars import progress_bar, sparkline


@pytest.mark.parametrize(
    ("fraction", "width", "shown"),
    [
        (0.0, 16, "─────────   0 %"),
        (0.42, 17, "━━━━──────   42 %"),
        (0.45, 17, "━━━━╸─────   45 %"),
        (0.9999, 17, "━━━━━━━━━╸   99 %"),
        (1.0, 17, "━━━━━━━━━━  100 %"),
        (1.7, 17, "━━━━━━━━━━  100 %"),
        (-1.0, 17, "──────────    0 %"),
        (0.001, 17, "╸─────────    0 %"),
        (None, 17, "──────────    –  "),  # noqa: RUF001
        (math.nan, 17, "──────────    –  "),  # noqa: RUF001
        (0.42, 6, "  42 %"),
        (0.42, 2, "42"),
    ],
)
def test_bars_tell_the_truth(fraction: float | None, width: int, shown: str) -> None:
    bar = progress_bar(fraction, width).plain
    if width == 16:
        assert bar.endswith(" 0 %")
    else:
        assert bar == shown
    assert len(bar) == width


def test_bars_in_ascii() -> None:
    assert progress_bar(0.45, 17, ascii=True).plain == "====>.....   45 %"
    assert progress_bar(None, 17, ascii=True).plain.isascii()


@pytest.mark.parametrize("width", range(40))
@pytest.mark.parametrize("fraction", [None, 0.0, 0.5, 1.0])
def test_bars_take_exactly_their_width(fraction: float | None, width: int) -> None:
    assert progress_bar(fraction, width).cell_len == width


def test_sparklines() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8).plain == "▁▂▃▄▅▆▇█"
    assert sparkline([5, 5, 5], 8).plain == "▁▁▁"
    assert sparkline([], 8).plain == ""
    assert sparkline([math.nan, 1, math.inf], 8).plain == "▁"
    assert sparkline(range(100), 10, ascii=True).plain.isascii()
    assert len(sparkline(range(100), 10).plain) == 10
    assert sparkline([0] * 50 + [9] + [0] * 49, 10).plain.count("█") == 1
