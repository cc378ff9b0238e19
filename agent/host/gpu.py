"""The node's GPUs through NVML; the only importer of pynvml. No driver, or one that fails: no GPUs, never an error."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, Callable, List, Optional, Tuple, TypeVar

T = TypeVar("T")

_log = logging.getLogger("agent.gpu")


@dataclass(frozen=True)
class GpuDevice:
    """A GPU; memory in MiB."""

    uuid: str
    index: int
    name: str
    memory_mib: int


@dataclass(frozen=True)
class GpuState:
    """A GPU now. `holders` are (pid, MiB or None) of the processes that hold memory; None where that can't be told."""

    uuid: str
    utilisation_percent: Optional[float]
    used_mib: Optional[int]
    temperature_c: Optional[float]
    power_w: Optional[float]
    holders: Optional[Tuple[Tuple[int, Optional[int]], ...]]


class Gpus:
    """All GPUs of the node. Not for use from several threads at once."""

    def __init__(self) -> None:
        self._nvml: Any = None
        self._handles: List[Tuple[GpuDevice, Any]] = []
        self._has_begun = False

    def devices(self) -> List[GpuDevice]:
        """The GPUs that the driver shows, in the order of their PCI bus ids."""
        self._begin()
        return [device for device, _ in self._handles]

    def states(self) -> List[GpuState]:
        """Each GPU now."""
        self._begin()
        return [self._state(device, handle) for device, handle in self._handles]

    def _begin(self) -> None:
        if self._has_begun:
            return
        self._has_begun = True
        try:
            import pynvml  # noqa: PLC0415 - a node without GPUs need not load it at start

            pynvml.nvmlInit()
            self._nvml = pynvml
            self._handles = [self._describe(index) for index in range(pynvml.nvmlDeviceGetCount())]
        except Exception as error:  # noqa: BLE001 - no driver, no library, a version mismatch: all mean no GPUs here
            _log.info("no GPUs: %s", error)
            self._handles = []

    def _describe(self, index: int) -> Tuple[GpuDevice, Any]:
        nvml = self._nvml
        handle = nvml.nvmlDeviceGetHandleByIndex(index)
        memory = nvml.nvmlDeviceGetMemoryInfo(handle)
        device = GpuDevice(
            uuid=_text(nvml.nvmlDeviceGetUUID(handle)),
            index=index,
            name=_text(nvml.nvmlDeviceGetName(handle)),
            memory_mib=int(memory.total) >> 20,
        )
        return device, handle

    def _state(self, device: GpuDevice, handle: Any) -> GpuState:
        nvml = self._nvml
        utilisation = self._ask(lambda: float(nvml.nvmlDeviceGetUtilizationRates(handle).gpu))
        used = self._ask(lambda: int(nvml.nvmlDeviceGetMemoryInfo(handle).used) >> 20)
        temperature = self._ask(lambda: float(nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU)))
        milliwatts = self._ask(lambda: float(nvml.nvmlDeviceGetPowerUsage(handle)))
        return GpuState(
            uuid=device.uuid,
            utilisation_percent=utilisation,
            used_mib=used,
            temperature_c=temperature,
            power_w=None if milliwatts is None else milliwatts / 1000,
            holders=self._ask(lambda: self._holders(handle)),
        )

    def _holders(self, handle: Any) -> Tuple[Tuple[int, Optional[int]], ...]:
        nvml = self._nvml
        found = [
            *nvml.nvmlDeviceGetComputeRunningProcesses(handle),
            *nvml.nvmlDeviceGetGraphicsRunningProcesses(handle),
        ]
        sizes = {int(each.pid): None if each.usedGpuMemory is None else int(each.usedGpuMemory) >> 20 for each in found}
        return tuple(sorted(sizes.items()))

    def _ask(self, question: Callable[[], T]) -> Optional[T]:
        """One value; None where this GPU or driver doesn't give it."""
        try:
            return question()
        except Exception as error:  # noqa: BLE001 - a GPU that fell off the bus must not end the sampling of the rest
            _log.debug("NVML: %s", error)
            return None


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
