"""`clusterdeck logs`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import click

from console.cli.output import is_terminal, say, width
from console.cli.session import Session, pass_session
from console.domain.errors import InvalidInput, NobodyToDoIt
from console.domain.text import clean

if TYPE_CHECKING:
    from console.engine.service import LogDocument, LogLine, Service
    from console.ports import Stream

LEVELS = ("debug", "info", "warning", "error", "critical")
STREAMS = ("stdout", "stderr")
_AT_ONCE = 1000
_ERASE = "\r\x1b[K"


@click.command("logs", epilog="Example: clusterdeck logs 12 -f --level warning")
@click.argument("job", metavar="JOB")
@click.option("-f", "--follow", is_flag=True, help="Go on until the job's attempt has ended.")
@click.option("--level", type=click.Choice(LEVELS), help="Only lines of at least this level.")
@click.option("--stream", type=click.Choice(STREAMS), help="Only this stream (with --raw: stdout if left out).")
@click.option("--attempt", type=click.IntRange(min=1), metavar="N", help="The N-th attempt; the newest if left out.")
@click.option("--raw", is_flag=True, help="Byte for byte what the job wrote to one stream.")
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write to a new FILE instead.")
@pass_session
def command(
    session: Session,
    job: str,
    *,
    follow: bool,
    level: str | None,
    stream: str | None,
    attempt: int | None,
    raw: bool,
    output: Path | None,
) -> int:
    """Print what a job wrote, both streams in the order of arrival. A JOB is its number, id or unique name."""
    if raw and (follow or level):
        raise InvalidInput("--raw gives all bytes of a stream as they are now: leave out --follow and --level.")
    from console.engine.service import Mode  # noqa: PLC0415 - start-up

    async def work(service: Service) -> int:
        found = service.find(job).job.id
        with _target(output) as target:
            if raw:
                async for piece in service.raw_log(found, cast("Stream", stream or "stdout"), attempt):
                    target.write(piece)
                return 0
            document = await service.open_log(found, attempt)
            try:
                printer = _Printer(target, level, stream, on_terminal=output is None and is_terminal())
                await _print(document, printer, follow=follow)
            finally:
                await document.close()
            if document.problem:
                raise NobodyToDoIt(document.problem)
        if output is not None:
            say(f"The log is in {output}.")
        return 0

    return session.run(Mode.OBSERVE, work)


@contextmanager
def _target(output: Path | None) -> Iterator[BinaryIO]:
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise InvalidInput(f"--output: {output} is there already: name another file, or remove it.") from error
    except OSError as error:
        raise InvalidInput(f"--output: {output} can't be written: {error.strerror}.") from error
    with os.fdopen(descriptor, "wb") as file:
        yield file


async def _print(document: LogDocument, printer: _Printer, *, follow: bool) -> None:
    while True:
        version = document.version
        is_over = document.is_complete or bool(document.problem)
        if follow:
            printer.print_new(document, is_over=is_over)
        if is_over or (not follow and document.has_caught_up):
            break
        await document.wait(version)
    printer.print_new(document, is_over=True)


class _Printer:
    """Prints each line once, as soon as it is finished; on a terminal the unfinished one stands live at the bottom."""

    def __init__(self, target: BinaryIO, level: str | None, stream: str | None, *, on_terminal: bool) -> None:
        self._target = target
        self._levels = LEVELS[LEVELS.index(level) :] if level else LEVELS
        self._streams = (stream,) if stream else STREAMS
        self._on_terminal = on_terminal
        self._next = 0
        self._live = False

    def print_new(self, document: LogDocument, *, is_over: bool) -> None:
        """Print what is new; `is_over`: unfinished lines will stay as they are."""
        self._erase()
        live: LogLine | None = None
        while lines := document.lines(self._next, self._next + _AT_ONCE):
            for line in lines:
                if not line.is_finished and not is_over:
                    live = line
                    break
                self._write(line)
                self._next += 1
            if live is not None:
                break
        if live is not None and self._on_terminal and self._is_wanted(live):
            columns = width() or 80
            self._target.write(clean(live.text)[: columns - 1].encode(errors="replace"))
            self._live = True
        self._target.flush()

    def _is_wanted(self, line: LogLine) -> bool:
        return line.stream in self._streams and line.level in self._levels

    def _write(self, line: LogLine) -> None:
        if self._is_wanted(line):
            text = clean(line.text) if self._on_terminal else line.text
            self._target.write(text.encode("utf-8", "replace") + b"\n")

    def _erase(self) -> None:
        if self._live:
            self._target.write(_ERASE.encode())
            self._live = False
