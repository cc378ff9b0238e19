"""Totals that a log says once, apart from the counter: `max_iters = 300`, `Num Epochs = 3`."""

from __future__ import annotations

import re
from typing import Iterator, List

from agent.reading.progress.count import EPOCH, STEP, TOTAL, Count

_SAID = re.compile(
    r"(?<![A-Za-z0-9.])(?:--|-)?(?:(?:max|maximum|total|num|n|number[ _]of|nb)[ _-]{1,2}"
    r"(?:train(?:ing)?[ _-]|optimi[sz]ation[ _-]|gradient[ _-]|boost[ _-]|global[ _-])?"
    r"(?P<what>epochs?|steps?|iters?|iterations?|updates?|rounds?)|(?P<bare>epochs)|(?P<estimators>n_estimators))"
    r"[\"'`]?[ :=]{1,4}(?P<n>\d{1,3}(?:,\d{3}){1,4}|\d{1,12})(?!\.?\d|[A-Za-z%/])",
    re.IGNORECASE,
)


def said_once(text: str, _known: List[Count]) -> Iterator[Count]:
    """`Total optimization steps = 90`, `epochs: 10`, `--max-steps 400`, also as a field beside the counter."""
    for found in _SAID.finditer(text):
        total = float(found.group("n").replace(",", ""))
        word = (found.group("what") or found.group("bare") or "steps").lower()
        if total >= 1:
            yield Count(TOTAL, EPOCH if word.startswith("epoch") else STEP, total, span=found.span())
