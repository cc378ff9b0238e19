"""When a supervisor that died is replaced: at once, but later and later while its replacements die as well."""

from __future__ import annotations

from typing import Dict, List, Optional

# One that lived shorter isn't replaced at once, lest the same fault burns the processor.
_SHORT_LIFE_S = 0.2
# One that lived longer had no fault: the next death of this attempt's supervisors is a first one.
_LONG_LIFE_S = 10.0
_FIRST_S = 0.25
_LONGEST_S = 60.0
_MOST_DOUBLINGS = 10


class Replacements:
    """The attempts whose supervisor is to be replaced. Times are seconds of one monotonic clock."""

    def __init__(self) -> None:
        self._deaths: Dict[str, int] = {}
        self._due: Dict[str, float] = {}

    def died(self, attempt_id: str, lived_s: float, now: float) -> None:
        """A supervisor ended without having done its work."""
        before = 0 if lived_s >= _LONG_LIFE_S else self._deaths.get(attempt_id, 0)
        self._deaths[attempt_id] = before + 1
        is_first = before == 0 and lived_s >= _SHORT_LIFE_S
        pause = 0.0 if is_first else min(_LONGEST_S, _FIRST_S * 2.0 ** min(before, _MOST_DOUBLINGS))
        self._due[attempt_id] = now + pause

    def done(self, attempt_id: str) -> None:
        """A supervisor has done its work."""
        self._deaths.pop(attempt_id, None)

    def is_waiting(self, attempt_id: str) -> bool:
        """Whether a replacement comes by itself."""
        return attempt_id in self._due

    def next_due(self) -> Optional[float]:
        """When the next replacement is due."""
        return min(self._due.values(), default=None)

    def take_due(self, now: float) -> List[str]:
        """The attempts whose replacement is due by now, the longest waiting first; they wait no more."""
        due = sorted((at, attempt_id) for attempt_id, at in self._due.items() if at <= now)
        for _, attempt_id in due:
            del self._due[attempt_id]
        return [attempt_id for _, attempt_id in due]
