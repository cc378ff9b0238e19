"""How fast jobs go from the request to the process, and through, beside `xargs` as a floor in the same run.

usage: python benchmarks/launch.py [--jobs N] [--json]

A leader in a process of its own, its agent and its database are the real, durable ones, in a temporary home.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

from console.config.paths import Home, find_home
from console.config.settings import Settings
from console.domain.ids import JobId
from console.domain.jobs import JobSpec
from console.engine.service import Mode, Service
from console.wiring import open_service

_LATENCY_JOBS = 50
_PATIENCE_S = 300


async def leading(service: Service) -> None:
    """Wait until the node is up: one job went through."""
    await ended(service, (await service.submit(JobSpec(name="first", command=("true",)))).job)


async def ended(service: Service, job: JobId) -> float | None:
    """Wait for a job's end; when it started, by the node's clock."""
    async with asyncio.timeout(_PATIENCE_S):
        return (await service.wait_for_end(job)).started_at


async def latencies(service: Service) -> list[float]:
    """Milliseconds from the request to the executed command, one job at a time."""
    found = []
    for number in range(_LATENCY_JOBS):
        asked = time.time()
        queued = await service.submit(JobSpec(name=f"latency-{number}", command=("true",)))
        started = await ended(service, queued.job)
        assert started is not None
        found.append((started - asked) * 1000)
    return sorted(found)


async def throughput(service: Service, jobs: int) -> float:
    """Jobs per second of so many no-op jobs, from the first request to the last end."""
    begin = time.perf_counter()
    queued = [await service.submit(JobSpec(name=f"noop-{number}", command=("true",))) for number in range(jobs)]
    for each in queued:
        await ended(service, each.job)
    return jobs / (time.perf_counter() - begin)


def floor(jobs: int) -> float:
    """Jobs per second of xargs with as many slots as there are cores."""
    names = "\n".join(map(str, range(jobs)))
    begin = time.perf_counter()
    subprocess.run(["xargs", f"-P{os.cpu_count()}", "-n1", "true"], input=names, text=True, check=True, timeout=300)
    return jobs / (time.perf_counter() - begin)


async def measure(home: Home, jobs: int) -> dict[str, float]:
    """All figures."""
    async with open_service(home, Settings())(Mode.OBSERVE) as service:
        await leading(service)
        found = await latencies(service)
        return {
            "submit_to_start_median_ms": statistics.median(found),
            "submit_to_start_p99_ms": found[int(len(found) * 0.99)],
            "jobs_per_s": await throughput(service, jobs),
            "floor_xargs_jobs_per_s": floor(jobs),
        }


def main() -> None:
    """Start a leader, measure, stop it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=200, help="no-op jobs for the throughput")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="deck") as folder:
        home = find_home(folder, {})
        deck = [sys.executable, "-m", "console", *home.arguments]
        subprocess.run([*deck, "serve", "--detach"], check=True, capture_output=True, timeout=60)
        try:
            figures = asyncio.run(measure(home, chosen.jobs))
        finally:
            subprocess.run([*deck, "serve", "--stop"], check=True, capture_output=True, timeout=60)
    if chosen.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:28} {value:10.1f}")


if __name__ == "__main__":
    main()
