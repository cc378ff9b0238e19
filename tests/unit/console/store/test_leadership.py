from __future__ import annotations

import os
import threading
from pathlib import Path

from console.store.leadership import LeaderLock


def test_one_holds_the_lock_until_it_lets_go(tmp_path: Path) -> None:
    first, second, looker = (LeaderLock(tmp_path / "db") for _ in range(3))
    assert not looker.is_held()
    assert first.take()
    assert not second.take()
    assert looker.is_held()
    assert first.is_held()
    first.release()
    first.release()
    assert not looker.is_held()
    assert second.take()
    second.release()


def test_closing_another_descriptor_of_the_file_does_not_drop_it(tmp_path: Path) -> None:
    lock = LeaderLock(tmp_path / "db")
    assert lock.take()
    os.close(os.open(lock.path, os.O_RDWR))
    assert LeaderLock(tmp_path / "db").is_held()
    lock.release()


def test_those_who_look_never_make_an_attempt_fail(tmp_path: Path) -> None:
    lock = LeaderLock(tmp_path / "db")
    is_over = threading.Event()

    def look() -> None:
        looker = LeaderLock(tmp_path / "db")
        while not is_over.is_set():
            looker.is_held()

    lookers = [threading.Thread(target=look) for _ in range(2)]
    for each in lookers:
        each.start()
    try:
        for _ in range(500):
            assert lock.take()
            lock.release()
    finally:
        is_over.set()
        for each in lookers:
            each.join(30)
