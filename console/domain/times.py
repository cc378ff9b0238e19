"""Moments as the calendar knows them."""

from __future__ import annotations

_LAST = 253402300799.0
"""The last second of the year 9999."""


def in_calendar(seconds: float) -> float:
    """Seconds since the epoch, brought to the nearest moment that has a date: clocks of nodes may say anything."""
    return min(max(seconds, 0.0), _LAST)
