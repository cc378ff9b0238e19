from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from agent.host.durable import link_durable, make_directory, reserve, write_durable, write_reserved


def test_a_file_is_replaced_whole_and_nothing_is_left_over(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_durable(str(path), b"one")
    write_durable(str(path), b"two")
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["file"]


def test_the_first_link_wins(tmp_path: Path) -> None:
    path = tmp_path / "intent"
    assert link_durable(str(path), b"launch")
    assert not link_durable(str(path), b"revoked")
    assert path.read_bytes() == b"launch"
    assert os.listdir(tmp_path) == ["intent"]


def test_of_racing_links_exactly_one_wins(tmp_path: Path) -> None:
    path = tmp_path / "intent"
    won: list[int] = []

    def race(number: int) -> None:
        if link_durable(str(path), str(number).encode()):
            won.append(number)

    racers = [threading.Thread(target=race, args=(number,)) for number in range(16)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(10)
    assert len(won) == 1
    assert path.read_bytes() == str(won[0]).encode()


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(OSError, match="folder"):
        write_durable(str(folder), b"x")
    assert os.listdir(tmp_path) == ["folder"]


def test_what_is_written_into_a_reserve_appears_whole(tmp_path: Path) -> None:
    kept, path = str(tmp_path / "reserve"), str(tmp_path / "file")
    reserve(kept, 4096)
    assert os.stat(kept).st_size == 4096
    write_reserved(kept, path, b"one")
    assert (tmp_path / "file").read_bytes() == b"one"
    write_reserved(kept, path, b"two, without a reserve")
    assert (tmp_path / "file").read_bytes() == b"two, without a reserve"
    assert os.listdir(tmp_path) == ["file"]


def test_directories_are_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        make_directory(str(tmp_path / "a" / "b"))
        make_directory(str(tmp_path / "a" / "b"))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700
