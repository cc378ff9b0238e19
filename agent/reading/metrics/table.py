"""Tables with a header: CSV rows, columns apart by blanks or pipes, as fastai, skorch and plain scripts print them."""

from __future__ import annotations

import math
import re
from typing import Any, Dict, List, Optional

from agent.reading.metrics.names import is_banned, is_strong
from agent.reading.metrics.numbers import is_number, to_number
from agent.reading.metrics.values import Values

_STEP_COLUMNS = ("step", "iter", "iteration", "global_step", "batch", "it", "round", "update")
_NAME = re.compile(r"[A-Za-z_\u0080-\uffff][\w ./%()@-]{0,60}\Z")
_MOST_COLUMNS = 40
_WIDE = "  "
"""Columns apart by two blanks or more, whose names may have one inside."""
_WIDE_GAP = re.compile(r" {2,}")


class TableReader:
    """Remembers the newest header of a stream."""

    def __init__(self) -> None:
        self.columns: List[str] = []
        self.separator = ""

    def read(self, text: str) -> Optional[Values]:
        """A row's values; None for anything else. A header is remembered."""
        if self.columns:
            cells = _cells(text, self.separator)
            if len(cells) == len(self.columns) and is_number(cells[0]):
                return self._row(cells)
        if "=" not in text and ":" not in text and not text[:1].isdigit():
            self._header(text)
        return None

    def _row(self, cells: List[str]) -> Optional[Values]:
        values = Values()
        for name, cell in zip(self.columns, cells):
            if not is_number(cell.rstrip("%")):
                continue
            number, low = to_number(cell.rstrip("%")), name.lower()
            if not math.isfinite(number) and low in ("epoch", "epochs", *_STEP_COLUMNS):
                continue
            if low in ("epoch", "epochs"):
                values.epoch = number
            elif low in _STEP_COLUMNS:
                values.step = number
            elif not is_banned(name):
                values.pairs.append((name, number))
        return values if values.pairs else None

    def _header(self, text: str) -> None:
        for separator in (",", "\t", "|", "│", ";", _WIDE, ""):
            if separator and separator not in text:
                continue
            cells = _cells(text, separator)
            if not 2 <= len(cells) <= _MOST_COLUMNS or not all(_NAME.match(c) for c in cells):
                continue
            low = [c.lower() for c in cells]
            counts = any(c in ("epoch", "epochs", *_STEP_COLUMNS) for c in low)
            if counts and (separator or any(is_strong(c) for c in cells)):
                self.columns, self.separator = cells, separator
                return

    def snapshot(self) -> Dict[str, Any]:
        """What `restore` takes."""
        return {"columns": self.columns, "separator": self.separator}

    def restore(self, snapshot: Dict[str, Any]) -> None:
        """Become what was; raises KeyError or TypeError on something else's snapshot."""
        self.columns = [str(c) for c in snapshot["columns"]]
        self.separator = str(snapshot["separator"])


def _cells(text: str, separator: str) -> List[str]:
    if not separator:
        return text.split()[: _MOST_COLUMNS + 1]
    if separator == _WIDE:
        return _WIDE_GAP.split(text.strip())[: _MOST_COLUMNS + 1]
    return [c.strip() for c in text.strip(" \t|│").split(separator)[: _MOST_COLUMNS + 1]]
