"""Counters in running text: `Epoch 3/10`, `step 120/1000`, `[4/60]`, `30 of 150 batches`."""

from __future__ import annotations

import re
from typing import Iterator, List, Optional

from agent.reading.progress.count import BAR, EPOCH, STEP, Count
from agent.reading.progress.words import EPOCH_WORDS, STEP_WORDS

_N = r"(\d{1,12})(?![\d%A-Za-z]|[.:,]\d)"
_OF = r"(?:(?: {0,8}/ {0,8}| (?:of|out of|von|de|из) )(\d{1,12})(?![\d%A-Za-z]|\.\d))?"
_JOIN = r"(?:\((?:train|training)\))?[ :=#№\[(.\-]{0,8}"
_EPOCH = re.compile(r"(?<![\w-])(?:" + EPOCH_WORDS + r")" + _JOIN + _N + _OF, re.IGNORECASE)
_STEP = re.compile(r"(?<![\w-])(" + STEP_WORDS + r")" + _JOIN + _N + _OF, re.IGNORECASE)
_BRACKET = re.compile(r"([\[(]) {0,8}(\d{1,12}) {0,3}/ {0,8}(\d{1,12})(?: {0,2}\(\d{1,3}(?:\.\d{1,4})?%\))?[\])]")
_LEADING = re.compile(r"^(?:\[(\d{1,9})\]|(\d{1,9}):)(?=\t)")
_PAIR = re.compile(r"^\[(\d{1,9}), {1,8}(\d{1,9})\](?= )")
_BEHIND_EPOCH = re.compile(r"\|:? {1,8}(\d{1,12}) ?/ {0,8}(\d{1,12})(?= |$)")
_NAMED_VALUE = re.compile(r"[A-Za-z] \Z")
_THINGS = re.compile(
    r"(?<![\w./-])(\d{1,12})(?: of | out of | ?/ ?)(\d{1,12}) "
    r"(epochs?|steps?|batch(?:es)?|iterations?|iters?|updates?|rounds?)\b",
    re.IGNORECASE,
)


def leading(text: str, _known: List[Count]) -> Iterator[Count]:
    """`[10]<tab>valid-auc:0.9` of XGBoost and LightGBM, `10:<tab>learn: 0.3` of CatBoost."""
    found = _LEADING.match(text)
    if found is not None:
        yield _step("leading", found.group(1) or found.group(2), None, found.start(), found.end())


def epoch_and_step(text: str, _known: List[Count]) -> Iterator[Count]:
    """`[1,  2000] loss: 2.173`."""
    found = _PAIR.match(text)
    if found is not None:
        yield Count(EPOCH, "text", float(found.group(1)), span=(0, found.end()))
        yield _step("[,]", found.group(2), None, found.end(), found.end())


def epochs(text: str, _known: List[Count]) -> Iterator[Count]:
    """`Epoch 3/10`, `Epoch: [3][…]`, `epoch=3`, `epoch 3 of 10`, `轮次 3/10`."""
    found = _EPOCH.search(text)
    if found is not None:
        yield Count(EPOCH, "text", float(found.group(1)), _total(found.group(2)), span=found.span())


def steps(text: str, _known: List[Count]) -> Iterator[Count]:
    """`step 120/1000`, `iter: 19`, `iteration 10/ 500`, `Batch [3/938]`."""
    for found in _STEP.finditer(text):
        joined = text[found.end(1) : found.end(1) + 1] in (":", "=") and found.group(3) is None
        if (
            joined
            and found.group(1)[-1:] in "sS"
            and _NAMED_VALUE.search(text[max(found.start() - 2, 0) : found.start()])
        ):
            continue  # `number of skipped iterations: 0` counts something else
        yield _step(found.group(1), found.group(2), found.group(3), found.start(), found.end())


def brackets(text: str, known: List[Count]) -> Iterator[Count]:
    """`[320/1664 (19%)]` or `100 / 1234` behind an epoch, `[4/60]` at either end of a line."""
    if any(c.kind in (STEP, BAR) for c in known):
        return
    has_epoch = any(c.kind == EPOCH for c in known)
    behind = _BEHIND_EPOCH.search(text) if has_epoch else None
    if behind is not None:
        yield _step("/", behind.group(1), behind.group(2), behind.start(1), behind.end())
        return
    found = _BRACKET.search(text)
    if found is None:
        return
    at_an_end = found.start() == 0 or not text[found.end() :].strip()
    if has_epoch or (at_an_end and found.group(1) == "["):
        yield _step("[]", found.group(2), found.group(3), found.start(), found.end())


def of_things(text: str, known: List[Count]) -> Iterator[Count]:
    """`completed 30 of 150 batches`, `2/10 epochs`."""
    found = _THINGS.search(text)
    if found is None or any(c.kind in (STEP, BAR) for c in known):
        return
    if found.group(3).lower().startswith("epoch"):
        yield Count(EPOCH, "bar", float(found.group(1)), _total(found.group(2)), span=found.span())
    else:
        yield _step(found.group(3), found.group(1), found.group(2), found.start(), found.end())


def _step(word: str, n: str, total: Optional[str], start: int, end: int) -> Count:
    return Count(STEP, word.lower().rstrip("s"), float(n), _total(total), span=(start, end))


def _total(text: Optional[str]) -> Optional[float]:
    return float(text) if text and int(text) > 0 else None
