"""The signs that widgets draw, and what stands for them where only ASCII can be shown."""

from __future__ import annotations

from dataclasses import dataclass

from textual.dom import DOMNode


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One set of signs; each takes one cell."""

    cursor: str
    mark: str
    ascending: str
    descending: str
    ellipsis: str
    wrapped: str
    running: str
    completed: str
    failed: str


UNICODE = Glyphs("▌", "●", "▲", "▼", "…", "┆", "▶", "✓", "✗")
ASCII = Glyphs(">", "*", "^", "v", "~", ":", ">", "+", "x")


def glyphs_for(widget: DOMNode, only_ascii: bool | None) -> Glyphs:
    """The set for a widget: its own choice, else its app's attribute `only_ascii`, else Unicode."""
    if only_ascii is None:
        only_ascii = bool(getattr(widget.app, "only_ascii", False))
    return ASCII if only_ascii else UNICODE
