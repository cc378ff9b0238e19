"""Readers of single values: from what a person typed, or what a file held, to what the domain keeps.

Each takes a text or an already typed value and raises BadValue with a whole sentence that says what is expected.
"""

from __future__ import annotations

import math
import re
import shlex
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from console.core.durations import parse_duration
from console.domain.jobs import JobType, Priority
from console.domain.resources import MIB_PER_GIB
from console.domain.text import clean, shorten

Choice = TypeVar("Choice", bound=str)

_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MEMORY = re.compile(r"([0-9.eE+-]+?)\s*(?:([GgMmTt])(?:i?[Bb])?)?")
_MEMORY_UNITS = {"m": 1 / MIB_PER_GIB, "g": 1.0, "t": 1024.0}
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
MAX_TEXT = 64 * 1024


class BadValue(ValueError):
    """A value can't be taken; the text is a sentence for people."""


def said(value: object) -> str:
    """A value as an error message quotes it: short, and safe for a terminal."""
    return f'"{shorten(clean(value if isinstance(value, str) else repr(value)), 40)}"'


def text(label: str, value: object, *, limit: int = MAX_TEXT) -> str:
    """A text that can be stored and handed to a process: no NUL, valid Unicode, at most `limit` characters."""
    if not isinstance(value, str):
        raise BadValue(f"{label} must be a text, not {said(value)}.")
    if len(value) > limit:
        raise BadValue(f"{label} may have at most {limit} characters; it has {len(value)}.")
    if "\0" in value:
        raise BadValue(f"{label} must not contain a NUL character.")
    if any("\ud800" <= char <= "\udfff" for char in value):
        raise BadValue(f"{label} must be valid UTF-8; {said(value)} is not.")
    return value


def line(label: str, value: object, *, limit: int = 200) -> str:
    """A text of one line without control characters, stripped."""
    stripped = text(label, value).strip()
    if len(stripped) > limit:
        raise BadValue(f"{label} may have at most {limit} characters; it has {len(stripped)}.")
    if any(unicodedata.category(char) in ("Cc", "Zl", "Zp") for char in stripped):
        raise BadValue(f"{label} must be one line without control characters.")
    return stripped


def name(value: object) -> str:
    """A job's name."""
    found = line("Job Name", value)
    if not found:
        raise BadValue("Job Name is required: enter a descriptive name for the job.")
    return found


def whole(label: str, low: int, high: int) -> Callable[[object], int]:
    """A reader of whole numbers from `low` to `high`."""

    def read(value: object) -> int:
        number: int | None = None
        if isinstance(value, int) and not isinstance(value, bool):
            number = value
        elif isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
            number = int(value)
        if number is None or not low <= number <= high:
            raise BadValue(f"{label} must be a whole number from {low} to {high}, not {said(value)}.")
        return number

    return read


def positive(label: str, example: str) -> Callable[[object], float]:
    """A reader of finite numbers above 0."""

    def read(value: object) -> float:
        number = _number(value)
        if number is None or not math.isfinite(number) or number <= 0:
            raise BadValue(f"{label} must be a number above 0, such as {example}, not {said(value)}.")
        return number

    return read


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def memory_mib(value: object) -> int:
    """An amount of memory, typed in GiB (`16`, `0.5`) or with its unit (`512MB`), in MiB."""
    gib: float | None = None
    if isinstance(value, str):
        found = _MEMORY.fullmatch(value.strip())
        if found is not None:
            number = _number(found[1])
            gib = None if number is None else number * _MEMORY_UNITS[(found[2] or "g").lower()]
    else:
        gib = _number(value)
    if gib is None or not math.isfinite(gib) or not 0 < gib <= 1_000_000:
        raise BadValue(f"Memory (GB) must be a number above 0, such as 16 or 0.5, not {said(value)}.")
    return max(1, round(gib * MIB_PER_GIB))


def choice(label: str, choices: Sequence[Choice]) -> Callable[[object], Choice]:
    """A reader of one of some texts, in any case."""
    by_text = {member.lower(): member for member in choices}
    shown = ", ".join(member.capitalize() if member.islower() else member for member in choices)

    def read(value: object) -> Choice:
        found = by_text.get(value.strip().lower()) if isinstance(value, str) else None
        if found is None:
            raise BadValue(f"{label} must be one of {shown}, not {said(value)}.")
        return found

    return read


job_type = choice("Job Type", tuple(JobType))
priority = choice("Priority", tuple(Priority))


def seconds(value: object) -> float:
    """A time limit in seconds."""
    found: float | None = None
    if isinstance(value, str):
        try:
            found = parse_duration(value)
        except ValueError:
            found = None
    else:
        found = _number(value)
    if found is None or not math.isfinite(found) or found <= 0:
        raise BadValue(f"Time Limit must be a duration such as 2h, 90m, 1d12h or 45s, not {said(value)}.")
    return found


def command(value: object) -> tuple[str, ...]:
    """An argv; a text is a line for bash."""
    if isinstance(value, str):
        argv: tuple[str, ...] = ("bash", "-c", text("Command", value).strip()) if value.strip() else ()
    elif isinstance(value, list | tuple):
        argv = tuple(text("Each argument of Command", part) for part in value)
    else:
        raise BadValue(f"Command must be a text or a list of texts, not {said(value)}.")
    if not argv or not argv[0].strip():
        raise BadValue("Command is required: enter what the job runs, such as python train.py --epochs {epochs}.")
    return argv


def environment(value: object) -> tuple[tuple[str, str], ...]:
    """Variables: a mapping, a list of `NAME=value`, or a text of them in the shell's quoting."""
    pairs: list[tuple[str, str]] = []
    if isinstance(value, str):
        try:
            parts: Sequence[object] = shlex.split(text("Environment", value))
        except ValueError as error:
            raise BadValue(f"Environment has a quote without its partner: {said(value)}.") from error
        pairs = [_assignment(part) for part in parts]
    elif isinstance(value, Mapping):
        pairs = [_variable(key, item) for key, item in value.items()]
    elif isinstance(value, list | tuple):
        pairs = [_assignment(part) for part in value]
    else:
        raise BadValue(f"Environment must be variables such as NAME=value, not {said(value)}.")
    return tuple(dict(pairs).items())


def _assignment(part: object) -> tuple[str, str]:
    if not isinstance(part, str) or "=" not in part:
        raise BadValue(f"Environment must be variables such as NAME=value, not {said(part)}.")
    key, _, value = part.partition("=")
    return _variable(key, value)


def _variable(key: object, value: object) -> tuple[str, str]:
    if not isinstance(key, str) or _ENV_NAME.fullmatch(key) is None:
        raise BadValue(f"Environment has {said(key)}: a variable's name is letters, digits and _, no digit first.")
    if key.startswith("CLUSTERDECK_"):
        raise BadValue(f"Environment must not set {key}: clusterdeck gives the job its own CLUSTERDECK_ variables.")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise BadValue(f"Environment variable {key} must be a text or a number, not {said(value)}.")
    return key, text(f"Environment variable {key}", str(value))
