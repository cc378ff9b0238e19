"""The real `clusterdeck` command on a home of the test's own, and every process that belongs to that home."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from agent.host.processes import all_processes, children, read_process

COMMAND = str(Path(sys.executable).with_name("clusterdeck"))
Kind = Literal["any", "serve", "agent", "template", "supervisor", "pump", "shim", "job"]

_PATIENCE_S = 40.0
_SHORT_GRACE = "[nodes]\nstop_grace_s = 1.0\n"
_NAMES = {"clusterdeck-tpl": "template", "clusterdeck-job": "supervisor", "clusterdeck-out": "pump"}

R = TypeVar("R")


@dataclass(frozen=True)
class Ran:
    """How a command ended: its exit code, stdout as bytes, stderr as text."""

    code: int
    out: bytes
    err: str


class Deck:
    """A home; `run` and what follows from it use it, `environment` is what its commands get."""

    def __init__(self, home: Path) -> None:
        self.home = home
        kept = ("PATH", "HOME", "LANG", "SHELL", "USER", "LOGNAME", "TMPDIR")
        self.environment = {name: os.environ[name] for name in kept if name in os.environ}
        self.environment |= {"CLUSTERDECK_HOME": str(home), "CLUSTERDECK_TRACEBACK": "1", "PYTHONUTF8": "1"}

    # -- commands

    def run(self, *arguments: str, umask: int = -1, inside: Sequence[str] = ()) -> Ran:
        """Run `clusterdeck` to its end, by a command line `inside` that takes the home and another command if given."""
        outer = [*inside, str(self.home)] if inside else []
        done = subprocess.run(
            [*outer, COMMAND, *arguments],
            env=self.environment,
            cwd=self.home.parent,
            umask=umask,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE_S * 2,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr.decode())

    def ok(self, *arguments: str, umask: int = -1) -> bytes:
        """Run a command that ends with 0; its stdout."""
        ran = self.run(*arguments, umask=umask)
        assert ran.code == 0, f"clusterdeck {' '.join(arguments)} ended with {ran.code}: {ran.err}"
        return ran.out

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start `clusterdeck` and go on; the end of the test ends it too."""
        return subprocess.Popen(
            [COMMAND, *arguments],
            env=self.environment,
            cwd=self.home.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def json(self, *arguments: str) -> Any:
        """What a command with --json says."""
        return json.loads(self.ok(*arguments, "--json"))

    def submit(self, *argv: str, **options: object) -> str:
        """Queue a job; its id. Options are named as the command's: `time_limit="2h"`."""
        flags = [text for key, value in options.items() for text in (f"--{key.replace('_', '-')}", str(value))]
        return self.ok("submit", *flags, "--", *argv).decode().strip()

    def python(self, source: str, *arguments: str, **options: object) -> str:
        """Queue a job that runs Python source; its id."""
        return self.submit(sys.executable, "-c", source, *arguments, **options)

    def serve(self) -> int:
        """Have a background process lead; its pid."""
        self.ok("serve", "--detach")
        (leader,) = self.processes("serve")
        return leader

    def show(self, job: str) -> dict[str, Any]:
        """All about a job."""
        found = self.json("show", job)
        assert isinstance(found, dict)
        return found

    def wait_for(self, job: str, *statuses: str) -> dict[str, Any]:
        """Wait until a job has one of these statuses; all about it."""
        seen: list[dict[str, Any]] = []

        def reached() -> bool:
            seen[:] = [self.show(job)]
            return seen[0]["status"] in statuses

        until(reached, f"{job} being {' or '.join(statuses)}", lambda: str(seen))
        return seen[0]

    def raw(self, job: str, stream: str = "stdout") -> bytes:
        """What a job wrote."""
        return self.ok("logs", job, "--raw", "--stream", stream)

    # -- files

    def attempt(self, job: str, ordinal: int = 1) -> Path:
        """Where the node keeps an attempt."""
        (directory,) = (self.home / "agent").glob(f"*/attempts/{job}-{ordinal}")
        return directory

    def pid_of(self, job: str, ordinal: int = 1) -> int:
        """The pid of a job's process."""
        return int(json.loads((self.attempt(job, ordinal) / "pid.json").read_text())["pid"])

    def open_to_others(self) -> list[str]:
        """What below the home has other modes than 0700 for directories and 0600 for all else."""
        wrong = []
        for path in [self.home, *self.home.rglob("*"), *self.sockets()]:
            mode = path.lstat().st_mode
            if not stat.S_ISLNK(mode) and stat.S_IMODE(mode) != (0o700 if stat.S_ISDIR(mode) else 0o600):
                wrong.append(f"{path} {stat.S_IMODE(mode):o}")
        return wrong

    def sockets(self) -> list[Path]:
        """The sockets of the home's agents."""
        pointers = (self.home / "agent").glob("*/agent.socket")
        return [path for each in pointers if (path := Path(os.fsdecode(each.read_bytes()))).exists()]

    # -- processes

    def processes(self, kind: Kind = "any") -> list[int]:
        """The live processes of this home: `serve` leads, `job` is what attempts started."""
        return [each.pid for each in all_processes() if each.alive and self._kind(each.pid) in _matching(kind)]

    def supervisor(self, job: str) -> int:
        """The pid of the process that watches a job, which is its parent."""
        process = read_process(self.pid_of(job))
        assert process is not None
        assert self._kind(process.parent) == "supervisor"
        return process.parent

    def pump(self, job: str) -> int:
        """The pid of the process that keeps a job's output."""
        return until(
            lambda: next((pid for pid in children(self.supervisor(job)) if self._kind(pid) == "pump"), None),
            f"a pump of {job}",
        )

    def _kind(self, pid: int) -> str | None:
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            name = Path(f"/proc/{pid}/comm").read_text().strip()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            return None
        home = os.fsencode(self.home)
        if any(each.startswith(b"CLUSTERDECK_METRICS=" + home + b"/") for each in variables):
            return "job"
        if home + b"/agent" in words:
            return "shim" if b"shim" in words else _NAMES.get(name, "agent")
        if home in words or b"CLUSTERDECK_HOME=" + home in variables:
            return "serve" if b"serve" in words and b"--detach" not in words else "console"
        return None

    def clean_up(self) -> None:
        """End every process of this home, take its sockets away, and see that none is left."""
        sockets = self.sockets()

        def none_left() -> bool:
            # In this order, so that nobody is left who starts others.
            for kinds in (("console", "serve", "shim"), ("agent", "template"), ("supervisor", "pump", "job")):
                for process in all_processes():
                    if process.alive and self._kind(process.pid) in kinds:
                        kill(process.pid)
            return not self.processes()

        until(none_left, f"no process of {self.home} being left", lambda: str(self.processes()))
        for path in sockets:
            path.unlink(missing_ok=True)


def _matching(kind: Kind) -> Sequence[str]:
    every = ("console", "serve", "agent", "template", "supervisor", "pump", "shim", "job")
    return every if kind == "any" else (kind,)


@contextmanager
def temporary_deck(name: str = "home", *, config: str = _SHORT_GRACE) -> Iterator[Deck]:
    """A deck on an empty home with a short path; nothing of it is left afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="deck-"))
    deck = Deck(folder / name)
    if config:
        deck.home.mkdir(mode=0o700)
        path = deck.home / "config.toml"
        path.touch(mode=0o600)
        path.write_text(config)
    try:
        yield deck
    finally:
        deck.clean_up()
        shutil.rmtree(folder)


def until(condition: Callable[[], R | None], what: str, state: Callable[[], str] = str, *, pause_s: float = 0.02) -> R:
    """The value of a condition as soon as it is true; after a time an assertion that names it and the state."""
    deadline = time.monotonic() + _PATIENCE_S
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {_PATIENCE_S:.0f} s in vain for {what}. {state()}"
        time.sleep(pause_s)
    return value


def kill(pid: int, number: int = signal.SIGKILL) -> None:
    """Send a signal to a process that may be gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def identity(pid: int) -> tuple[int, int] | None:
    """What tells a process from a later one with its pid; None if it doesn't live."""
    process = read_process(pid)
    return (pid, process.start_time) if process is not None and process.alive else None
