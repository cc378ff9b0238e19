"""What reading a log finds: lines with levels, progress of the job, metrics."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Union


class Level:
    """Levels of a line, as they stand in JSON."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"

    ORDER = (DEBUG, INFO, WARNING, ERROR, CRITICAL)


LEVEL_RANK: Dict[str, int] = {name: rank for rank, name in enumerate(Level.ORDER)}


@dataclass(frozen=True)
class Hints:
    """What the person typed and the log may leave out. `epochs`: how many epochs the whole job has."""

    epochs: Optional[int] = None


@dataclass(frozen=True)
class Line:
    """One physical line. `number` counts from 1; it fills the bytes `offset` up to `end`, its newline included."""

    stream: str
    number: int
    offset: int
    end: int
    level: str


@dataclass(frozen=True)
class Progress:
    """`fraction` (0..1) of the whole job, known once the first `offset` bytes of the stream were written."""

    stream: str
    line: int
    offset: int
    fraction: float


@dataclass(frozen=True)
class Metric:
    """One value of a series. `step` is None where the log shows none; `value` may be nan or infinite."""

    stream: str
    line: int
    offset: int
    name: str
    step: Optional[Union[int, float]]
    value: float


Finding = Union[Line, Progress, Metric]


def json_number(value: float) -> Union[float, str]:
    """A number that every JSON reader takes: nan and the infinities become "nan", "inf", "-inf"."""
    return value if math.isfinite(value) else str(value)


@dataclass(frozen=True)
class ScanResult:
    """All that was read out of a log, in the order in which it was found."""

    lines: List[Line]
    progress: List[Progress]
    metrics: List[Metric]

    def to_json(self) -> Dict[str, Any]:
        """The document of `clusterdeck scan --json`."""
        return {
            "lines": [{"stream": x.stream, "line": x.number, "level": x.level} for x in self.lines],
            "progress": [
                {"stream": x.stream, "line": x.line, "offset": x.offset, "fraction": x.fraction} for x in self.progress
            ],
            "metrics": [
                {"stream": x.stream, "line": x.line, "name": x.name, "step": x.step, "value": json_number(x.value)}
                for x in self.metrics
            ],
        }
