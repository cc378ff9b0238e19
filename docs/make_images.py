"""Makes the README's pictures from a real run: trains the examples on this machine and photographs the console.

Usage: python docs/make_images.py        needs the extra `examples` and Chromium on the PATH (it draws the PNGs)
"""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from console.config.paths import find_home
from console.config.settings import Settings
from console.domain.jobs import Completed, Failed, Hyperparameters, JobSpec, Priority, Running
from console.domain.requests import StopJob
from console.domain.resources import Resources
from console.engine.service import Mode, Service
from console.tui.app import ConsoleApp
from console.wiring import open_service

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
SIZE = (110, 30)
_WAIT_S = 120


def spec(name: str, script: str, epochs: int, priority: Priority = Priority.MEDIUM, cpus: int = 1) -> JobSpec:
    """A job that runs one of the examples."""
    options = "--epochs {epochs} --batch-size {batch_size} --lr {learning_rate} --optimizer {optimizer}"
    return JobSpec(
        name=name,
        command=(sys.executable, script, *options.split()),
        experiment=name.partition("-")[0],
        priority=priority,
        resources=Resources(cpus),
        config=Hyperparameters(epochs, 32, 0.001, "AdamW"),
        workdir=str(ROOT / "examples"),
    )


async def until(what: str, condition: Callable[[], bool]) -> None:
    """Wait for a condition, at most two minutes."""
    try:
        async with asyncio.timeout(_WAIT_S):
            while not condition():
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise SystemExit(f"waited {_WAIT_S} s in vain for {what}") from None


async def take(service: Service) -> None:
    """Run the jobs and photograph the screens."""
    done = await service.submit(spec("digits-mlp-adamw", "train_metrics.py", 4, Priority.HIGH))
    await until("the first job", lambda: isinstance(service.view(done.job).job.state, Completed))
    failing = await service.submit(spec("digits-diverging-lr", "train_fails.py", 4))
    await until("the failure", lambda: isinstance(service.view(failing.job).job.state, Failed))
    await service.submit(spec("digits-large-batch", "train_long.py", 60, Priority.LOW, cpus=64))
    plain = await service.submit(spec("digits-plain-tqdm", "train_tqdm.py", 30))
    long = await service.submit(spec("digits-baseline", "train_long.py", 60))
    await until("both to run", lambda: all(isinstance(service.view(s.job).job.state, Running) for s in (plain, long)))
    await until("progress", lambda: (service.view(long.job).progress or 0) >= 0.2)

    app = ConsoleApp(service, first_job=long.job)
    async with app.run_test(size=SIZE) as pilot:
        await photograph(pilot, "jobs")
        await pilot.press("l")
        await photograph(pilot, "log")
        await pilot.press("]")
        await photograph(pilot, "metrics")
        await pilot.press("escape", "n")
        await photograph(pilot, "form")
        await pilot.press("escape")
    for job in (plain, long):
        if isinstance(service.view(job.job).job.state, Running):
            await service.ask(StopJob(job.job))
        await service.wait_for_end(job.job)


async def photograph(pilot: Pilot[None], name: str) -> None:
    """Save what the screen shows once it has settled."""
    await pilot.pause(1.5)
    svg = re.sub(r"@font-face \{.*?\}", "", pilot.app.export_screenshot(title="clusterdeck"), flags=re.DOTALL)
    await asyncio.to_thread(draw, svg.replace("Fira Code", "Fira Code, DejaVu Sans Mono"), IMAGES / f"{name}.png")


def draw(svg: str, target: Path) -> None:
    """Turn an SVG into a PNG with headless Chromium."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("Chromium is not installed: `apt-get install chromium fonts-firacode`.")
    found = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    assert found is not None
    size = ",".join(str(int(float(side))) for side in found.groups())
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "screen.svg"
        source.write_text(svg, encoding="utf-8")
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"]
        options += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
        options += [f"--user-data-dir={folder}/profile", f"--window-size={size}", f"--screenshot={target}"]
        subprocess.run([chromium, *options, source.as_uri()], check=True, capture_output=True, timeout=120)
    print(target.relative_to(ROOT), size)


async def main() -> None:
    """Everything, in a home of its own that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="deck") as folder:
        home = find_home(folder, {})
        async with open_service(home, Settings())(Mode.LEAD) as service:
            await take(service)


if __name__ == "__main__":
    asyncio.run(main())
