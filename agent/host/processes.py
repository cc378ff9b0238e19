"""Processes of an attempt: found in /proc, told apart from strangers, signalled."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from typing import Dict, Iterable, List, Optional

from agent.host.identity import ProcessIdentity, same_process

PAGE_KIB = os.sysconf("SC_PAGE_SIZE") // 1024
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Process:
    """One line of /proc/<pid>/stat: sizes in KiB, CPU time in seconds, start time in ticks since boot."""

    pid: int
    parent: int
    state: str
    threads: int
    start_time: int
    cpu_s: float
    rss_kib: int
    exit_status: int

    @property
    def alive(self) -> bool:
        """False for a zombie, which needs only to be reaped. One whose main thread alone has ended is alive."""
        return self.state not in "ZX" or self.threads > 1


def read_process(pid: int) -> Optional[Process]:
    """What the kernel says about a process; None if there is none with this pid."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            text = file.read()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text[text.rindex(b")") + 2 :].split()
    return Process(
        pid=pid,
        parent=int(fields[1]),
        state=fields[0].decode("ascii"),
        threads=int(fields[17]),
        start_time=int(fields[19]),
        cpu_s=(int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND,
        rss_kib=int(fields[21]) * PAGE_KIB,
        exit_status=int(fields[49]) if len(fields) > 49 else 0,
    )


def children(pid: int) -> List[int]:
    """The pids of a process's children, zombies included.

    Exact for one's own children (only the caller can take entries away); for another process it may miss one that is
    being reparented, so a caller that must find all of them asks again.
    """
    found: List[int] = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", "rb") as file:
                found.extend(int(word) for word in file.read().split())
    except (FileNotFoundError, ProcessLookupError):
        if not os.path.exists("/proc/self/task"):
            raise
        if not _kernel_lists_children():
            return [process.pid for process in all_processes() if process.parent == pid]
    return found


def descendants(root: int, without: Iterable[int] = ()) -> List[Process]:
    """All live processes below one, parents first; ``without`` leaves out whole branches."""
    skipped = set(without)
    found: List[Process] = []
    waiting = [root]
    while waiting:
        for pid in children(waiting.pop(0)):
            if pid in skipped:
                continue
            skipped.add(pid)
            process = read_process(pid)
            if process is not None:
                waiting.append(pid)
                if process.alive:
                    found.append(process)
    return found


def all_processes() -> List[Process]:
    """Every process that /proc shows."""
    found = (read_process(int(name)) for name in os.listdir("/proc") if name.isdigit())
    return [process for process in found if process is not None]


def has_variable(pid: int, name: str, value: str) -> bool:
    """True if a process of ours was executed with this environment variable."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return f"{name}={value}".encode() in file.read().split(b"\0")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False


def proportional_kib(pid: int) -> Optional[int]:
    """A process's memory with shared pages divided among their users (PSS), in KiB; None where it can't be read."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as file:
            for line in file:
                if line.startswith(b"Pss:"):
                    return int(line.split()[1])
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    return None


def open_pidfd(identity: ProcessIdentity) -> Optional[int]:
    """A descriptor that stays with this very process; None if it is gone or the kernel has no pidfd (before 5.3)."""
    try:
        descriptor = os.pidfd_open(identity.pid)
    except OSError:
        return None
    if same_process(identity):
        return descriptor
    os.close(descriptor)
    return None


def send_signal(identity: ProcessIdentity, number: int) -> bool:
    """Signal this very process, never a later one that got its pid; False if it is gone."""
    try:
        descriptor = os.pidfd_open(identity.pid)
    except ProcessLookupError:
        return False
    except OSError:
        return _signal_without_pidfd(identity, number)
    try:
        # The descriptor pins the process; only then does the check of its start time say which one it is.
        if not same_process(identity):
            return False
        signal.pidfd_send_signal(descriptor, number)
    except ProcessLookupError:
        return False
    else:
        return True
    finally:
        os.close(descriptor)


def _signal_without_pidfd(identity: ProcessIdentity, number: int) -> bool:
    if not same_process(identity):
        return False
    try:
        os.kill(identity.pid, number)
    except ProcessLookupError:
        return False
    return True


_lists_children: Dict[str, bool] = {}


def _kernel_lists_children() -> bool:
    if "known" not in _lists_children:
        _lists_children["known"] = os.path.exists(f"/proc/self/task/{os.getpid()}/children")
    return _lists_children["known"]
