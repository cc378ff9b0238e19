"""How long to wait before the next try. Pure: the randomness is handed in."""

from __future__ import annotations

from dataclasses import dataclass

_FIRST_S = 0.1
_LONGEST_S = 30.0
_FACTOR = 2.0


@dataclass(slots=True)
class Backoff:
    """Doubles from 0.1 s to 30 s. Each wait is between half of that and all of it, so that nodes that were lost
    together don't come back together."""

    failures: int = 0

    def next_s(self, chance: float) -> float:
        """Seconds to wait after one more failure; `chance` is from 0 to 1."""
        full = min(_LONGEST_S, _FIRST_S * _FACTOR ** min(self.failures, 20))
        self.failures += 1
        return full * (0.5 + 0.5 * chance)

    def reset(self) -> None:
        """It worked: begin anew."""
        self.failures = 0
