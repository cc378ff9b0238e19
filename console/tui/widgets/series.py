"""Series of numbers made ready to plot: cleaned, thinned, and grouped by what they measure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

Point = tuple[float, float]

# Beyond this the arithmetic of a plot's axes overflows.
_LIMIT = 1e200
_PARTS_OF_DATA = {"train", "training", "val", "valid", "validation", "eval", "test", "dev"}


def thinned(points: Sequence[Point], limit: int = 400) -> list[Point]:
    """At most `limit` of the finite points, with the least and the greatest of each stretch, so that no spike is lost.

    Their order is kept. `limit` is at least 2.
    """
    good = [(x, y) for x, y in points if abs(x) < _LIMIT and abs(y) < _LIMIT]
    if len(good) <= limit:
        return good
    stretches = limit // 2
    kept: list[Point] = []
    for index in range(stretches):
        stretch = good[len(good) * index // stretches : len(good) * (index + 1) // stretches]
        low = min(range(len(stretch)), key=lambda at: stretch[at][1])
        high = max(range(len(stretch)), key=lambda at: stretch[at][1])
        kept.extend(stretch[at] for at in sorted({low, high}))
    return kept


def measure(name: str) -> str:
    """What a metric measures, whatever part of the data it was measured on: `loss` for `val_loss` and `train/loss`."""
    words = [word for word in re.split(r"[/_.\s-]+", name.lower()) if word]
    return "_".join(word for word in words if word not in _PARTS_OF_DATA) or name


def grouped(names: Mapping[str, object]) -> list[list[str]]:
    """The names that belong in one plot: those of one measure, at most four; losses come first."""
    groups: dict[str, list[str]] = {}
    for name in sorted(names):
        groups.setdefault(measure(name), []).append(name)
    ordered = sorted(groups, key=lambda key: ("loss" not in key, key))
    return [groups[key][start : start + 4] for key in ordered for start in range(0, len(groups[key]), 4)]


def ticks(values: Sequence[float], count: int) -> list[float]:
    """About `count` round values between the least and the greatest; those two if there are no round ones."""
    if not values:
        return []
    low, high = min(values), max(values)
    span = high - low
    if span <= 0:
        return [low]
    rough = span / max(count - 1, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    first = math.ceil(low / step)
    found = [
        round(index * step, 12 - math.floor(math.log10(step))) for index in range(first, math.floor(high / step) + 1)
    ]
    if len(found) > 1:
        return found
    return ticks(values, count + 1) if count < 8 else [low, high]


def figure(value: float) -> str:
    """A value in few characters: `0.3121`, `12.5`, `1.2e-05`."""
    if not math.isfinite(value):
        return str(value)
    return f"{value:.4g}"
