"""Time that passes when a test says so."""

from __future__ import annotations

NOW = 1_767_225_600.0


class VirtualClock:
    """A `ports.Clock`. With `step_s` each look at the monotonic clock moves it on: patience ends without waiting."""

    def __init__(self, *, step_s: float = 0.0) -> None:
        self.wall = NOW
        self._monotonic = 1000.0
        self._step_s = step_s

    def now(self) -> float:
        return self.wall

    def monotonic(self) -> float:
        self._monotonic += self._step_s
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Both clocks move on."""
        self.wall += seconds
        self._monotonic += seconds

    def step_back(self, seconds: float) -> None:
        """Somebody set the wall clock; the monotonic one doesn't notice."""
        self.wall -= seconds
