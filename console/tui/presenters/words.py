"""Times and amounts as people read them. Times are seconds, memory is MiB."""

from __future__ import annotations

from datetime import UTC, datetime

from console.domain.times import in_calendar

MIB_PER_GIB = 1024
UNKNOWN = "-"


def duration(seconds: float | None) -> str:
    """A length of time in at most two units: `4 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`."""
    if seconds is None:
        return UNKNOWN
    whole = max(int(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return _two(whole // 60, "min", whole % 60, "s")
    if whole < 86400:
        return _two(whole // 3600, "h", whole % 3600 // 60, "min")
    return _two(whole // 86400, "d", whole % 86400 // 3600, "h")


def _two(first: int, first_unit: str, second: int, second_unit: str) -> str:
    return f"{first} {first_unit} {second} {second_unit}" if second else f"{first} {first_unit}"


def age(then: float, now: float) -> str:
    """How long ago in one unit: `now`, `40 s`, `5 min`, `3 h`, `12 d`. A little in the future counts as now."""
    seconds = int(now - then)
    if seconds < 5:
        return "now"
    if seconds < 60:
        return f"{seconds // 5 * 5} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 2 * 86400:
        return f"{seconds // 3600} h"
    return f"{seconds // 86400} d"


def moment(at: float | None) -> str:
    """A moment in the time of where the person is, to the second."""
    if at is None:
        return UNKNOWN
    return datetime.fromtimestamp(in_calendar(at), UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def clock(at: float) -> str:
    """The time of day of a moment, where the person is."""
    return datetime.fromtimestamp(in_calendar(at), UTC).astimezone().strftime("%H:%M:%S")


def memory(mib: float | None) -> str:
    """An amount of memory: `512 MiB`, `16 GiB`, `1.5 GiB`."""
    if mib is None:
        return UNKNOWN
    if mib < MIB_PER_GIB:
        return f"{mib:.0f} MiB"
    return f"{mib / MIB_PER_GIB:.1f}".removesuffix(".0") + " GiB"


def rate(bytes_per_second: float | None) -> str:
    """A rate: `0 B/s`, `12 kB/s`, `3.4 MB/s`."""
    if bytes_per_second is None:
        return UNKNOWN
    amount = bytes_per_second
    for unit in ("B/s", "kB/s", "MB/s"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if amount >= 10 or unit == "B/s" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB/s"


def percent(value: float | None) -> str:
    """A share that is given in percent."""
    return UNKNOWN if value is None else f"{value:.0f} %"


def number(value: float | None) -> str:
    """A hyperparameter or metric as short as it can be written: `0.00002` stays `2e-05`, `3.0` becomes `3`."""
    return UNKNOWN if value is None else f"{value:.6g}"


def count(amount: int, noun: str) -> str:
    """`1 job`, `2 jobs`."""
    return f"{amount} {noun}" if amount == 1 else f"{amount} {noun}s"
