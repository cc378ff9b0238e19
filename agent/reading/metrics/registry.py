"""The readers of metrics in the order in which they are asked, and what they remember of a stream."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional

from agent.reading.metrics.mapping import mapping
from agent.reading.metrics.pairs import pairs
from agent.reading.metrics.table import TableReader
from agent.reading.metrics.values import Values

MetricReader = Callable[[str, bool], Optional[Values]]
"""(text without its counts, whether it had any) -> values, or None: ask the next."""

METRIC_READERS: List[MetricReader] = [pairs]


class MetricTracker:
    """Reads the metrics of one stream."""

    def __init__(self) -> None:
        self._table = TableReader()

    @property
    def expects_rows(self) -> bool:
        """A table's header was seen: lines of numbers alone are its rows."""
        return bool(self._table.columns)

    def record(self, text: str) -> Optional[Values]:
        """A structured record or a table's row: text in which nothing else is to be looked for."""
        return mapping(text) or self._table.read(text)

    def running_text(self, text: str, *, has_count: bool) -> Optional[Values]:
        """Values in running text, its counts taken out."""
        for read in METRIC_READERS:
            values = read(text, has_count)
            if values is not None:
                return values
        return None

    def snapshot(self) -> Dict[str, Any]:
        """What `restore` takes."""
        return self._table.snapshot()

    @classmethod
    def restore(cls, snapshot: Dict[str, Any]) -> MetricTracker:
        """The tracker as it was; raises KeyError or TypeError on something else's snapshot."""
        self = cls()
        self._table.restore(snapshot)
        return self
