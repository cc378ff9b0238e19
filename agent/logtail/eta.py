"""When a job will be done, from its progress. Pure."""

from __future__ import annotations

from collections import deque
from typing import Deque, Optional, Tuple

_WINDOW_S = 600.0
_MOST_POINTS = 240
_LEAST_SPAN_S = 2.0


class Estimator:
    """Remembers the recent progress: validation phases and a slow first epoch make the overall mean a bad guide."""

    def __init__(self) -> None:
        self._points: Deque[Tuple[float, float]] = deque()

    def add(self, time: float, fraction: float) -> None:
        """Progress (0 to 1) seen at a time in seconds. A step back means that another phase began: forget the past."""
        if self._points and fraction < self._points[-1][1]:
            self._points.clear()
        spacing = _WINDOW_S / _MOST_POINTS
        if len(self._points) > 1 and time - self._points[-2][0] < spacing:
            self._points.pop()
        self._points.append((time, fraction))
        while len(self._points) > 2 and time - self._points[1][0] > _WINDOW_S:
            self._points.popleft()

    def remaining_s(self, now: float) -> Optional[float]:
        """Seconds until 1 is reached at the recent rate; None while that can't be told."""
        if len(self._points) < 2:
            return None
        (first_time, first), (_, last) = self._points[0], self._points[-1]
        if now - first_time < _LEAST_SPAN_S or last <= first:
            return None
        # Up to now, not up to the last point: a job that hangs gets later and later, as it should.
        rate = (last - first) / (now - first_time)
        return max(0.0, (1.0 - last) / rate)
