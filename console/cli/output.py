"""What goes to the terminal: every string from outside passes the sanitiser on its way."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable
from datetime import UTC, datetime

import click

from console.domain.text import clean
from console.domain.times import in_calendar


def say(text: str) -> None:
    """Diagnostics, on stderr."""
    for line in text.splitlines():
        click.echo(clean(line), err=True)


def put(text: str) -> None:
    """Lines of the answer, on stdout, safe for a terminal."""
    for line in text.splitlines():
        click.echo(clean(line))


def put_json(document: object) -> None:
    """One JSON document on stdout. ASCII only, so no terminal can be harmed by it."""
    click.echo(json.dumps(document, indent=2, allow_nan=False))


def put_csv(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """A CSV table on stdout; on a terminal without anything that could harm it."""
    import csv  # noqa: PLC0415 - start-up

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        cells = ["" if cell is None else str(cell) for cell in row]
        writer.writerow(map(clean, cells) if is_terminal() else cells)


def utc(seconds: float | None) -> str | None:
    """A moment in ISO 8601, UTC."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(in_calendar(seconds), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def local_time(seconds: float) -> str:
    """A moment as the person's clock shows it."""
    return datetime.fromtimestamp(in_calendar(seconds)).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def is_terminal() -> bool:
    """Whether stdout is one."""
    return sys.stdout.isatty()


def can_ask() -> bool:
    """Whether there is a person to answer a question."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def width() -> int | None:
    """The columns of the terminal, None if stdout isn't one and nothing needs to be cut."""
    return shutil.get_terminal_size().columns if is_terminal() else None
