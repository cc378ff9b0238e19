"""Connects its stdin and stdout to the agent, which it starts if there is none. Killing it touches nothing else."""

from __future__ import annotations

import os
import select
import socket
import sys
import time
from typing import Dict, List, Optional

from agent.host.identity import state_root
from agent.host.runtime import is_ours, published_socket
from agent.protocol.marker import MARKER, TROUBLE

_START_S = 20.0
_CONNECT_S = 5.0
_READ = 64 * 1024
# What an agent may know of the process that starts it: who the user is and where things are, nothing of the console.
_KEPT = (
    "CLUSTERDECK_FAILPOINT",
    "HOME",
    "LANG",
    "LANGUAGE",
    "LC_ALL",
    "LC_CTYPE",
    "LOGNAME",
    "SHELL",
    "TMPDIR",
    "TZ",
    "USER",
    "XDG_RUNTIME_DIR",
    "XDG_STATE_HOME",
)
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class AgentWontStart(Exception):
    """There is no agent and none could be started; the message says why."""


def run(state: Optional[str], program: List[str]) -> int:
    """Be the link until either side closes it. `program` is the argv that starts an agent."""
    try:
        link = _connect(state, program)
    except (AgentWontStart, OSError) as error:
        _write_all(1, TROUBLE + " ".join(str(error).split()).encode("utf-8", "replace") + b"\n")
        return 1
    _write_all(1, MARKER)
    try:
        _relay(link)
    except (BrokenPipeError, ConnectionResetError):
        return 0
    return 0


def _connect(state: Optional[str], program: List[str]) -> socket.socket:
    root = state_root(state)
    link = _try(root)
    if link is None:
        _start(state, program)
        deadline = time.monotonic() + _CONNECT_S
        while link is None:
            if time.monotonic() > deadline:
                raise AgentWontStart(f"the agent of {root} doesn't answer: see agent.log there")
            time.sleep(0.01)
            link = _try(root)
    return link


def _try(root: str) -> Optional[socket.socket]:
    path = published_socket(root)
    if path is None or not is_ours(path):
        return None
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    link.settimeout(_CONNECT_S)
    try:
        link.connect(path)
    except OSError:
        link.close()
        return None
    link.settimeout(None)
    return link


def _start(state: Optional[str], program: List[str]) -> None:
    """Start an agent in a session of its own; returns when it listens. AgentWontStart says why it doesn't."""
    ready, told = os.pipe()
    arguments = ["--ready", str(told), *([] if state is None else ["--state", os.path.abspath(state)])]
    child = os.fork()
    if child == 0:
        _detach([*program, *arguments], told)
    os.close(told)
    os.waitpid(child, 0)
    answer = b""
    deadline = time.monotonic() + _START_S
    while not answer.endswith(b"\n"):
        readable, _, _ = select.select([ready], [], [], max(0.0, deadline - time.monotonic()))
        piece = os.read(ready, 4096) if readable else b""
        if not piece:
            break
        answer += piece
    os.close(ready)
    if answer != b"ok\n":
        reason = answer.decode("utf-8", "replace").strip() or "it ended before it said anything"
        raise AgentWontStart(f"the agent can't be started: {reason}")


def _detach(argv: List[str], told: int) -> None:
    try:
        os.setsid()
        if os.fork():
            os._exit(0)
        os.chdir("/")
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        os.set_inheritable(told, True)
        os.execve(argv[0], argv, _environment())  # noqa: S606 - no shell on purpose
    except OSError as error:
        os.write(told, f"{argv[0]}: {error.strerror}\n".encode("utf-8", "replace"))
    finally:
        os._exit(1)


def _environment() -> Dict[str, str]:
    return {"PATH": _PATH, **{name: os.environ[name] for name in _KEPT if name in os.environ}}


def _relay(link: socket.socket) -> None:
    while True:
        readable, _, _ = select.select([0, link], [], [])
        if link in readable:
            data = link.recv(_READ)
            if not data:
                return
            _write_all(1, data)
        if 0 in readable:
            data = os.read(0, _READ)
            if not data:
                return
            link.sendall(data)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def program() -> List[str]:
    """The argv that runs the program that runs now."""
    return [sys.executable, "-I", os.path.abspath(sys.argv[0])]
