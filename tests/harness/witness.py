"""The job that fault tests run, and the judge of what it left behind.

`python witness.py PLACE LINES [EXIT]` notes itself in PLACE/runs, prints LINES numbered lines on each stream, and
before the last tenth of them waits for the file PLACE/finish.
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

_BURST = 50
_PAUSE_S = 0.004
_PATIENCE_S = 100.0


def line(stream: str, number: int) -> bytes:
    """A line, of a length that varies."""
    return b"%s %06d %s\n" % (stream.encode(), number, b"x" * (number % 97))


def runs(place: Path) -> list[dict[str, Any]]:
    """Who ran, each with attempt, pid, start time, boot id, and whether another one ran at the same time."""
    try:
        return [json.loads(text) for text in (place / "runs").read_text().splitlines()]
    except FileNotFoundError:
        return []


def position(place: Path) -> int:
    """How many lines it has printed on each stream."""
    try:
        return int((place / "position").read_text() or 0)
    except FileNotFoundError:
        return 0


def damage(written: bytes, stream: str, lines: int) -> str:
    """What is wrong with a stream, in a few words; empty if every line is there once, whole, and in order."""
    found, wanted = written.splitlines(keepends=True), [line(stream, number) for number in range(lines)]
    for number, (one, other) in enumerate(zip(found, wanted, strict=False)):
        if one != other:
            return f"line {number} of {stream} is {one!r}"
    return "" if found == wanted else f"{stream} has {len(found)} lines of {lines}"


def main(place: Path, lines: int, code: int) -> int:
    """Run as the job."""
    alive = os.open(place / "alive", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
        overlaps = False
    except BlockingIOError:
        overlaps = True
    note = {
        "attempt": os.environ["CLUSTERDECK_ATTEMPT"],
        "pid": os.getpid(),
        "start": int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]),
        "boot": Path("/proc/sys/kernel/random/boot_id").read_text().strip(),
        "overlaps": overlaps,
    }
    with (place / "runs").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(json.dumps(note) + "\n")
    told = os.open(place / "position", os.O_RDWR | os.O_CREAT)
    deadline = time.monotonic() + _PATIENCE_S
    for first in range(0, lines, _BURST):
        while first >= lines * 9 // 10 and not (place / "finish").exists():
            if time.monotonic() > deadline:
                return 99
            time.sleep(0.01)
        burst = range(first, min(first + _BURST, lines))
        for descriptor, stream in ((1, "out"), (2, "err")):
            data = b"".join(line(stream, number) for number in burst)
            while data:
                data = data[os.write(descriptor, data) :]
        os.pwrite(told, b"%d" % burst.stop, 0)
        time.sleep(_PAUSE_S)
    return code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 0))
