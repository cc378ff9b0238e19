"""GPUs through a stand-in for the binding, which the real one has no driver for on most machines."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from agent.host.attempts import AttemptStore
from agent.host.gpu import GpuDevice, Gpus
from agent.sampler import Sampler


def binding(**changes: Any) -> SimpleNamespace:
    process = SimpleNamespace(pid=1, usedGpuMemory=1 << 30)
    calls: dict[str, Any] = {
        "NVML_TEMPERATURE_GPU": 0,
        "nvmlInit": lambda: None,
        "nvmlDeviceGetCount": lambda: 2,
        "nvmlDeviceGetHandleByIndex": lambda index: index,
        "nvmlDeviceGetMemoryInfo": lambda handle: SimpleNamespace(total=80 << 30, used=3 << 30),
        "nvmlDeviceGetUUID": lambda handle: f"GPU-{handle}".encode(),
        "nvmlDeviceGetName": lambda handle: "H200",
        "nvmlDeviceGetUtilizationRates": lambda handle: SimpleNamespace(gpu=42),
        "nvmlDeviceGetTemperature": lambda handle, kind: 60,
        "nvmlDeviceGetPowerUsage": lambda handle: 123_000,
        "nvmlDeviceGetComputeRunningProcesses": lambda handle: [process] if handle else [],
        "nvmlDeviceGetGraphicsRunningProcesses": lambda handle: [],
    }
    return SimpleNamespace(**{**calls, **changes})


def broken(*arguments: object) -> None:
    raise RuntimeError("GPU is lost")


def test_devices_and_states(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", binding())
    gpus = Gpus()
    assert gpus.devices()[1] == GpuDevice("GPU-1", 1, "H200", 80 * 1024)
    state = gpus.states()[1]
    assert (state.utilisation_percent, state.used_mib, state.temperature_c, state.power_w) == (42, 3072, 60, 123)
    assert state.holders == ((1, 1024),)


def test_a_value_that_cannot_be_had_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = binding(nvmlDeviceGetPowerUsage=broken, nvmlDeviceGetComputeRunningProcesses=broken)
    monkeypatch.setitem(sys.modules, "pynvml", lost)
    state = Gpus().states()[0]
    assert (state.power_w, state.holders, state.temperature_c) == (None, None, 60)


def test_no_driver_means_no_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", binding(nvmlInit=broken))
    assert Gpus().devices() == []
    assert Gpus().states() == []


def test_gpus_that_strangers_work_on_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", binding())
    sampler = Sampler(AttemptStore(str(tmp_path)))
    assert sampler.refusal([]) is None
    assert sampler.refusal(["GPU-0"]) is None
    assert "1024 MiB" in (sampler.refusal(["GPU-0", "GPU-1"]) or "")
    assert "no GPU GPU-7" in (sampler.refusal(["GPU-7"]) or "")
