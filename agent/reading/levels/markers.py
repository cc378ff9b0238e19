"""Explicit markers: one small reader per convention, tried in order; the first that knows a level wins."""

from __future__ import annotations

import re
from typing import Callable, List, Optional

from agent.reading.findings import Level
from agent.reading.levels.words import LETTERS, level_of_number, level_of_word

MarkerReader = Callable[[str], Optional[str]]

HEAD = 240
"""Characters at the start of a line in which a marker stands."""

_JSON_LEVEL = re.compile(
    r'"(?:level|levelname|log\.level|severity|lvl|loglevel|level_name)" ?: ?(?:"([A-Za-z]{1,16})"|(\d{1,3})\b)'
)
_LOGFMT_LEVEL = re.compile(r'(?:^|[ \t])(?:level|lvl|severity)="?([A-Za-z]{1,16})"?(?=[ \t]|$)')
_GLOG = re.compile(r"^([IWEF])(?:\d{4}|\d{8}) \d\d:\d\d:\d\d")
_TIMED_LETTER = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{1,9}: ([IWEF]) ")
_BRACKET_LETTER = re.compile(r"^\[([DIWEFC]) (?:\d{6}|\d{4}-\d\d-\d\d) ")
_UPPER = re.compile(
    r"(?<![A-Za-z0-9_./=])(TRACE|DEBUG|INFO|NOTICE|SUCCESS|WARNING|WARN|ERROR|SEVERE|CRITICAL|FATAL)(?![A-Za-z0-9_/=.'\"])"
)
_BRACKETED = re.compile(
    r"\[ ?(trace|debug|info|notice|success|warn|warning|error|critical|fatal) {0,8}\]", re.IGNORECASE
)
_LEADING = re.compile(r"^(?:[^\s:]{1,80}: ){0,2}(warning|error|fatal|fatal error|critical|debug|info): ", re.IGNORECASE)
_PYTHON_WARNING = re.compile(r"^[^\s].{0,300}:\d{1,7}: (?:[\w.]{1,80})?Warning: ")
_EXCEPTION = re.compile(
    r"^(?:[A-Za-z_]\w{0,80}\.){0,8}[A-Za-z_]{0,80}"
    r"(?:Error|Exception|Interrupt|SystemExit|ExceptionGroup|RemoteTraceback)(?:: |:?$| \()"
)
CRASHES = (
    "Segmentation fault",
    "Aborted",
    "Bus error",
    "Killed",
    "Fatal Python error",
    "Illegal instruction",
    "Floating point exception",
    "terminate called",
    "CUDA error:",
    "CUDA out of memory",
    "Exception in thread",
    "Exception ignored in",
)
_WORD = re.compile(r"[A-Za-z]+")


def json_record(text: str) -> Optional[str]:
    """`{"level": "info", …}` of structlog, python-json-logger, pino and others."""
    if not text.startswith("{"):
        return None
    found = _JSON_LEVEL.search(text)
    if found is None:
        return None
    return level_of_word(found.group(1)) if found.group(1) else level_of_number(int(found.group(2)))


def glog(text: str) -> Optional[str]:
    """`E0102 10:00:00.1 …` of glog and absl, `[W 2026-01-02 …]` of tornado and Optuna, `2026-… : W …` of TensorFlow."""
    found = _GLOG.match(text) or _TIMED_LETTER.match(text) or _BRACKET_LETTER.match(text)
    return LETTERS[found.group(1)] if found else None


def logfmt(text: str) -> Optional[str]:
    """`time=… level=warning msg=…`."""
    found = _LOGFMT_LEVEL.search(text[:HEAD]) if "=" in text else None
    return level_of_word(found.group(1)) if found else None


def bracketed(text: str) -> Optional[str]:
    """`[WARN] …`, `[LightGBM] [Info] …`, structlog's `[warning  ]`: near the start of the line."""
    found = _BRACKETED.search(text[:HEAD])
    return level_of_word(found.group(1)) if found and _is_prefix(text[: found.start()]) else None


def leading(text: str) -> Optional[str]:
    """`Warning: …`, `git: error: …`, `train.py: error: the following arguments are required`."""
    found = _LEADING.match(text[:HEAD])
    return level_of_word(found.group(1).split()[0]) if found else None


def upper_word(text: str) -> Optional[str]:
    """`INFO:name:…`, `2026-01-02 … - train - ERROR - …`, `… | WARNING  | …`, `CRITICAL msg`."""
    head = text[:HEAD]
    found = _UPPER.search(head)
    if found is None:
        return None
    before, after = head[: found.start()], head[found.end() : found.end() + 1]
    if before.endswith("--") or after == "-":
        return None
    if not before.strip() or (after in "]:|" and after and _is_prefix(before)):
        return level_of_word(found.group(1))
    if before.endswith((" - ", "| ")) and head.startswith(" ", found.end()):
        return level_of_word(found.group(1))
    return level_of_word(found.group(1)) if _is_prefix(before) else None


def python_warning(text: str) -> Optional[str]:
    """`train.py:7: UserWarning: …` of the warnings module."""
    return Level.WARNING if _PYTHON_WARNING.match(text[: HEAD * 2]) else None


def exception(text: str) -> Optional[str]:
    """`torch.cuda.OutOfMemoryError: …` without its traceback, and the last words of a process that crashed."""
    return Level.ERROR if _EXCEPTION.match(text[:HEAD]) or text.startswith(CRASHES) else None


def _is_prefix(before: str) -> bool:
    """Whether what stands before a level is what formats put there (times, names, ids) and not a sentence."""
    bare = 0
    for word in before.replace(" - ", " ").split():
        bare += word.isalpha() and not word.isupper()
    first = before.lstrip()[:1]
    return bare == 0 or (bare == 1 and (first.isdigit() or first in "[(|" or " - " in before))


MARKERS: List[MarkerReader] = [json_record, glog, python_warning, upper_word, bracketed, logfmt, leading, exception]
