"""What a frame counts: the registry of readers, each for one convention."""

from __future__ import annotations

from itertools import islice
from typing import List, Tuple

from agent.reading.progress import bars, counters, totals
from agent.reading.progress.count import Count, CountReader

COUNT_READERS: List[CountReader] = [
    bars.tqdm,
    bars.keras,
    bars.drawn,
    bars.percent_of,
    bars.progressbar2,
    bars.percent,
    totals.said_once,
    counters.leading,
    counters.epoch_and_step,
    counters.epochs,
    bars.label_of_bar,
    counters.steps,
    counters.brackets,
    counters.of_things,
]

__all__ = ["COUNT_READERS", "Count", "read_counts"]

_MOST = 4
"""Counts that one reader finds in one text: more is a dump."""

CLAIMED = "|"
"""Stands in the returned text where a count stood: later readers see the end of a field."""


def read_counts(text: str) -> Tuple[List[Count], str]:
    """All that `text` counts, and the text without it. Each reader sees only what the ones before it left."""
    found: List[Count] = []
    for read in COUNT_READERS:
        new = list(islice(read(text, found), _MOST))
        if new:
            spans = sorted(c.span for c in new if c.span[1] > c.span[0])
            text = _without(text, spans) if spans else text
            found += new
    return found, text


def _without(text: str, spans: List[Tuple[int, int]]) -> str:
    out: List[str] = []
    at = 0
    for start, end in spans:
        out += (text[at : max(start, at)], CLAIMED)
        at = max(end, at)
    out.append(text[at:])
    return "".join(out)
