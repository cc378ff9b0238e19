"""Reads the node's and its processes' counters from /proc."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Dict, Iterable, List, Optional

from agent.core.usage import (
    CpuTimes,
    Traffic,
    cpu_times,
    disk_traffic,
    memory_used_mib,
    network_traffic,
    process_traffic,
)
from agent.host.processes import Process, proportional_kib


@dataclass(frozen=True)
class NodeCounters:
    """The node's counters at one moment; None where this kernel doesn't show one."""

    cpu: Optional[CpuTimes]
    memory_used_mib: Optional[int]
    network: Optional[Traffic]
    disks: Optional[Traffic]


def node_counters() -> NodeCounters:
    """The counters now."""
    stat, memory, network, disks = (_read(f"/proc/{name}") for name in ("stat", "meminfo", "net/dev", "diskstats"))
    return NodeCounters(
        cpu=None if stat is None else cpu_times(stat),
        memory_used_mib=None if memory is None else memory_used_mib(memory),
        network=None if network is None else network_traffic(network),
        disks=None if disks is None else disk_traffic(disks),
    )


def process_io(pid: int) -> Traffic:
    """Bytes that a process has read from and written to storage; nothing where that can't be read."""
    text = _read(f"/proc/{pid}/io")
    return Traffic(0, 0) if text is None else process_traffic(text)


def memory_mib(processes: Iterable[Process]) -> float:
    """Memory of processes together, shared pages counted once where the kernel can tell."""
    kib = 0
    for process in processes:
        proportional = proportional_kib(process.pid)
        kib += process.rss_kib if proportional is None else proportional
    return kib / 1024


def disk_free_mib(path: str) -> Optional[int]:
    """What an unprivileged user may still write where this path is."""
    try:
        found = os.statvfs(path)
    except OSError:
        return None
    return found.f_bavail * found.f_frsize >> 20


def process_name(pid: int) -> str:
    """The short name of a process, its pid where there is none."""
    text = _read(f"/proc/{pid}/comm")
    return str(pid) if text is None else text.strip()


def by_parent(processes: Iterable[Process]) -> Dict[int, List[Process]]:
    """Processes by their parent's pid."""
    found: Dict[int, List[Process]] = {}
    for process in processes:
        found.setdefault(process.parent, []).append(process)
    return found


def _read(path: str) -> Optional[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return None
