"""The help: every key that works now, grouped, made from the live bindings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from console.tui.presenters.cells import Cell, Row, Section


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """A key as it is shown, what it does, and under which title that belongs."""

    key: str
    text: str
    group: str


_ORDER = ("Log", "Job", "Jobs", "Form", "Dialog", "Filter", "List", "This pane", "Console")


def sections(entries: Iterable[KeyEntry]) -> tuple[Section, ...]:
    """Entries by group, what is special to the place first; keys that do the same share a row."""
    groups: dict[str, dict[str, list[str]]] = {}
    for entry in entries:
        keys = groups.setdefault(entry.group, {}).setdefault(entry.text, [])
        if entry.key not in keys:
            keys.append(entry.key)
    return tuple(
        Section(group, tuple(Row(" ".join(keys), (Cell(text),)) for text, keys in rows.items()))
        for group, rows in sorted(groups.items(), key=lambda item: _ORDER.index(item[0]))
    )


def key_width(shown: Iterable[Section]) -> int:
    """Columns that the widest key column takes."""
    return max((len(row.label) for section in shown for row in section.rows), default=0)
