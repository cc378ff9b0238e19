from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from agent.host import identity
from agent.host.identity import identify, is_network_filesystem, node_key, process_start_time, same_process, state_root


def test_a_process_is_itself_and_no_other() -> None:
    me = identify(os.getpid())
    assert me is not None
    assert same_process(me)
    assert not same_process(replace(me, start_time=me.start_time + 1))
    assert not same_process(replace(me, boot_id="another"))
    assert process_start_time(2**22 + 1) is None


def test_the_node_key_is_stable_and_belongs_to_machine_and_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = node_key(str(tmp_path))
    assert key == node_key(str(tmp_path))
    assert len(key) == 16
    monkeypatch.setattr("socket.gethostname", lambda: "elsewhere")
    assert node_key(str(tmp_path)) != key


def test_a_machine_without_an_id_gets_one_that_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = identity._first_line
    monkeypatch.setattr(identity, "_first_line", lambda path: real(path) if str(tmp_path) in path else "")
    assert node_key(str(tmp_path)) == node_key(str(tmp_path))
    assert (tmp_path / "machine-id").exists()


def test_the_state_is_private_and_below_the_node_key(tmp_path: Path) -> None:
    root = state_root(str(tmp_path / "state"))
    assert root == str(tmp_path / "state" / node_key(str(tmp_path / "state")))
    assert stat.S_IMODE(os.stat(root).st_mode) == 0o700


def test_a_network_file_system_is_recognised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not is_network_filesystem(str(tmp_path))
    for kind, network in [("nfs4", True), ("fuse.sshfs", True), ("fuse.overlay", False), ("ext4", False)]:
        monkeypatch.setattr(identity, "filesystem_type", lambda path, kind=kind: kind)
        assert is_network_filesystem(str(tmp_path)) is network


def test_the_state_leaves_a_network_home_and_refuses_a_network_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "filesystem_type", lambda path: "nfs4")
    with pytest.raises(identity.StateDirectoryError, match="network file system: choose a directory on a local disk"):
        state_root(str(tmp_path))
