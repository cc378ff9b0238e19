"""Keeps a pump alive: one process that moves output, started again whenever it dies."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import time
import traceback
from typing import Dict, List, Optional

from agent.host.attempts import AttemptDirectory
from agent.host.segments import STREAMS
from agent.host.syscalls import die_with_parent, set_pipe_size, set_process_name
from agent.supervisor.policy import Policy
from agent.supervisor.pump import DropCounters, StreamPump, recorded_drops, run_pump
from agent.supervisor.wake import Waker

FIFOS = ("out.fifo", "err.fifo")
PIPE_BYTES = 1 << 20

_RESTART_S = 0.2


def open_fifos(attempt: AttemptDirectory) -> List[int]:
    """The two FIFOs of an attempt, created if need be, open for reading and writing without blocking.

    Both, so that there is neither an end of file nor a broken pipe while anybody has them open.
    """
    opened: List[int] = []
    try:
        for name in FIFOS:
            with contextlib.suppress(FileExistsError):
                os.mkfifo(attempt.file(name), 0o600)
            opened.append(os.open(attempt.file(name), os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW))
            set_pipe_size(opened[-1], PIPE_BYTES)
    except OSError:
        for descriptor in opened:
            os.close(descriptor)
        raise
    return opened


class PumpKeeper:
    """The pump of one attempt. The keeper holds the FIFOs open, so what is in them survives the pump."""

    def __init__(self, attempt: AttemptDirectory, policy: Policy, close_in_pump: List[int]) -> None:
        self._attempt = attempt
        self._policy = policy
        self._close_in_pump = close_in_pump
        self._fifos = open_fifos(attempt)
        self._drops = DropCounters(len(STREAMS))
        for index, stream in enumerate(STREAMS):
            self._drops.of(index).add(recorded_drops(attempt.path, stream))
        self._control: Optional[int] = None
        self._finishing = False
        self._not_before = 0.0
        self.pid: Optional[int] = None
        self.finished = False

    @property
    def dropped(self) -> Dict[str, int]:
        """Bytes per stream that the disk didn't take."""
        return {stream: self._drops.of(index).value for index, stream in enumerate(STREAMS)}

    def ensure(self) -> None:
        """Start a pump if there is none; one that dies at once is not started faster than every 0.2 s."""
        now = time.monotonic()
        if self.pid is not None or self.finished or now < self._not_before:
            return
        self._not_before = now + _RESTART_S
        control, write_end = os.pipe()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            os.close(write_end)
            self._become_pump(control, parent)
        os.close(control)
        self.pid, self._control = pid, write_end
        if self._finishing:
            self._say_finish()

    def reaped(self, status: int) -> None:
        """Take note of the pump's death: the end of its work, or a reason to start another."""
        if self._control is not None:
            os.close(self._control)
        self.pid, self._control = None, None
        self.finished = self._finishing and status == 0
        self.ensure()

    def finish(self) -> None:
        """The job has ended: empty the FIFOs, sync the logs; ``finished`` turns true when a pump has done so."""
        self._finishing = True
        self.ensure()
        self._say_finish()

    def wait_finished(self, waker: Waker) -> None:
        """After ``finish``, where there is no child but the pump: wait until it has emptied the FIFOs."""
        while not self.finished:
            waker.wait(_RESTART_S)
            self.ensure()
            if self.pid is not None:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                if pid:
                    self.reaped(status)

    def _say_finish(self) -> None:
        if self._control is not None:
            try:
                os.write(self._control, b"f")
            except BrokenPipeError:
                return  # it just died; the one that follows is told

    def _become_pump(self, control: int, parent: int) -> None:
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGUSR1):
                signal.signal(number, signal.SIG_IGN)
            die_with_parent(signal.SIGKILL, parent)
            set_process_name("clusterdeck-out")
            for descriptor in self._close_in_pump:
                os.close(descriptor)
            streams = [
                StreamPump(self._attempt.path, stream, fifo, self._policy.segment_bytes, self._drops.of(index))
                for index, (stream, fifo) in enumerate(zip(STREAMS, self._fifos))
            ]
            gc.disable()
            run_pump(streams, self._attempt.path, control)
            code = 0
        except BaseException:  # noqa: BLE001 - a fork must never return into its parent's code
            record_trouble(self._attempt, traceback.format_exc())
        finally:
            os._exit(code)


def record_trouble(attempt: AttemptDirectory, text: str) -> None:
    """Append to ``supervisor.log``, a supervisor's only place to complain; lost where the disk is full."""
    try:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
        descriptor = os.open(attempt.file("supervisor.log"), flags, 0o600)
    except OSError:
        return
    try:
        os.write(descriptor, f"{time.time():.3f} {text}".encode("utf-8", "replace"))
    except OSError:
        return
    finally:
        os.close(descriptor)
