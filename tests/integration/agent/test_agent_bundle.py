"""The bundle as it goes to nodes: on the oldest Python, alone, many at once."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.protocol.messages import PROTOCOL_VERSION, Hello, Welcome
from agent.protocol.session import ConsoleSession
from console.links.bundle import install_bundle, make_bundle
from console.links.local import LocalConnector
from console.links.stream import LinkFailed
from tests.harness.agents import end_everything, processes, until

OLDEST = Path("~/.pyenv/versions/3.9.18/bin/python3.9").expanduser()


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("SHELL", "/bin/sh")
    yield tmp_path
    end_everything(tmp_path)


def test_the_bundle_is_small_and_named_by_its_content(tmp_path: Path) -> None:
    first, second = make_bundle(), make_bundle()
    assert first.digest == second.digest
    assert not [name for name, _ in first.files if "__pycache__" in name]
    place = install_bundle(first, tmp_path)
    assert install_bundle(second, tmp_path) == place
    assert [path.name for path in (tmp_path / "versions").iterdir()] == [first.digest]


@pytest.mark.skipif(not OLDEST.exists(), reason=f"{OLDEST} is not there")
async def test_the_agent_runs_on_python_3_9(state: Path) -> None:
    stream = await LocalConnector(str(state), python=str(OLDEST)).connect()
    try:
        session = ConsoleSession()
        await stream.write(session.hello(Hello(PROTOCOL_VERSION, "test", "db", 1)))
        async with asyncio.timeout(20):
            events = session.receive(await stream.read())
        assert isinstance(events[0], Welcome)
        (agent,) = await until(lambda: processes(state, "agent"))
        assert os.readlink(f"/proc/{agent}/exe").endswith("python3.9")
    finally:
        await stream.close()


async def test_shims_at_once_start_one_agent(state: Path) -> None:
    streams = await asyncio.gather(*(LocalConnector(str(state)).connect() for _ in range(4)))
    await until(lambda: len(processes(state, "agent")) == 1)
    for stream in streams:
        await stream.close()


async def test_an_agent_leaves_when_nobody_needs_it(state: Path) -> None:
    place = install_bundle(make_bundle(), state)
    agent = await asyncio.create_subprocess_exec(
        sys.executable, "-I", str(place), "serve", "--state", str(state), "--idle", "0.1"
    )
    async with asyncio.timeout(20):
        assert await agent.wait() == 0
    assert processes(state, "any") == []


async def test_an_agent_whose_directory_was_removed_leaves(state: Path) -> None:
    place = install_bundle(make_bundle(), state)
    agent = await asyncio.create_subprocess_exec(sys.executable, "-I", str(place), "serve", "--state", str(state))
    async with asyncio.timeout(20):
        while not (roots := [path.parent for path in state.glob("*/agent.socket")]):
            await asyncio.sleep(0.02)
        shutil.rmtree(roots[0])
        assert await agent.wait() == 0
    assert processes(state, "any") == []


def test_a_shim_without_a_place_for_state_says_why(tmp_path: Path) -> None:
    place = install_bundle(make_bundle(), tmp_path)
    blocked = tmp_path / "file"
    blocked.write_text("")
    result = subprocess.run(
        [sys.executable, "-I", str(place), "shim", "--state", str(blocked)],
        capture_output=True,
        timeout=30,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert result.returncode == 1
    assert result.stdout.startswith(b"CLUSTERDECK-TROUBLE-1 ")
    assert str(blocked).encode() in result.stdout


@pytest.mark.parametrize("python", ["/bin/false", "/no/such/python"])
async def test_a_python_that_does_not_work_is_told(tmp_path: Path, python: str) -> None:
    with pytest.raises(LinkFailed):
        await LocalConnector(str(tmp_path), python=python).connect()
