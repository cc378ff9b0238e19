"""The link to this machine's own agent: a subprocess's stdin and stdout. Killing that subprocess touches no job."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from pathlib import Path

from agent.protocol.marker import MARKER, MOST_NOISE, TROUBLE
from console.links.bundle import install_bundle, make_bundle
from console.links.stream import LinkFailed, LinkRefused

_START_S = 30.0
_LEAVE_S = 0.5
_END_S = 2.0
_READ = 64 * 1024


class ProcessStream:
    """The pipes of a shim as a ByteStream."""

    def __init__(self, process: asyncio.subprocess.Process, first: bytes) -> None:
        self._process = process
        self._first = first

    async def read(self) -> bytes:
        """The next bytes, empty at the end."""
        if self._first:
            first, self._first = self._first, b""
            return first
        assert self._process.stdout is not None
        return await self._process.stdout.read(_READ)

    async def write(self, data: bytes) -> None:
        """Send bytes. LinkFailed if the shim is gone."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(data)
            await self._process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError) as error:
            raise LinkFailed("the process that links to this machine's agent has ended") from error

    async def close(self) -> None:
        """End the shim."""
        await _end(self._process)


class LocalConnector:
    """Reaches the agent of this machine and user, with its state below `state_dir`; one that is started here leaves
    after `idle_s` seconds with nothing to do."""

    def __init__(self, state_dir: str, python: str = sys.executable, idle_s: float = 600.0) -> None:
        self._state_dir = Path(state_dir).absolute()
        self._python = python
        self._idle_s = idle_s

    async def connect(self) -> ProcessStream:
        """Start the shim, and through it the agent if there is none. LinkFailed says why that failed."""
        place = await asyncio.to_thread(self._install)
        try:
            process = await self._start_shim(place)
        except OSError as error:
            raise LinkFailed(f"{self._python} can't be started: {error.strerror}") from error
        try:
            async with asyncio.timeout(_START_S):
                return ProcessStream(process, await skip_noise(process.stdout))
        except TimeoutError:
            await _end(process)
            raise LinkFailed(f"this machine's agent didn't answer within {_START_S:.0f} s") from None
        except BaseException:
            await _end(process)
            raise

    async def _start_shim(self, place: Path) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            self._python,
            "-I",
            str(place),
            "shim",
            "--state",
            str(self._state_dir),
            "--idle",
            str(self._idle_s),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            # Out of the terminal's reach: ctrl+c and a closed terminal are the console's business.
            start_new_session=True,
        )

    def _install(self) -> Path:
        try:
            return install_bundle(make_bundle(), self._state_dir)
        except OSError as error:
            raise LinkRefused(f"the agent can't be put into {self._state_dir}: {error.strerror}") from error


async def skip_noise(reader: asyncio.StreamReader | None) -> bytes:
    """Read up to the shim's marker; what follows it. LinkFailed if there is none in the first 64 KiB."""
    assert reader is not None
    seen = b""
    while MARKER not in seen:
        if len(seen) > MOST_NOISE:
            raise LinkFailed("64 KiB came before the agent's marker: is something printed by a shell's rc files?")
        piece = await reader.read(_READ)
        if not piece:
            _, _, trouble = seen.rpartition(TROUBLE)
            reason = trouble.decode("utf-8", "replace").strip() if TROUBLE in seen else ""
            raise LinkFailed(reason or "the process that links to the agent ended before it was connected")
        seen += piece
    return seen.partition(MARKER)[2]


async def _end(process: asyncio.subprocess.Process) -> None:
    # By itself if it can: killing a process that is just ending takes its exit status from asyncio, which complains.
    if process.stdin is not None:
        process.stdin.close()
    try:
        await _wait_for(process, _LEAVE_S)
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await _wait_for(process, _END_S)
    finally:
        transport = getattr(process, "_transport", None)
        if transport is not None:
            # Python closes the pipes only when they are collected, with a warning.
            transport.close()


async def _wait_for(process: asyncio.subprocess.Process, timeout_s: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await process.wait()
