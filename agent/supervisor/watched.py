"""The job as its watcher sees it: a child that can be reaped, or a stranger's child that was adopted."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass
from typing import Dict, List, Optional

from agent.core.environment import ATTEMPT_VARIABLE
from agent.host.identity import ProcessIdentity, process_start_time
from agent.host.processes import (
    Process,
    all_processes,
    children,
    descendants,
    has_variable,
    open_pidfd,
    read_process,
    send_signal,
)
from agent.host.syscalls import pidfd_wait_status

# After the end of a process somebody else has to reap it before the kernel tells how it ended.
_REAPED_BY_OTHERS_S = 2.0


@dataclass(frozen=True)
class Outcome:
    """How the main process ended; ``unknown`` where nobody could find out."""

    code: Optional[int]
    signal: Optional[int]
    unknown: bool = False

    @staticmethod
    def from_status(status: int) -> Outcome:
        """From a wait status."""
        if os.WIFSIGNALED(status):
            return Outcome(None, os.WTERMSIG(status))
        return Outcome(os.WEXITSTATUS(status), None)


UNKNOWN = Outcome(None, None, unknown=True)


class ChildJob:
    """A job whose supervisor is its parent, and the foster parent of all its orphans."""

    def __init__(self, process: ProcessIdentity) -> None:
        self.process = process
        self._outcome: Optional[Outcome] = None

    def reaped(self, pid: int, status: int) -> None:
        """Some child other than the pump was reaped."""
        if pid == self.process.pid and self._outcome is None:
            self._outcome = Outcome.from_status(status)

    def outcome(self) -> Optional[Outcome]:
        """How the main process ended; None while it runs."""
        return self._outcome

    def members(self, pump: Optional[int]) -> List[Process]:
        """The live processes of the attempt."""
        return descendants(os.getpid(), without=() if pump is None else (pump,))

    def is_empty(self, pump: Optional[int]) -> bool:
        """True if no process of the attempt is left: then a subreaper has no child but the pump."""
        return all(pid == pump for pid in children(os.getpid()))

    def terminate_group(self) -> None:
        """SIGTERM to the job's group; its leader isn't reaped yet, so the number can't be a stranger's."""
        if self._outcome is None:
            with contextlib.suppress(ProcessLookupError):
                _signal_group(self.process.pid)

    def descriptor(self) -> Optional[int]:
        """Nothing to wait on: SIGCHLD tells."""
        return None

    def search(self) -> None:
        """Nothing to search: all descendants are below the supervisor."""


class AdoptedJob:
    """A job whose supervisor died. Its processes are known by descent from the main one and by a variable of theirs."""

    def __init__(self, process: ProcessIdentity, attempt_id: str) -> None:
        self.process = process
        self._attempt_id = attempt_id
        self._pidfd = open_pidfd(process)
        self._known: Dict[int, int] = {}
        self._outcome: Optional[Outcome] = None
        self._gone_since: Optional[float] = None
        self._found_alive = process_start_time(process.pid) == process.start_time

    def reaped(self, pid: int, status: int) -> None:
        """An adopter has no children but the pump."""

    def outcome(self) -> Optional[Outcome]:
        """How the main process ended, as far as the kernel tells; None while it runs or may yet be reaped."""
        if self._outcome is not None:
            return self._outcome
        process = read_process(self.process.pid)
        present = process is not None and process.start_time == self.process.start_time
        if process is not None and present and process.alive:
            return None
        if self._pidfd is not None:
            status = pidfd_wait_status(self._pidfd)
            if status is not None:
                return self._conclude(Outcome.from_status(status))
        if process is not None and present and _is_ours(process.pid):
            return self._conclude(Outcome.from_status(process.exit_status))
        now = time.monotonic()
        self._gone_since = self._gone_since or now
        if self._found_alive and self._pidfd is not None and now - self._gone_since < _REAPED_BY_OTHERS_S:
            return None
        return self._conclude(UNKNOWN)

    def was_executed(self) -> bool:
        """True once the main process is the command and no longer the supervisor's fork: the variable is there."""
        return self._outcome is None and has_variable(self.process.pid, ATTEMPT_VARIABLE, self._attempt_id)

    def members(self, pump: Optional[int]) -> List[Process]:  # noqa: ARG002 - the pump is no child of the job
        """The live processes of the attempt that are known up to now."""
        main = read_process(self.process.pid)
        if main is not None and main.start_time == self.process.start_time:
            for process in [main, *descendants(main.pid)]:
                self._known[process.pid] = process.start_time
        found = []
        for pid, start_time in list(self._known.items()):
            current = read_process(pid)
            if current is None or current.start_time != start_time or not current.alive:
                del self._known[pid]
            else:
                found.append(current)
        return found

    def search(self) -> None:
        """Find processes that left the main one's tree, by the attempt's variable in their environment."""
        for process in all_processes():
            if process.alive and has_variable(process.pid, ATTEMPT_VARIABLE, self._attempt_id):
                for member in [process, *descendants(process.pid)]:
                    self._known[member.pid] = member.start_time

    def is_empty(self, pump: Optional[int]) -> bool:
        """True if no process of the attempt can be found."""
        self.search()
        return not self.members(pump)

    def terminate_group(self) -> None:
        """SIGTERM to the job's group while its leader is known to be the same process."""
        if self._outcome is None and process_start_time(self.process.pid) == self.process.start_time:
            with contextlib.suppress(ProcessLookupError):
                _signal_group(self.process.pid)

    def descriptor(self) -> Optional[int]:
        """Readable when the main process has ended; None when that is known already, or the kernel has no pidfd."""
        return self._pidfd if self._gone_since is None and self._outcome is None else None

    def _conclude(self, outcome: Outcome) -> Outcome:
        self._outcome = outcome
        return outcome


def signal_member(process: Process, boot: str, number: int) -> bool:
    """A signal to one process of an attempt; False if it is gone."""
    return send_signal(ProcessIdentity(process.pid, process.start_time, boot), number)


def _signal_group(leader: int) -> None:
    """SIGTERM, then SIGCONT so that one that is stopped can obey."""
    # Forked an instant ago, it hasn't made its group yet.
    send = os.killpg if os.getpgid(leader) == leader else os.kill
    send(leader, signal.SIGTERM)
    send(leader, signal.SIGCONT)


def _is_ours(pid: int) -> bool:
    """True if all user ids of a process are ours: only then does the kernel show a zombie's exit status, else 0."""
    try:
        with open(f"/proc/{pid}/status", "rb") as file:
            for line in file:
                if line.startswith(b"Uid:"):
                    return {int(word) for word in line.split()[1:]} == {os.getuid()}
    except (FileNotFoundError, ProcessLookupError):
        return False
    return False
