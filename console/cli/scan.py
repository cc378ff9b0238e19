"""`clusterdeck scan`."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.cli.output import put_json, width
from console.cli.tables import cells, fit
from console.domain.errors import InvalidInput
from console.domain.text import clean

if TYPE_CHECKING:
    from agent.reading import ScanResult

_MARGIN = 34


@click.command(
    "scan",
    epilog="Example: python train.py > out.txt 2> err.txt; clusterdeck scan out.txt err.txt",
)
@click.argument("stdout", metavar="STDOUT", type=click.Path(path_type=Path))
@click.argument("stderr", metavar="[STDERR]", required=False, type=click.Path(path_type=Path))
@click.option("--epochs", type=click.IntRange(min=1), help="The epochs that the job would be submitted with.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document: lines, progress, metrics.")
def command(stdout: Path, stderr: Path | None, epochs: int | None, as_json: bool) -> int:
    """See what would be read out of a log: levels, progress and metrics, each beside its line.

    Try a script's output before you submit it. Nothing is queued.
    """
    from console.engine.scan import scan  # noqa: PLC0415 - start-up

    streams = {"stdout": _read(stdout), "stderr": _read(stderr) if stderr is not None else b""}
    found = scan(streams["stdout"], streams["stderr"], epochs)
    if as_json:
        put_json(found.to_json())
    else:
        _show(streams, found)
    return 0


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"The log {path} can't be read: {error.strerror}. Check the path.") from error


def _show(streams: dict[str, bytes], found: ScanResult) -> None:
    from console.engine.scan import line_text  # noqa: PLC0415 - start-up

    notes: dict[tuple[str, int], list[str]] = defaultdict(list)
    latest: dict[tuple[str, int], float] = {}
    for progress in found.progress:
        latest[progress.stream, progress.line] = progress.fraction
    for key, fraction in latest.items():
        notes[key].append(f"{fraction:.1%}")
    values: dict[tuple[str, int], dict[str, float]] = defaultdict(dict)
    for metric in found.metrics:
        values[metric.stream, metric.line][metric.name] = metric.value
    for key, named in values.items():
        notes[key] += [f"{name}={value:.4g}" for name, value in named.items()]
    columns = width()
    for stream in ("stdout", "stderr"):
        lines = [line for line in found.lines if line.stream == stream]
        if lines:
            click.echo(f"── {stream}: {len(lines)} lines")
        for line in lines:
            note = clean(" ".join(notes.get((stream, line.number), ())))
            note = fit(note, _MARGIN)
            text = clean(line_text(streams[stream], line.offset, line.end))
            margin = f"{line.level[:1].upper()} {note}{' ' * (_MARGIN - cells(note))} │ "
            click.echo(margin + (text if columns is None else fit(text, columns - len(margin))))
    names = sorted({metric.name for metric in found.metrics})
    fractions = [progress.fraction for progress in found.progress]
    click.echo(
        f"{len(found.lines)} lines; "
        + (f"progress up to {max(fractions):.1%}; " if fractions else "no progress found; ")
        + (clean(f"metrics: {', '.join(names)}") if names else "no metrics found")
    )
