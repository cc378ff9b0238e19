"""Hostile strings in the widgets, in a real terminal, and every byte that comes out looked at."""

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
import sys
import termios
import time
from pathlib import Path

import pytest

from tests.harness.hostile_app import TOKEN

ROOT = Path(__file__).parents[2]
DEADLINE_S = 90
STRINGS = 4000

# What Textual itself writes: colours, positions, modes for the start and the end, one query each for two modes, and
# the shape of the mouse pointer.
ALLOWED = re.compile(
    rb"\x1b\[(?:[0-9;]*m|[0-9]+;[0-9]+H|\?(?:1000|1003|1004|1006|1015|1049|2004|2026|2048|25|7)[hl]|\?(?:2026|2048)\$p"
    rb"|>[0-9]+u|<u)"
    rb"|\x1b\]22;[a-z-]*\x07"
)
# Modes are set only where the program starts and ends.
EDGE = 8192


def output_of(command: list[str], *, columns: int, rows: int, env: dict[str, str]) -> tuple[int, bytes]:
    """Run a program on a terminal of its own to its end: its exit code and every byte that it wrote."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=ROOT, env=env, start_new_session=True
    )
    os.close(theirs)
    written = b""
    end = time.monotonic() + DEADLINE_S
    try:
        while time.monotonic() < end:
            if not select.select([ours], [], [], 1)[0]:
                continue
            try:
                chunk = os.read(ours, 65536)
            except OSError:  # the other end was closed
                break
            written += chunk
        return process.wait(timeout=10), written
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=10)
        os.close(ours)


@pytest.mark.parametrize(
    ("columns", "rows", "colour"),
    [(160, 45, {"COLORTERM": "truecolor"}), (80, 24, {"NO_COLOR": "1"})],
    ids=["160", "80"],
)
def test_only_sequences_of_the_allow_list_reach_the_terminal(columns: int, rows: int, colour: dict[str, str]) -> None:
    plain = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    env = {**plain, "TERM": "xterm-256color", "PYTHONUTF8": "1", **colour}
    command = [sys.executable, "-m", "tests.harness.hostile_app", str(columns), str(STRINGS)]
    code, written = output_of(command, columns=columns, rows=rows, env=env)
    assert code == 0, written[-2000:]
    assert TOKEN.encode() in written
    assert b"[@click=app.quit]" in written

    rest = ALLOWED.sub(b"", written).decode()
    strange = sorted({char for char in rest if not char.isprintable() and char not in "\r\n"})
    assert strange == []
    assert b"\x1b[?" not in written[EDGE:-EDGE]
    assert b"\x1b[8m" not in written
    for position in re.finditer(rb"\x1b\[[0-9;]*H", written):
        assert not written.startswith(TOKEN.encode(), position.end())
