"""Real agents in a directory of a test's own, reached as the console reaches them."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import TypeVar

from console.backends.agents import AgentsBackend
from console.domain.ids import AttemptId, JobId, attempt_id, ulid
from console.domain.jobs import AttemptPhase
from console.domain.reports import AttemptChanged, AttemptReport, BackendReport, NodeUp
from console.ports import LaunchOrder, LogChunk, LogPosition

NODE = "here"
DATABASE = "0b5f7b1e-0000-4000-8000-000000000001"

_PATIENCE_S = 20.0

R = TypeVar("R")


class WallClock:
    """The real time."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


class Console:
    """A backend with all that it reported."""

    def __init__(self, state_dir: Path, *, epoch: int | None = 1, database: str = DATABASE) -> None:
        self.backend = AgentsBackend(
            [(NODE, "local")], state_dir=str(state_dir), database_id=database, epoch=epoch, clock=WallClock()
        )
        self.reports: list[BackendReport] = []
        self._news = asyncio.Event()

    async def start(self) -> NodeUp:
        """Connect; the first report of the node."""
        await self.backend.start(self._take)
        return await self.wait_for(lambda report: report if isinstance(report, NodeUp) else None)

    async def wait_for(self, wanted: Callable[[BackendReport], R | None], since: int = 0) -> R:
        """The first report from number `since` on that the test wants."""
        async with asyncio.timeout(_PATIENCE_S):
            position = since
            while True:
                while position < len(self.reports):
                    found = wanted(self.reports[position])
                    position += 1
                    if found is not None:
                        return found
                self._news.clear()
                await self._news.wait()

    async def wait_for_phase(self, attempt: AttemptId, phase: AttemptPhase, since: int = 0) -> AttemptReport:
        """The report in which an attempt reached a phase."""

        def wanted(report: BackendReport) -> AttemptReport | None:
            found: Sequence[AttemptReport] = ()
            if isinstance(report, NodeUp):
                found = report.attempts
            elif isinstance(report, AttemptChanged):
                found = (report.report,)
            return next((each for each in found if each.attempt == attempt and each.phase is phase), None)

        return await self.wait_for(wanted, since)

    def log(self, attempt: AttemptId, *, follow: bool = True) -> AsyncIterator[LogChunk]:
        """The whole log of an attempt, both streams."""
        return self.backend.logs(NODE, attempt, LogPosition(), follow=follow, streams=("stdout", "stderr"))

    def _take(self, report: BackendReport) -> None:
        self.reports.append(report)
        self._news.set()


def order(*argv: str, job: JobId | None = None, ordinal: int = 1, **changes: object) -> LaunchOrder:
    """An order to run a command; the rest as a test wants it."""
    chosen = job or ulid(time.time_ns() // 1_000_000, os.urandom(10))
    fields: dict[str, object] = {
        "attempt": attempt_id(chosen, ordinal),
        "job": chosen,
        "node": NODE,
        "argv": argv,
        "env": (),
        "workdir": "/",
        "setup": (),
        "cpus": 1,
        "memory_mib": 64,
        "gpus": (),
        "time_limit_s": None,
        "grace_s": 5.0,
        "epochs": None,
    }
    return LaunchOrder(**{**fields, **changes})  # type: ignore[arg-type]


async def text_of(chunks: AsyncIterator[LogChunk], stream: str) -> bytes:
    """All bytes of one stream."""
    async with asyncio.timeout(_PATIENCE_S):
        return b"".join([chunk.data async for chunk in chunks if chunk.stream == stream])


def processes(state_dir: Path, kind: str) -> list[int]:
    """Our processes with their state in a directory: `agent`, `template`, `shim`, `supervisor` or `any`."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            words = Path(f"/proc/{name}/cmdline").read_bytes().split(b"\0")
            comm = Path(f"/proc/{name}/comm").read_text().strip()
            is_zombie = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
        except (FileNotFoundError, ProcessLookupError):
            continue
        if is_zombie or str(state_dir).encode() not in words:
            continue
        is_ours = {
            "any": True,
            "shim": b"shim" in words,
            "template": b"serve" in words and comm == "clusterdeck-tpl",
            "supervisor": b"serve" in words and comm == "clusterdeck-job",
            "agent": b"serve" in words and not comm.startswith("clusterdeck-"),
        }[kind]
        if is_ours:
            found.append(int(name))
    return found


def end_everything(state_dir: Path) -> None:
    """Leave no process of a test behind: agents, supervisors, and the jobs that they started."""
    for pid in processes(state_dir, "any"):
        _kill(pid)
    mark = f"{state_dir}/".encode()
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                variables = Path(f"/proc/{name}/environ").read_bytes().split(b"\0")
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
            if any(each.startswith(b"CLUSTERDECK_METRICS=" + mark) for each in variables):
                _kill(int(name))
    for pointer in state_dir.glob("*/agent.socket"):
        Path(os.fsdecode(pointer.read_bytes())).unlink(missing_ok=True)


def attempt_directory(state_dir: Path, attempt: AttemptId) -> Path:
    """Where the node keeps an attempt."""
    (directory,) = state_dir.glob(f"*/attempts/{attempt}")
    return directory


def checkpoints(state_dir: Path, job: JobId) -> list[Path]:
    """The directory for a job's checkpoints, if it is there."""
    return list(state_dir.glob(f"*/checkpoints/{job}"))


def open_to_others(state_dir: Path) -> list[str]:
    """What below a directory others may read or write, with its mode."""
    return [
        f"{path} {stat.S_IMODE(path.lstat().st_mode):o}"
        for path in state_dir.rglob("*")
        if not path.is_symlink() and stat.S_IMODE(path.lstat().st_mode) & 0o077
    ]


async def until(condition: Callable[[], R]) -> R:
    """Wait for a condition; its value."""
    async with asyncio.timeout(_PATIENCE_S):
        while not (value := condition()):
            await asyncio.sleep(0.01)
        return value


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
