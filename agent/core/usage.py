"""What the kernel's counters mean: texts of /proc in, numbers out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Dict, Mapping, Optional

SAMPLES_FILE = "samples.jsonl"
"""In an attempt's directory: its samples, one JSON object per line."""

_SECTOR = 512
# Whole disks: partitions and what is stacked on disks (dm, md, loop, ram) would be counted twice.
_DISK = re.compile(r"(?:sd[a-z]+|hd[a-z]+|vd[a-z]+|xvd[a-z]+|nvme\d+n\d+|mmcblk\d+|dasd[a-z]+)")
_NOT_A_NETWORK = re.compile(r"(?:lo|veth.*|docker\d+|br-.*|virbr.*|tun\d+|tap.*|bond.*\..*|cni.*|flannel.*)")


@dataclass(frozen=True)
class CpuTimes:
    """Ticks since boot, of all processors together."""

    busy: int
    total: int


@dataclass(frozen=True)
class Traffic:
    """Bytes since boot."""

    incoming: int
    outgoing: int


def cpu_times(text: str) -> CpuTimes:
    """/proc/stat. Waiting for a disk counts as idle; guests are part of user time already."""
    fields = [int(word) for word in text.splitlines()[0].split()[1:9]]
    idle = fields[3] + (fields[4] if len(fields) > 4 else 0)
    return CpuTimes(sum(fields) - idle, sum(fields))


def memory_used_mib(text: str) -> Optional[int]:
    """/proc/meminfo: what isn't available to new programs."""
    values: Dict[str, int] = {}
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        if name in ("MemTotal", "MemAvailable"):
            values[name] = int(rest.split()[0])
    if len(values) < 2:
        return None
    return (values["MemTotal"] - values["MemAvailable"]) // 1024


def network_traffic(text: str) -> Traffic:
    """/proc/net/dev: all real interfaces together."""
    received = sent = 0
    for line in text.splitlines():
        name, found, rest = line.partition(":")
        if found and _NOT_A_NETWORK.fullmatch(name.strip()) is None:
            fields = rest.split()
            received += int(fields[0])
            sent += int(fields[8])
    return Traffic(received, sent)


def disk_traffic(text: str) -> Traffic:
    """/proc/diskstats: bytes read from (incoming) and written to (outgoing) all whole disks."""
    read = written = 0
    for line in text.splitlines():
        fields = line.split()
        if len(fields) > 9 and _DISK.fullmatch(fields[2]):
            read += int(fields[5]) * _SECTOR
            written += int(fields[9]) * _SECTOR
    return Traffic(read, written)


def process_traffic(text: str) -> Traffic:
    """/proc/<pid>/io: bytes that really came from and went to storage."""
    values = dict(line.split(": ") for line in text.splitlines() if ": " in line)
    return Traffic(int(values.get("read_bytes", 0)), int(values.get("write_bytes", 0)))


def cpu_percent(before: CpuTimes, now: CpuTimes) -> Optional[float]:
    """Share of all processors that was busy between two looks; None if no time has passed."""
    total = now.total - before.total
    return None if total <= 0 else min(100.0, max(0.0, 100.0 * (now.busy - before.busy) / total))


def rate(before: float, now: float, elapsed_s: float) -> Optional[float]:
    """How much per second; None if no time has passed. A counter that stepped back (a device left) counts as still."""
    return None if elapsed_s <= 0 else max(0.0, now - before) / elapsed_s


def growth(before: Mapping[int, float], now: Mapping[int, float]) -> float:
    """How much a sum over processes grew. A process that is new brings all it has, one that left takes nothing away."""
    return sum(max(0.0, value - before.get(pid, 0.0)) for pid, value in now.items())
