"""What an attempt uses, sampled; and the evidence that it used too much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterable, List

from agent.host.processes import Process, proportional_kib


def uses_more_than(processes: List[Process], limit_kib: int) -> bool:
    """True if these processes together use more memory than the limit.

    Resident memory counts shared pages once per process, so it is only a bound: what passes it is measured again with
    shared pages divided (PSS), which is dearer to read. Where that can't be read, resident memory decides.
    """
    if sum(process.rss_kib for process in processes) <= limit_kib:
        return False
    total = 0
    for process in processes:
        proportional = proportional_kib(process.pid)
        total += process.rss_kib if proportional is None else proportional
    return total > limit_kib


def kernel_oom_kills() -> int:
    """How often the kernel has killed a process of this machine for lack of memory since boot."""
    with open("/proc/vmstat", "rb") as file:
        for line in file:
            if line.startswith(b"oom_kill "):
                return int(line.split()[1])
    return 0


@dataclass
class Peaks:
    """The most memory seen (MiB) and the CPU time used (s), from samples and from what was reaped."""

    rss_kib: int = 0
    sampled_cpu_s: float = 0.0
    reaped_cpu_s: float = 0.0

    def sample(self, processes: Iterable[Process]) -> None:
        """Take the processes that live now into account."""
        rss, cpu = 0, 0.0
        for process in processes:
            rss += process.rss_kib
            cpu += process.cpu_s
        self.rss_kib = max(self.rss_kib, rss)
        self.sampled_cpu_s = max(self.sampled_cpu_s, cpu)

    def reaped(self, rss_kib: int, cpu_s: float) -> None:
        """Take a process that was reaped into account, with those it had reaped itself."""
        self.rss_kib = max(self.rss_kib, rss_kib)
        self.reaped_cpu_s += cpu_s

    def to_dict(self) -> Dict[str, float]:
        """As the exit record has it."""
        return {
            "rss_mib": round(self.rss_kib / 1024, 3),
            "cpu_s": round(max(self.sampled_cpu_s, self.reaped_cpu_s), 3),
        }
