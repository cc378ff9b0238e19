from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.domain.errors import StoreUnusable
from console.store import files


@pytest.fixture
def _open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_refusal_names_the_option_that_helps(tmp_path: Path) -> None:
    mounts = f"/dev/vda / ext4 rw 0 0\nserver:/x {tmp_path} nfs rw 0 0\n"
    with pytest.raises(StoreUnusable) as caught:
        files.refuse_network(tmp_path / "db", mounts)
    said = str(caught.value)
    assert f"--home /var/tmp/clusterdeck-{os.getuid()}`" in said
    assert "(nfs)" in said
    assert "\n" not in said


def test_a_proposed_place_is_local_itself(tmp_path: Path) -> None:
    mounts = f"a:/ / ext4 rw 0 0\na:/v /var nfs rw 0 0\nserver:/x {tmp_path} nfs rw 0 0\n"
    with pytest.raises(StoreUnusable, match=r"--home /tmp/clusterdeck-"):
        files.refuse_network(tmp_path / "db", mounts)


@pytest.mark.usefixtures("_open_umask")
def test_new_directories_and_files_are_private_whatever_the_umask(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    files.prepare_directory(tmp_path / "a" / "b")
    assert [mode(tmp_path / "a"), mode(tmp_path / "a" / "b")] == [0o700, 0o700]
    assert mode(tmp_path) == 0o755
    os.close(files.open_private(tmp_path / "a" / "f"))
    assert mode(tmp_path / "a" / "f") == 0o600


def test_a_file_that_others_may_read_is_closed_to_them(tmp_path: Path) -> None:
    file = tmp_path / "db"
    file.touch()
    file.chmod(0o644)
    files.check_owner(file)
    assert mode(file) == 0o600


def test_only_an_ordinary_file_is_taken(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreUnusable, match="not an ordinary file"):
        files.check_owner(tmp_path / "link")


def test_a_strangers_file_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "db").touch()
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    with pytest.raises(StoreUnusable, match="belongs to another user"):
        files.check_owner(tmp_path / "db")


def test_a_database_is_set_aside_with_its_companions_and_nothing_is_overwritten(tmp_path: Path) -> None:
    names = []
    for _ in range(2):
        for suffix in ("", "-wal"):
            (tmp_path / f"db{suffix}").write_text(suffix)
        names.append(files.set_aside(tmp_path / "db", "T").name)
    assert names == ["db.damaged-T", "db.damaged-T-2"]
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted([*names, *(f"{name}-wal" for name in names)])


def test_of_two_who_link_a_file_the_first_wins(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text(name)
        files.link_new(tmp_path / name, tmp_path / "db")
    assert (tmp_path / "db").read_text() == "one"
