"""Values as tables and lines show them."""

from __future__ import annotations

from console.engine.service import JobView

NOBODY_SCHEDULES = "Nobody schedules now: open the console, or run `clusterdeck serve --detach`."
_UNITS = ((86400, "d"), (3600, "h"), (60, "m"))


def span(seconds: float) -> str:
    """A length of time in its largest two units: `45s`, `12m 5s`, `3h 20m`."""
    rest = max(0, round(seconds))
    parts = []
    for size, unit in _UNITS:
        if rest >= size:
            parts.append(f"{rest // size}{unit}")
            rest %= size
    parts.append(f"{rest}s")
    return " ".join(part for part in parts[:2] if part != "0s" or len(parts) == 1)


def percent(fraction: float | None) -> str:
    """A share as a percentage; it says 100 only when all is done."""
    return "" if fraction is None else f"{int(fraction * 100 + 1e-9)} %"


def number(value: float | None, unit: str = "") -> str:
    """A measured value in three digits or so; nothing where it isn't known."""
    return "" if value is None else f"{value:.4g}{unit}"


def rate(bytes_s: float | None) -> str:
    """Bytes per second with a fitting unit."""
    if bytes_s is None:
        return ""
    value = bytes_s
    for unit in ("B/s", "kB/s", "MB/s"):
        if value < 1000:
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} GB/s"


def headline(view: JobView) -> str:
    """A job in one line: its number, name, status and what is known of it right now."""
    parts = [f"job {view.job.number}", view.job.spec.name, view.status.value]
    if view.progress is not None:
        parts.append(percent(view.progress))
    if view.eta_s is not None:
        parts.append(f"{span(view.eta_s)} left")
    # The same metrics in the same order each time, whichever came last: losses first.
    latest = sorted(view.latest, key=lambda metric: ("loss" not in metric[0], metric[0]))
    parts += [f"{name} {value:.4g}" for name, value in latest[:3]]
    if view.reason:
        parts.append(view.reason)
    return " · ".join(parts)
