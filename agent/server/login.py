"""The environment that a login on this node gives, since that is what a person's jobs expect."""

from __future__ import annotations

import asyncio
import logging
import os
import pwd
import secrets
import signal
import time
from typing import Dict, Optional

_TIMEOUT_S = 10.0
_FRESH_S = 30.0
_LARGEST = 4 << 20
_OF_THE_SHELL = frozenset(("_", "SHLVL", "PWD", "OLDPWD"))

_log = logging.getLogger("agent.login")


class LoginEnvironment:
    """Captured when a console connects, unless that was done just now; never anew for a launch, which would wait."""

    def __init__(self) -> None:
        self._task: Optional[asyncio.Task[Dict[str, str]]] = None
        self._captured_at = float("-inf")

    def refresh(self) -> None:
        """Begin to capture it, unless that was done just now."""
        if self._task is None or (self._task.done() and time.monotonic() - self._captured_at > _FRESH_S):
            self._captured_at = time.monotonic()
            self._task = asyncio.ensure_future(capture())

    async def get(self) -> Dict[str, str]:
        """The environment; waits for the capture under way."""
        if self._task is None:
            self.refresh()
        assert self._task is not None
        return await asyncio.shield(self._task)

    def close(self) -> None:
        """Give up a capture under way."""
        if self._task is not None:
            self._task.cancel()


async def capture() -> Dict[str, str]:
    """Ask the login shell. Where that fails or takes too long, the agent's own environment has to do."""
    shell = os.environ.get("SHELL") or pwd.getpwuid(os.getuid()).pw_shell or "/bin/sh"
    # What rc files print stands before the marker.
    marker = secrets.token_hex(16)
    command = f"printf '%s\\0' {marker}; env -0"
    try:
        process = await asyncio.create_subprocess_exec(
            shell,
            "-l",
            "-c",
            command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
            cwd=_home(),
        )
    except OSError as error:
        return _fallback(f"{shell} can't be started: {error}")
    assert process.stdout is not None
    try:
        output = await asyncio.wait_for(process.stdout.read(_LARGEST), _TIMEOUT_S)
        while not process.stdout.at_eof():
            piece = await asyncio.wait_for(process.stdout.read(_LARGEST), _TIMEOUT_S)
            output += piece
            if len(output) > _LARGEST:
                return _fallback(f"{shell} printed more than {_LARGEST} bytes")
    except asyncio.TimeoutError:
        return _fallback(f"{shell} took longer than {_TIMEOUT_S:.0f} s to log in")
    finally:
        _end(process)
        await process.wait()
    _, found, text = output.partition(marker.encode() + b"\0")
    variables = _parse(text)
    if not found or not variables:
        return _fallback(f"{shell} -l -c 'env -0' gave no environment")
    return variables


def _parse(text: bytes) -> Dict[str, str]:
    pairs = (entry.partition(b"=") for entry in text.split(b"\0") if b"=" in entry)
    variables = {os.fsdecode(name): os.fsdecode(value) for name, _, value in pairs if name}
    return {name: value for name, value in variables.items() if name not in _OF_THE_SHELL}


def _fallback(trouble: str) -> Dict[str, str]:
    _log.warning("jobs get the agent's own environment: %s", trouble)
    return {name: value for name, value in os.environ.items() if name not in _OF_THE_SHELL}


def _end(process: asyncio.subprocess.Process) -> None:
    """End the shell with all that its rc files started in its session."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _home() -> str:
    home = os.path.expanduser("~")
    return home if os.path.isdir(home) else "/"
