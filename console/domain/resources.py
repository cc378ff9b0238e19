"""What jobs ask for and nodes offer: whole CPU cores, memory in MiB, whole GPUs."""

from __future__ import annotations

from dataclasses import dataclass

MIB_PER_GIB = 1024


@dataclass(frozen=True, slots=True)
class Resources:
    """An amount of each resource; memory in MiB."""

    cpus: int = 1
    memory_mib: int = MIB_PER_GIB
    gpus: int = 0

    def __add__(self, other: Resources) -> Resources:
        return Resources(self.cpus + other.cpus, self.memory_mib + other.memory_mib, self.gpus + other.gpus)

    def __sub__(self, other: Resources) -> Resources:
        return Resources(self.cpus - other.cpus, self.memory_mib - other.memory_mib, self.gpus - other.gpus)

    def fits_in(self, other: Resources) -> bool:
        """Whether every amount is at most the other's."""
        return self.cpus <= other.cpus and self.memory_mib <= other.memory_mib and self.gpus <= other.gpus

    @property
    def memory_gb(self) -> float:
        """Memory in GiB, as people type it."""
        return self.memory_mib / MIB_PER_GIB


NOTHING = Resources(0, 0, 0)
