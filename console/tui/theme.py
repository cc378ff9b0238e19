"""Colours: the themes, and what the presenters' style names look like in each of them."""

from __future__ import annotations

from collections.abc import Mapping

from rich.style import Style
from textual.color import Color, ColorParseError
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
    foreground = theme.foreground or ("#e0e0e0" if theme.dark else "#101010")
    muted = theme.variables.get("deck-muted") or ("#8a8a8a" if theme.dark else "#606060")
    accent, success = theme.accent or theme.primary, theme.success or theme.primary
    warning, error = theme.warning or theme.primary, theme.error or theme.primary
    return {
        "": Style(),
        "muted": _style(muted),
        "strong": _style(foreground, bold=True),
        "accent": _style(accent),
        "key": _style(accent, bold=True),
        "good": _style(success),
        "warning": _style(warning),
        "error": _style(error, bold=True),
        "pending": _style(warning),
        "running": _style(theme.primary, bold=True),
        "completed": _style(success),
        "failed": _style(error, bold=True),
    }


def _style(color: str, *, bold: bool = False) -> Style:
    # A theme may name colours in ways that only its own library knows.
    try:
        return Style(color=Color.parse(color).hex, bold=bold)
    except ColorParseError:
        return Style(bold=bold)
