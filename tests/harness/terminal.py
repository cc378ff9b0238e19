"""A program on a terminal of its own: keys in, the screen out as rows of text."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rich.cells import cell_len

_PATIENCE_S = 40.0
_SEQUENCE = re.compile(
    r"\x1b(?:\[([0-9;<=>?]*)[ -/]*([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()].|[=>78])|\r|\n|[^\x1b\r\n]"
)
_KEYS = {
    "enter": "\r",
    "escape": "\x1b",
    "tab": "\t",
    "space": " ",
    "down": "\x1b[B",
    "up": "\x1b[A",
    "backspace": "\x7f",
}
# Modes that a program turns on and must turn off again: the other screen, the mouse, focus, pasting.
_MODES = ("1049", "1000", "1002", "1003", "1004", "1006", "1015", "2004")


class Terminal:
    """A running program. What it wrote is `written`; `modes` are those it has turned on."""

    def __init__(
        self, command: Sequence[str], *, columns: int, rows: int, env: Mapping[str, str], cwd: Path, term: str
    ) -> None:
        self._ours, theirs = pty.openpty()
        self._rows: dict[int, dict[int, str]] = {}
        self._at = [0, 0]
        self._rest = ""
        self._undecoded = b""
        self.columns, self.rows = columns, rows
        self.written = b""
        self.modes: set[str] = set()
        self.hides_cursor = False
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._before = termios.tcgetattr(theirs)
        self._theirs = theirs
        self.process = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=cwd,
            env={**env, "TERM": term},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - so that it has this terminal
        )

    # -- in

    def press(self, *keys: str) -> None:
        """Press keys: characters, names (`enter`), or `ctrl+s`."""
        for key in keys:
            text = _KEYS.get(key, key)
            if key.startswith("ctrl+"):
                text = chr(ord(key[-1]) & 0x1F)
            os.write(self._ours, text.encode())
            self._read(0.02)

    def type(self, text: str) -> None:
        """Type a text."""
        self.press(*text)

    def resize(self, columns: int, rows: int) -> None:
        """Give the window another size."""
        self.columns, self.rows = columns, rows
        self._rows.clear()
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.killpg(self.process.pid, signal.SIGWINCH)

    # -- out

    def text(self) -> str:
        """What the screen shows now."""
        self._read(0)
        return "\n".join(self._row(number) for number in range(self.rows))

    def until_shown(self, *texts: str) -> None:
        """Wait until all of these are on the screen."""
        self.until(lambda: all(text in self.text() for text in texts), f"{texts} on the screen")

    def until_gone(self, text: str) -> None:
        """Wait until this isn't on the screen."""
        self.until(lambda: text not in self.text(), f"{text!r} leaving the screen")

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait while taking in what the program writes."""
        deadline = time.monotonic() + _PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, (
                f"waited {_PATIENCE_S:.0f} s in vain for {what}; the screen:\n{self.text()}"
            )
            assert self.process.poll() is None, f"the program ended without {what}: {self.written[-2000:]!r}"
            self._read(0.05)

    def end(self) -> int:
        """Wait for the program's end; its exit code."""
        deadline = time.monotonic() + _PATIENCE_S
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"the program goes on; the screen:\n{self.text()}"
            self._read(0.05)
        self._read(0)
        return self.process.returncode

    def is_as_before(self) -> bool:
        """Whether every mode is what it was before the program started."""
        return not self.modes and not self.hides_cursor and termios.tcgetattr(self._theirs) == self._before

    def hang_up(self) -> None:
        """The terminal goes away: the kernel sends SIGHUP, and every further read and write fails."""
        os.close(self._theirs)
        os.close(self._ours)
        self._theirs = self._ours = -1

    def close(self) -> None:
        """End the program."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
        for descriptor in (self._ours, self._theirs):
            if descriptor >= 0:
                os.close(descriptor)

    # -- the screen

    def _row(self, number: int) -> str:
        cells = self._rows.get(number, {})
        return "".join(cells.get(column, " ") for column in range(max(cells, default=-1) + 1))

    def _read(self, wait_s: float) -> None:
        while self._ours >= 0 and select.select([self._ours], [], [], wait_s)[0]:
            data = os.read(self._ours, 65536)
            self.written += data
            self._draw(data)
            wait_s = 0

    def _draw(self, data: bytes) -> None:
        data = self._undecoded + data
        text = data.decode(errors="ignore")
        self._undecoded = data[len(text.encode()) :]
        text = self._rest + text
        end = 0
        for found in _SEQUENCE.finditer(text):
            if found.start() > end:
                break
            end = found.end()
            self._obey(found)
        self._rest = text[end:]

    def _obey(self, found: re.Match[str]) -> None:
        parameters, final = found[1], found[2]
        if final is not None:
            self._control(parameters, final)
        elif found[0] == "\n":
            self._at[0] += 1
        elif found[0] == "\r":
            self._at[1] = 0
        elif found[0][0] != "\x1b":
            self._put(found[0])

    def _control(self, parameters: str, final: str) -> None:
        numbers = [int(part or 0) for part in parameters.split(";")] if parameters.strip("0123456789;") == "" else []
        if final == "H":
            row, column = [*numbers, 1, 1][:2] if numbers and parameters else (1, 1)
            self._at = [max(row, 1) - 1, max(column, 1) - 1]
        elif final == "J" and numbers[:1] == [2]:
            self._rows.clear()
        elif final in "hl" and parameters.startswith("?"):
            self._set_mode(parameters[1:], is_on=final == "h")

    def _set_mode(self, mode: str, *, is_on: bool) -> None:
        if mode == "25":
            self.hides_cursor = not is_on
        elif mode in _MODES and is_on:
            self.modes.add(mode)
        else:
            self.modes.discard(mode)

    def _put(self, character: str) -> None:
        row, column = self._at
        cells = self._rows.setdefault(row, {})
        width = cell_len(character)
        if width == 0:
            return
        cells[column] = character
        if width == 2:
            cells[column + 1] = ""
        self._at[1] += width
