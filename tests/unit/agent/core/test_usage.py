from __future__ import annotations

import pytest

from agent.core.usage import (
    CpuTimes,
    Traffic,
    cpu_percent,
    cpu_times,
    disk_traffic,
    growth,
    memory_used_mib,
    network_traffic,
    process_traffic,
    rate,
)


def test_cpu_times_leave_idling_and_guests_out() -> None:
    times = cpu_times("cpu  100 10 50 800 40 3 7 0 99 9\ncpu0 1 1 1 1\n")
    assert times == CpuTimes(busy=170, total=1010)
    assert cpu_percent(CpuTimes(100, 1000), CpuTimes(150, 1100)) == 50.0
    assert cpu_percent(times, times) is None


def test_memory() -> None:
    assert memory_used_mib("MemTotal: 2048000 kB\nMemFree: 1 kB\nMemAvailable: 1024000 kB\n") == 1000
    assert memory_used_mib("MemTotal: 2048000 kB\n") is None


def test_network_counts_real_interfaces_once() -> None:
    text = (
        "Inter-|   Receive\n face |bytes\n"
        "    lo: 5 0 0 0 0 0 0 0 5 0 0 0 0 0 0 0\n"
        "  eth0: 100 0 0 0 0 0 0 0 200 0 0 0 0 0 0 0\n"
        "docker0: 7 0 0 0 0 0 0 0 7 0 0 0 0 0 0 0\n"
        " wlan0:1 0 0 0 0 0 0 0 2 0 0 0 0 0 0 0\n"
    )
    assert network_traffic(text) == Traffic(101, 202)


def test_disks_count_no_partition_twice() -> None:
    text = (
        "   8 0 sda 1 0 10 0 1 0 20 0 0 0 0\n   8 1 sda1 1 0 10 0 1 0 20 0 0 0 0\n"
        " 259 0 nvme0n1 1 0 1 0 1 0 2 0 0 0 0\n 259 1 nvme0n1p1 1 0 1 0 1 0 2 0 0 0 0\n"
        " 253 0 dm-0 1 0 10 0 1 0 20 0 0 0 0\n   7 0 loop0 1 0 10 0 1 0 20 0 0 0 0\n"
    )
    assert disk_traffic(text) == Traffic(11 * 512, 22 * 512)


def test_a_process_counts_what_reached_storage() -> None:
    assert process_traffic("rchar: 9\nwchar: 9\nread_bytes: 4096\nwrite_bytes: 8192\n") == Traffic(4096, 8192)


@pytest.mark.parametrize(("before", "now", "elapsed", "expected"), [(1, 5, 2, 2.0), (5, 1, 1, 0.0), (1, 2, 0, None)])
def test_rates(before: float, now: float, elapsed: float, expected: float | None) -> None:
    assert rate(before, now, elapsed) == expected


def test_growth_of_a_tree() -> None:
    assert growth({1: 5.0, 2: 3.0}, {1: 6.0, 3: 2.0}) == 3.0
