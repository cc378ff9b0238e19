"""The process that supervisors are forked from: single-threaded, holding nothing, started before all else.

A fork copies locks, sockets and the state of libraries; so the agent doesn't fork itself but asks this process, which
has everything imported that a supervisor needs and nothing more.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import struct
import time
import traceback
from dataclasses import dataclass
from typing import Any, Dict, Iterable, List, Mapping, NoReturn, Optional, Tuple

from agent.host.attempts import WAKE_SIGNAL, AttemptDirectory
from agent.host.syscalls import set_process_name
from agent.supervisor.keeper import open_fifos, record_trouble
from agent.supervisor.launch import run_supervisor
from agent.supervisor.policy import Policy, Surroundings
from agent.supervisor.replacements import Replacements
from agent.supervisor.wake import Waker

_LENGTH = struct.Struct("=I")
_SEND_TIMEOUT_S = 5.0
_CLOSE_TIMEOUT_S = 5.0
_IDLE_S = 60.0
_NOTICE_BYTES = 4096


class TemplateDied(RuntimeError):
    """The template is gone: nothing can be launched or adopted until another was started. Running jobs go on."""


@dataclass(frozen=True)
class Notice:
    """What a supervisor tells the agent at once. ``kind``: "started", "ended", "adopted", "failed" (with ``text``).

    A hint to look at the directory, never a fact of its own: supervisors of an earlier agent can't send any.
    """

    attempt_id: str
    kind: str
    text: str


class SupervisorTemplate:
    """The agent's handle on the template process."""

    def __init__(self, pid: int, control: socket.socket, notices: int) -> None:
        self.pid = pid
        self._control = control
        self._notices = notices
        self._unread = b""

    @staticmethod
    def start(root: str, policy: Optional[Policy] = None) -> SupervisorTemplate:
        """Fork the template. Call it first: before event loops, threads, locks, sockets and NVML.

        Jobs get the umask that the caller has now.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        notices_read, notices_write = os.pipe()
        pid = os.fork()
        if pid == 0:
            _become_template(os.path.abspath(root), policy or Policy(), theirs.detach(), notices_write)
        theirs.close()
        os.close(notices_write)
        os.set_blocking(notices_read, False)
        ours.settimeout(_SEND_TIMEOUT_S)
        return SupervisorTemplate(pid, ours, notices_read)

    def launch(self, attempt_id: str, environment: Mapping[str, str]) -> None:
        """Have a prepared attempt launched in this login environment (text as UTF-8 with surrogateescape).

        Returns at once; the attempt's files say what became of it. TemplateDied if the template is gone or stuck.
        """
        self._send({"operation": "launch", "attempt": attempt_id, "environment": dict(environment)})

    def adopt(self, attempt_id: str) -> None:
        """Have a live attempt without a supervisor watched again; harmless where it has one."""
        self._send({"operation": "adopt", "attempt": attempt_id})

    def fileno(self) -> int:
        """A descriptor that becomes readable when the template has died."""
        return self._control.fileno()

    def is_alive(self) -> bool:
        """False once the template has died."""
        poller = select.poll()
        poller.register(self._control.fileno(), select.POLLIN)
        return not poller.poll(0)

    def notices_fileno(self) -> int:
        """A descriptor that becomes readable when there are notices."""
        return self._notices

    def read_notices(self) -> List[Notice]:
        """The notices that have come; empty if there are none."""
        try:
            data = os.read(self._notices, 1 << 16)
        except BlockingIOError:
            return []
        *lines, self._unread = (self._unread + data).split(b"\n")
        notices = []
        for line in lines:
            attempt_id, kind, text = line.decode("utf-8", "replace").split(" ", 2)
            notices.append(Notice(attempt_id, kind, text))
        return notices

    def close(self) -> None:
        """End the template; supervisors and jobs live on."""
        if self._notices < 0:
            return
        self._control.close()
        os.close(self._notices)
        self._notices = -1
        deadline = time.monotonic() + _CLOSE_TIMEOUT_S
        while time.monotonic() < deadline:
            try:
                if os.waitpid(self.pid, os.WNOHANG)[0]:
                    return
            except ChildProcessError:
                return
            time.sleep(0.005)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)

    def _send(self, message: Dict[str, Any]) -> None:
        # ASCII JSON keeps lone surrogates, so bytes that aren't UTF-8 arrive as they were.
        data = json.dumps(message).encode("ascii")
        try:
            self._control.sendall(_LENGTH.pack(len(data)) + data)
        except OSError as error:
            raise TemplateDied(f"the process that starts supervisors doesn't answer: {error}") from error


def _become_template(root: str, policy: Policy, control: int, notices: int) -> NoReturn:
    code = 1
    try:
        os.setsid()
        _close_others(control, notices)
        os.set_blocking(notices, False)
        umask = os.umask(0o077)
        set_process_name("clusterdeck-tpl")
        gc.collect()
        gc.disable()
        gc.freeze()
        _Template(root, policy, umask, control, notices).serve()
        code = 0
    except BaseException:  # noqa: BLE001 - a fork must never return into its parent's code
        _write_trouble(os.path.join(root, "template.log"), traceback.format_exc())
    finally:
        os._exit(code)


def _write_trouble(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    os.write(descriptor, text.encode("utf-8", "replace"))
    os.close(descriptor)


def _close_others(*kept: int) -> None:
    """Let go of all that the caller had open: a job must not hold its files, nor an SSH channel's pipes."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2 and int(name) not in kept:
            try:
                os.close(int(name))
            except OSError:
                continue  # the descriptor of the listing itself


def _close_all(descriptors: Iterable[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


class _Template:
    """The loop of the template process."""

    def __init__(self, root: str, policy: Policy, umask: int, control: int, notices: int) -> None:
        self._root = root
        self._policy = policy
        self._umask = umask
        self._control = control
        self._notices = notices
        self._waker = Waker(signal.SIGCHLD, WAKE_SIGNAL)
        self._children: Dict[int, Tuple[str, float]] = {}
        self._held: Dict[str, List[int]] = {}
        self._replacements = Replacements()

    def serve(self) -> None:
        """Fork supervisors on request until the agent's end closes."""
        while True:
            due = self._replacements.next_due()
            ready = self._waker.wait(_IDLE_S if due is None else due - time.monotonic(), [self._control])
            self._reap()
            for attempt_id in self._replacements.take_due(time.monotonic()):
                self._fork("adopt", attempt_id, None)
            if self._control in ready:
                message = self._receive()
                if message is None:
                    return
                self._obey(message["operation"], message["attempt"], message.get("environment"))

    def _obey(self, operation: str, attempt_id: str, environment: Optional[Dict[str, str]]) -> None:
        # The agent asks again and again for what has no supervisor: a replacement that waits is none the sooner for it.
        if operation != "adopt" or not self._replacements.is_waiting(attempt_id):
            self._fork(operation, attempt_id, environment)

    def _receive(self) -> Optional[Dict[str, Any]]:
        header = self._read_exactly(_LENGTH.size)
        if header is None:
            return None
        body = self._read_exactly(_LENGTH.unpack(header)[0])
        return None if body is None else dict(json.loads(body))

    def _read_exactly(self, count: int) -> Optional[bytes]:
        data = b""
        while len(data) < count:
            piece = os.read(self._control, count - len(data))
            if not piece:
                return None
            data += piece
        return data

    def _fork(self, operation: str, attempt_id: str, environment: Optional[Dict[str, str]]) -> None:
        self._hold(attempt_id)
        try:
            pid = os.fork()
        except OSError as error:
            self._notifier(attempt_id)("failed", f"no process for the supervisor: {error}")
            return
        if pid:
            self._children[pid] = (attempt_id, time.monotonic())
            return
        code = 1
        try:
            os.setsid()
            self._waker.close()
            os.close(self._control)
            for descriptors in self._held.values():
                _close_all(descriptors)
            around = Surroundings(self._root, self._policy, self._umask, self._notifier(attempt_id))
            for sentence in run_supervisor(around, operation, attempt_id, environment):
                around.notify("refused", sentence)
            code = 0
        except BaseException as error:  # noqa: BLE001 - a fork must never return into its parent's code
            record_trouble(AttemptDirectory(self._root, attempt_id), traceback.format_exc())
            self._notifier(attempt_id)("failed", f"{type(error).__name__}: {error}")
        finally:
            os._exit(code)

    def _hold(self, attempt_id: str) -> None:
        """Keep an attempt's FIFOs open while it is supervised.

        Should its supervisor die and then the job end, what is in the pipes is still there for the adopter.
        """
        attempt = AttemptDirectory(self._root, attempt_id)
        if attempt_id in self._held or not attempt.has("spec.json"):
            return
        try:
            self._held[attempt_id] = open_fifos(attempt)
        except OSError as error:
            record_trouble(attempt, f"can't hold the output pipes, going on without: {error}\n")

    def _release(self, attempt_id: str) -> None:
        if all(attempt_id != other for other, _ in self._children.values()):
            _close_all(self._held.pop(attempt_id, []))

    def _notifier(self, attempt_id: str) -> Any:
        def notify(kind: str, text: str) -> None:
            line = f"{attempt_id} {kind} {' '.join(text.split())}".encode("utf-8", "replace")[: _NOTICE_BYTES - 1]
            try:
                os.write(self._notices, line + b"\n")
            except (BlockingIOError, BrokenPipeError):
                return  # the agent is gone or behind: it will see the files

        return notify

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            attempt_id, born = self._children.pop(pid)
            if status == 0:
                self._replacements.done(attempt_id)
                self._release(attempt_id)
            elif self._policy.readopt:
                now = time.monotonic()
                self._replacements.died(attempt_id, now - born, now)
