"""Where things are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.config import paths
from console.config.filesystems import network_type, type_from_mounts
from console.domain.errors import InvalidInput

MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
server:/home /home nfs4 rw 0 0
/dev/sdb1 /home/local xfs rw 0 0
server:/x /mnt/a\\040b cifs rw 0 0
broken
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/var", "ext4"), ("/home/me/x", "nfs4"), ("/home/local/x", "xfs"), ("/homes", "ext4"), ("/mnt/a b/c", "cifs")],
)
def test_the_nearest_mount_decides(path: str, kind: str) -> None:
    assert type_from_mounts(path, MOUNTS) == kind


def test_a_directory_for_tests_is_local(tmp_path: Path) -> None:
    assert network_type(tmp_path / "not there yet") == ""


def test_one_directory_holds_all(tmp_path: Path) -> None:
    home = paths.find_home(str(tmp_path), {"CLUSTERDECK_HOME": "/elsewhere"})
    assert home.root == tmp_path
    assert all(
        path.is_relative_to(tmp_path)
        for path in (home.config_file, home.database, home.serve_log, home.agent_state_dir)
    )
    assert home.arguments == ("--home", str(tmp_path))


def test_the_variable_serves_without_the_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert paths.find_home(None, {"CLUSTERDECK_HOME": "h"}).root == tmp_path / "h"


def test_without_either_the_platform_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    home = paths.find_home(None, {})
    assert home.root is None
    assert home.config_file == tmp_path / "config" / "clusterdeck" / "config.toml"
    assert home.database == tmp_path / "data" / "clusterdeck" / "clusterdeck.db"
    assert home.arguments == ()


def test_state_leaves_a_network_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "network_type", lambda path: "nfs4")
    home = paths.find_home(str(tmp_path), {})
    assert str(home.agent_state_dir).startswith("/var/tmp/clusterdeck-")


def test_a_file_is_no_home(tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    with pytest.raises(InvalidInput, match="not a directory"):
        paths.find_home(str(tmp_path / "f"), {})
