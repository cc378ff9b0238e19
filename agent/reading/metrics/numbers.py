"""Numbers as programs print them."""

from __future__ import annotations

import re

NUMBER = (
    r"[-+]?(?:\d{1,3}(?:,\d{3}){1,4}(?:\.\d{1,20})?(?![\d,])|\d{1,20}(?:\.\d{0,20})?(?:[eE][-+]?\d{1,3})?"
    r"|\.\d{1,20}(?:[eE][-+]?\d{1,3})?|nan|NaN|NAN|inf|Inf|INF|Infinity|infinity)"
)
_WHOLE = re.compile(NUMBER + r"\Z")


def is_number(text: str) -> bool:
    """Whether the whole text is one number."""
    return len(text) <= 40 and _WHOLE.match(text) is not None


def to_number(text: str) -> float:
    """The value of a text that matched NUMBER; a thousands separator is a comma."""
    return float(text.replace(",", ""))
