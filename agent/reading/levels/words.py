"""The words that logging libraries print for a level."""

from __future__ import annotations

from typing import Dict, Optional, Union

from agent.reading.findings import Level

_WORDS: Dict[str, str] = {
    "trace": Level.DEBUG,
    "debug": Level.DEBUG,
    "dbg": Level.DEBUG,
    "info": Level.INFO,
    "information": Level.INFO,
    "notice": Level.INFO,
    "success": Level.INFO,
    "warn": Level.WARNING,
    "warning": Level.WARNING,
    "err": Level.ERROR,
    "error": Level.ERROR,
    "exception": Level.ERROR,
    "severe": Level.ERROR,
    "critical": Level.CRITICAL,
    "crit": Level.CRITICAL,
    "fatal": Level.CRITICAL,
    "panic": Level.CRITICAL,
    "emergency": Level.CRITICAL,
    "alert": Level.CRITICAL,
}

LETTERS: Dict[str, str] = {
    "D": Level.DEBUG,
    "V": Level.DEBUG,
    "I": Level.INFO,
    "W": Level.WARNING,
    "E": Level.ERROR,
    "F": Level.CRITICAL,
    "C": Level.CRITICAL,
}


def level_of_word(word: str) -> Optional[str]:
    """The level that a word names in any case, or None."""
    return _WORDS.get(word.lower())


def level_of_number(number: Union[int, float]) -> str:
    """The level behind a number in a structured record: pino's and bunyan's scale, 30 = info."""
    if number < 30:
        return Level.DEBUG
    if number < 40:
        return Level.INFO
    if number < 50:
        return Level.WARNING
    return Level.ERROR if number < 60 else Level.CRITICAL
