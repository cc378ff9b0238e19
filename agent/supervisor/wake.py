"""Waiting for signals and descriptors at once."""

from __future__ import annotations

import os
import select
import signal
from types import FrameType
from typing import Iterable, Optional, Set

_IGNORED = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGPIPE)


class Waker:
    """Turns SIGCHLD and the wake signal into a readable descriptor; other signals don't end a supervisor."""

    def __init__(self, *signals: int) -> None:
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)
        for ignored in _IGNORED:
            signal.signal(ignored, signal.SIG_IGN)
        for number in signals:
            signal.signal(number, _do_nothing)
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)

    def wait(self, timeout_s: float, descriptors: Iterable[int] = ()) -> Set[int]:
        """Sleep until a signal, a readable descriptor or the timeout; the descriptors that are readable."""
        poller = select.poll()
        poller.register(self._read, select.POLLIN)
        for descriptor in descriptors:
            poller.register(descriptor, select.POLLIN)
        ready = {descriptor for descriptor, _ in poller.poll(max(0.0, timeout_s) * 1000)}
        if self._read in ready:
            ready.discard(self._read)
            self._clear()
        return ready

    def close(self) -> None:
        """Give the descriptors back."""
        signal.set_wakeup_fd(-1)
        os.close(self._read)
        os.close(self._write)

    def _clear(self) -> None:
        try:
            while os.read(self._read, 512):
                continue
        except BlockingIOError:
            return


def _do_nothing(number: int, frame: Optional[FrameType]) -> None:
    """A handler must exist for the wake-up descriptor to be written."""
