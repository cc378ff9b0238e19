"""Suggestions for words that don't exist."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of a sentence: the word that was probably meant, or all that there are if none is near."""
    candidates = sorted(known)
    near = difflib.get_close_matches(word.lower(), candidates, n=1, cutoff=0.6)
    if near:
        return f'; did you mean "{near[0]}"?'
    return f"; there are {', '.join(candidates)}."
