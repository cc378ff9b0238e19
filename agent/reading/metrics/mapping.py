"""Records: JSON lines, and the dicts that Hugging Face's Trainer and others print."""

from __future__ import annotations

import math
import re
from typing import Optional

from agent.reading.metrics.names import is_banned, is_strong
from agent.reading.metrics.numbers import NUMBER, to_number
from agent.reading.metrics.values import MOST_VALUES, Values

_START = re.compile(r"\{ ?[\"']")
_PAIR = re.compile(
    r"[\"']([^\"'{}\[\]:,]{1,80})[\"'] ?: ?(?:([\"']?)(?:np\.float\d\d\()?(" + NUMBER + r")\)?\2 ?(?=[,}])"
    r"|\"((?:[^\"\\]|\\.){0,2000})\")"
)
_STEPS = (
    "step",
    "global_step",
    "iteration",
    "iter",
    "train_step",
    "_step",
    "steps",
    "num_updates",
    "trainer/global_step",
)
_TOTAL_STEPS = ("total_steps", "max_steps", "total_iterations", "max_iters", "num_training_steps", "total_iters")
_TOTAL_EPOCHS = ("total_epochs", "max_epochs", "num_epochs", "num_train_epochs", "epochs")
_COUNTERS = (*_STEPS, *_TOTAL_STEPS, *_TOTAL_EPOCHS, "epoch")
_MESSAGES = ("message", "msg", "event", "text")
_NOT_METRICS = ("time", "t", "v", "n", "count", "index", "code", "status", "hour", "minute")


def mapping(text: str) -> Optional[Values]:
    """`{"step": 20, "loss": 0.31}`, `{'loss': '3.8', 'epoch': '0.17'}`; None where the text holds no record."""
    start = _START.search(text) if "{" in text else None
    if start is None:
        return None
    values = Values()
    for found in _PAIR.finditer(text, start.start()):
        name, number = found.group(1), found.group(3)
        if number is None:
            if name in _MESSAGES and not values.message:
                values.message = found.group(4)
            continue
        _take(values, name, to_number(number), quoted=bool(found.group(2)))
        if len(values.pairs) >= MOST_VALUES:
            break
    reports = values.step is not None or values.epoch is not None or any(is_strong(n) for n, _ in values.pairs)
    if not reports:
        values.pairs = []
    return values


def _take(values: Values, name: str, number: float, *, quoted: bool) -> None:
    low = name.lower()
    if low in _COUNTERS and not math.isfinite(number):
        return
    if low in _STEPS:
        values.step = number
    elif low in _TOTAL_STEPS:
        values.total_steps = number
    elif low in _TOTAL_EPOCHS:
        values.total_epochs = number
    elif low == "epoch":
        values.epoch = number
        if quoted or not number.is_integer():
            values.pairs.append((name, number))
    elif low not in _NOT_METRICS and not is_banned(name):
        values.pairs.append((name, number))
