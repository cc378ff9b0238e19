"""Colours: the themes, and what the presenters' style names look like in each of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from rich.style import Style
from textual.theme import Theme

from console.tui.presenters.cells import StyleName

DARK = Theme(
    "clusterdeck-dark",
    primary="#4f9cf0",
    secondary="#8aa4c0",
    accent="#6cb6ff",
    warning="#e5a13a",
    error="#f2726a",
    success="#5ec48a",
    foreground="#d5dce5",
    background="#0e1318",
    surface="#141a21",
    panel="#1f2832",
    boost="#26313d",
    dark=True,
    variables={"deck-muted": "#8593a3", "block-cursor-text-style": "none"},
)
LIGHT = Theme(
    "clusterdeck-light",
    primary="#1f63b5",
    secondary="#4d6175",
    accent="#0a5cc2",
    warning="#9a5b00",
    error="#b3261e",
    success="#14713d",
    foreground="#1c242c",
    background="#fbfcfd",
    surface="#f1f4f7",
    panel="#dfe6ed",
    boost="#d3dce5",
    dark=False,
    variables={"deck-muted": "#5c6a78", "block-cursor-text-style": "none"},
)
CONTRAST = Theme(
    "clusterdeck-contrast",
    primary="#66b3ff",
    secondary="#ffffff",
    accent="#66d9ff",
    warning="#ffb000",
    error="#ff6f6f",
    success="#4dff88",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#1a1a1a",
    boost="#333333",
    dark=True,
    variables={"deck-muted": "#c8c8c8", "block-cursor-text-style": "bold"},
)
THEMES = (DARK, LIGHT, CONTRAST)


def next_theme(name: str) -> str:
    """The theme after this one, round and round."""
    names = [theme.name for theme in THEMES]
    return names[(names.index(name) + 1) % len(names)] if name in names else names[0]


def styles_of(theme: Theme) -> Mapping[StyleName, Style]:
    """What each style name looks like in a theme; themes that aren't ours serve too."""
    return _styles(
        theme.foreground or ("#e0e0e0" if theme.dark else "#101010"),
        theme.variables.get("deck-muted") or ("#8a8a8a" if theme.dark else "#606060"),
        theme.primary,
        theme.accent or theme.primary,
        theme.success or theme.primary,
        theme.warning or theme.primary,
        theme.error or theme.primary,
    )


@cache
def _styles(
    foreground: str, muted: str, primary: str, accent: str, success: str, warning: str, error: str
) -> Mapping[StyleName, Style]:
    return {
        "": Style(),
        "muted": Style(color=muted),
        "strong": Style(color=foreground, bold=True),
        "accent": Style(color=accent),
        "key": Style(color=accent, bold=True),
        "good": Style(color=success),
        "warning": Style(color=warning),
        "error": Style(color=error, bold=True),
        "pending": Style(color=warning),
        "running": Style(color=primary, bold=True),
        "completed": Style(color=success),
        "failed": Style(color=error, bold=True),
    }
