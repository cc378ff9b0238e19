from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.server import login


def shell(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)
    return str(path)


async def test_noise_of_rc_files_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chatty = 'echo "Welcome A=1"; export FROM_RC="a\nb"; shift 2; exec /bin/sh -c "$1"'
    monkeypatch.setenv("SHELL", shell(tmp_path / "sh", chatty))
    variables = await login.capture()
    assert variables["FROM_RC"] == "a\nb"
    assert "Welcome A" not in variables
    assert not {"_", "SHLVL", "PWD", "OLDPWD"} & set(variables)


@pytest.mark.parametrize("text", ["exit 3", "echo nothing", "exec sleep 600"])
async def test_a_shell_that_fails_or_hangs_leaves_the_agents_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(login, "_TIMEOUT_S", 0.3)
    monkeypatch.setenv("SHELL", shell(tmp_path / "sh", text))
    monkeypatch.setenv("MARK", "x")
    assert (await login.capture())["MARK"] == "x"


async def test_a_shell_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/no/such/shell")
    assert (await login.capture())["PATH"] == os.environ["PATH"]


async def test_a_launch_takes_what_the_last_connect_captured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", shell(tmp_path / "sh", f'echo x >> {tmp_path}/logins; shift 2; exec /bin/sh -c "$1"'))
    monkeypatch.setattr(login, "_FRESH_S", -1.0)
    environment = login.LoginEnvironment()
    first = await environment.get()
    assert await environment.get() is first
    assert (tmp_path / "logins").read_text() == "x\n"
    environment.refresh()
    assert await environment.get() is not first
    assert (tmp_path / "logins").read_text() == "x\nx\n"
