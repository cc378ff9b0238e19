"""What one frame says about metrics."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import List, Optional, Tuple

MOST_VALUES = 64
"""Values taken from one frame: more is a dump, not a report."""


@dataclass
class Values:
    """Named values, with the steps and the epoch that stand beside them in a structured record."""

    pairs: List[Tuple[str, float]] = field(default_factory=list)
    step: Optional[float] = None
    epoch: Optional[float] = None
    total_steps: Optional[float] = None
    total_epochs: Optional[float] = None
    message: str = ""
    """Free text inside the record, to be read as a line of its own."""
