"""Bars and sparklines made of characters."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.text import Text

_BLOCKS = "▁▂▃▄▅▆▇█"
_STEPS = ".:-=+*#@"
_FIGURE = 6


def progress_bar(fraction: float | None, width: int, ascii: bool = False) -> Text:  # noqa: A002  says it best
    """A bar and its percentage in `width` cells: `━━━━━╸      42 %`; `fraction` is 0…1.

    None is shown as unknown, never as 0 %. A job that isn't done is never shown as 100 %. Where there is no room for
    both, the figure stays.
    """
    if fraction is None or math.isnan(fraction):
        figure, share = ("-" if ascii else "–").rjust(_FIGURE - 2), 0.0  # noqa: RUF001  a dash as wide as a digit
        figure += "  "
    else:
        share = min(max(fraction, 0.0), 1.0)
        figure = f"{int(share * 100):3d} %".rjust(_FIGURE)
    room = width - len(figure) - 1
    if room < 3:
        return Text(figure.strip().rjust(width)[:width], end="")
    return _bar(share, room, ascii=ascii).append(" ").append(figure.lstrip() if room < 1 else figure)


def _bar(share: float, room: int, *, ascii: bool) -> Text:  # noqa: A002
    halves = int(share * room * 2)
    if share > 0:
        halves = max(halves, 1)
    full, half = divmod(halves, 2)
    bar = Text(end="")
    if ascii:
        bar.append("=" * full + (">" if half else ""))
        return bar.append("." * (room - full - half), "dim")
    bar.append("━" * full + ("╸" if half else ""))
    return bar.append("─" * (room - full - half), "dim")


def sparkline(values: Sequence[float], width: int, ascii: bool = False) -> Text:  # noqa: A002
    """The newest values as one line of at most `width` cells, scaled from their least to their greatest.

    Where there are more values than cells each cell shows the greatest of its share. No values give an empty text.
    """
    finite = [value for value in values if math.isfinite(value)]
    if not finite or width < 1:
        return Text(end="")
    steps = _STEPS if ascii else _BLOCKS
    cells = min(width, len(finite))
    shown = [max(finite[len(finite) * i // cells : len(finite) * (i + 1) // cells]) for i in range(cells)]
    low, high = min(shown), max(shown)
    scale = (len(steps) - 1) / (high - low) if high > low else 0.0
    return Text("".join(steps[round((value - low) * scale)] for value in shown), end="")
