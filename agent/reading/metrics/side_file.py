"""Lines of the file that $CLUSTERDECK_METRICS names."""

from __future__ import annotations

import json
import math
from typing import Dict, NamedTuple, Optional, Union

_LINE_LIMIT = 64 * 1024
_NAME_LIMIT = 120
_MOST_NAMES = 256
_STEPS = ("step", "global_step")


class MetricsLine(NamedTuple):
    """What one line says. `progress` is 0..1 of the whole job."""

    progress: Optional[float]
    step: Optional[Union[int, float]]
    values: Dict[str, float]


NOTHING = MetricsLine(None, None, {})


def parse_metrics_line(raw: bytes) -> MetricsLine:
    """`{"progress": 0.4, "step": 120, "loss": 0.31}` -> its parts. What isn't a JSON object of numbers says nothing.

    nan and the infinities may stand bare or as strings. An epoch serves as the step where no step is given.
    """
    if len(raw) > _LINE_LIMIT:
        return NOTHING
    try:
        record = json.loads(raw.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return NOTHING
    if not isinstance(record, dict):
        return NOTHING
    numbers: Dict[str, float] = {}
    for name, value in record.items():
        number = _number(value)
        if number is not None and len(numbers) < _MOST_NAMES:
            numbers[name[:_NAME_LIMIT]] = number
    progress = numbers.pop("progress", None)
    if progress is not None:
        progress = min(max(progress, 0.0), 1.0) if math.isfinite(progress) else None
    step = next((numbers.pop(name) for name in _STEPS if name in numbers), None)
    if step is None:
        step = numbers.pop("epoch", None)
    return MetricsLine(progress, whole(step) if step is not None and math.isfinite(step) else None, numbers)


def whole(number: float) -> Union[int, float]:
    """A step without its `.0`."""
    return int(number) if number == int(number) else number


def _number(value: object) -> Optional[float]:
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        try:
            return float(value)
        except OverflowError:
            return None
    if isinstance(value, str) and value.strip().lower().lstrip("+-") in ("nan", "inf", "infinity"):
        return float(value)
    return None
