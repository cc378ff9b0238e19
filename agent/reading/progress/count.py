"""One count that a text shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Iterable, List, Optional, Tuple

EPOCH = "epoch"
STEP = "step"
BAR = "bar"
TOTAL = "total"
RECORD = "record"
"""The key of a count that stood in a structured record."""


@dataclass(frozen=True)
class Count:
    """`n` of `total` of something.

    `kind` is EPOCH (the number of the epoch that the text is about), STEP (a counter in a text), BAR (a counter that
    a bar draws) or TOTAL (a total said for another line's counter: `key` is EPOCH or STEP, `n` is the total).
    `key` tells counters of one kind apart. `is_aside` marks what is never the job (downloads, loading), `is_side`
    what is the job only where nothing else counts (evaluation, processing).
    """

    kind: str
    key: str
    n: float
    total: Optional[float] = None
    is_aside: bool = False
    is_side: bool = False
    span: Tuple[int, int] = (0, 0)
    """Where it stood in the text that its reader was given."""


CountReader = Callable[[str, List[Count]], Iterable[Count]]
"""(text, what is known of it already) -> counts, with the span of text that each takes."""
