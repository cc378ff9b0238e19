"""Bars: tqdm, Keras, progressbar2, and any text that shows a percentage of the whole."""

from __future__ import annotations

import re
from itertools import islice
from typing import Iterator, List, Optional, Tuple

from agent.reading.progress.count import BAR, EPOCH, Count
from agent.reading.progress.words import EPOCH_WORD

_NUMBER = r"\d{1,12}(?:\.\d{1,6})?[kKMGTP]?"
_TQDM = re.compile(
    r"(?:(\d{1,3})%\|[^|\r\n]{0,400}\| ?)?(" + _NUMBER + r")(?:/(" + _NUMBER + r"|\?))?(?:[A-Za-z]{1,20})? "
    r"?\[(\d{1,6}(?::\d\d){1,3})(?:<([^,\]]{1,30}))?(?:, *([^,\]]{1,30}?))?(?=[,\]])"
)
_KERAS = re.compile(
    r"^ {0,6}(\d{1,9})/(\d{1,9}|Unknown) {0,3}(?:[━ ]{2,60}|\[[=>. ]{2,60}\])(?: - | )?"
    r"(?:ETA: )?(?:[\d:]{1,12}(?:s|us|ms)? ?)?(?:[\d.]{1,8}(?:us|ms|s|m|h)/(?:step|epoch|sample))?"
)
_DRAWN = re.compile(r"[\[|(][#=█━▓▒░▏▎▍▌▋▊▉>. \u2022-]{5,200}[\])|]")
_OF = re.compile(r"(?<![\w./:])(\d{1,9}) ?/ ?(\d{1,9})(?![\w./:])")
_PERCENT_OF = re.compile(r"(?<![\d.])(\d{1,3})% {1,3}\(?(\d{1,9}) ?/ ?(\d{1,9})(?![\w./])\)?")
_PROGRESSBAR2 = re.compile(r"(\d{1,3})% ?\((\d{1,12}) of (\d{1,12})\) ?\|[^|]{0,400}\|")
_PERCENT = re.compile(r"(?<![\d.])(\d{1,3}(?:\.\d{1,6})?) ?%")
_DONE_AFTER = re.compile(
    r"^ ?(?:complete|completed|done|finished|of (?:the )?(?:job|training|epochs|steps))\b", re.IGNORECASE
)
_DONE_BEFORE = re.compile(r"(?:progress|completed?|training)\b\W{0,6}$", re.IGNORECASE)
_GLYPHS = re.compile(r"[━█╸▏▎▍▌▋▊▉]{4}|\[[#=>.\-]{4}|#{4}|={4}")
_ASIDE = re.compile(
    r"download|fetch|upload|load|extract|unpack|cach|tokeniz|\bmap\b|\bfilter|preprocess|sanity|saving|shard|verif"
    r"|resolving|install|warm|\.(?:safetensors|bin|json|txt|gz|zip|tar|pt|csv|parquet)\b",
    re.IGNORECASE,
)
_SIDE = re.compile(
    r"valid|\bval\b|eval|\btest|predict|infer|process|generat|prepar|writing|convert|copy|index|sampl|comput",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\d+")
_SCALE = {"k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}
_LABEL = 60


def tqdm(text: str, _known: List[Count]) -> Iterator[Count]:
    """`train:  45%|████▌     | 109/240 [00:02<00:02, 57.90it/s`, with or without a total; its postfix is left."""
    if ":" not in text or "[" not in text:
        return
    found = _TQDM.search(text)
    if found is None:
        return
    rate = found.group(6) or ""
    if not (found.group(1) or found.group(5) or "/" in rate):
        return
    label = _label(text[max(found.start() - _LABEL, 0) : found.start()])
    n = _scaled(found.group(2))
    total = _scaled(found.group(3)) if found.group(3) and found.group(3) != "?" else None
    in_bytes = rate.endswith("B/s")
    yield _bar(label, n, total, (found.start(), found.end()), in_bytes=in_bytes)


def keras(text: str, _known: List[Count]) -> Iterator[Count]:
    """`17/40 ━━━━━━━━ 0s 7ms/step`, `17/40 [=====>....] - ETA: 0s`; its metrics are left."""
    if "/" not in text[:20]:
        return
    found = _KERAS.match(text)
    if found is not None:
        total = float(found.group(2)) if found.group(2) != "Unknown" else None
        yield _bar("keras", float(found.group(1)), total, (found.start(), found.end()))


def drawn(text: str, known: List[Count]) -> Iterator[Count]:
    """`[=====>----] 70/100`: a counter beside something that looks like a bar."""
    if "/" not in text or any(c.kind == BAR for c in known):
        return
    bar = _DRAWN.search(text)
    found = _OF.search(text) if bar is not None and set(bar.group()) - set("[]|(). -") else None
    if bar is not None and found is not None:
        start, end = min(bar.start(), found.start()), max(bar.end(), found.end())
        label = _label(text[:start])
        yield _bar(label, float(found.group(1)), float(found.group(2)), (start, end))


def percent_of(text: str, known: List[Count]) -> Iterator[Count]:
    """`45% 109/240 00:02<00:02`: a percentage beside the counter that it is of."""
    found = _PERCENT_OF.search(text) if "/" in text and not any(c.kind == BAR for c in known) else None
    if found is None or float(found.group(3)) < 1:
        return
    percentage, n, total = (float(found.group(i)) for i in (1, 2, 3))
    if abs(100 * n / total - percentage) <= 1:
        yield _bar(_label(text[: found.start()]), n, total, found.span())


def label_of_bar(text: str, known: List[Count]) -> Iterator[Count]:
    """`[2/10]: 45%|…`, `2/10  1.2G  0.31: 45%|…`: a bar whose label counts what is around it."""
    if not any(c.kind == BAR and not c.is_aside for c in known) or any(c.kind == EPOCH for c in known):
        return
    found = _OF.search(text.partition("|")[0])
    if found is not None and 0 < int(found.group(1)) <= int(found.group(2)):
        yield Count(EPOCH, "text", float(found.group(1)), float(found.group(2)), span=found.span())


def progressbar2(text: str, _known: List[Count]) -> Iterator[Count]:
    """` 2% (3 of 150) |##   | Elapsed Time: …`."""
    found = _PROGRESSBAR2.search(text) if "% (" in text else None
    if found is not None:
        label = _label(text[: found.start()])
        yield _bar(label, float(found.group(2)), float(found.group(3)), (found.start(), len(text)))


def percent(text: str, known: List[Count]) -> Iterator[Count]:
    """`Training:  45.0% complete`, `[####----]  45%`, rich's `━━━━ 45%`: a percentage that says what it is of."""
    if "%" not in text or any(c.kind == BAR for c in known):
        return
    for found in islice(_PERCENT.finditer(text), 4):
        before, after = text[max(found.start() - 80, 0) : found.start()], text[found.end() : found.end() + 40]
        if float(found.group(1)) > 100:
            continue
        if _DONE_AFTER.match(after) or _DONE_BEFORE.search(before) or _GLYPHS.search(text[:400]):
            label = _label(before)
            yield _bar(label, float(found.group(1)), 100.0, (0, found.end()))
            return


def _bar(label: str, n: float, total: Optional[float], span: Tuple[int, int], *, in_bytes: bool = False) -> Count:
    aside = in_bytes or _ASIDE.search(label) is not None
    if EPOCH_WORD.search(label) and not _DIGITS.search(label) and not aside:
        return Count(EPOCH, "bar", n, total, span=span)
    key = f"{_DIGITS.sub('#', label)}/{total:g}" if total is not None else _DIGITS.sub("#", label)
    return Count(BAR, key, n, total, aside, _SIDE.search(label) is not None, span)


def _label(before: str) -> str:
    return before[-_LABEL:].strip(" :|-\t")


def _scaled(number: str) -> float:
    scale = _SCALE.get(number[-1])
    return float(number) if scale is None else float(number[:-1]) * scale
