from __future__ import annotations

import asyncio
import os
import re
import sqlite3
from pathlib import Path

import pytest

from console.domain.errors import StoreUnusable
from console.ports import Batch
from console.store import damage, open_leader, open_reader
from tests.harness.stores import SPEC, SystemClock, completed_job, leading, new_job_id

CLOCK = SystemClock()


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """A database with a good many pages."""
    path = tmp_path / "clusterdeck.sqlite3"
    async with leading(path) as store:
        await store.commit(Batch((), tuple(completed_job(n) for n in range(1, 200))))
    return path


def overwrite(path: Path, offset: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)


def size_of(path: Path) -> int:
    return path.stat().st_size


def is_there(path: Path | str) -> bool:
    return Path(path).exists()


def names(directory: Path) -> list[str]:
    return sorted(each.name for each in directory.iterdir())


def make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def cut(path: Path, size: int) -> None:
    os.truncate(path, size)


async def refused(path: Path) -> str:
    with pytest.raises(StoreUnusable) as caught:
        await open_leader(str(path), CLOCK, kind="console")
    return str(caught.value)


@pytest.mark.parametrize("kind", ["empty", "half", "not a database", "a page", "many flips"])
async def test_a_leader_sets_a_damaged_database_aside_and_says_so(path: Path, kind: str) -> None:
    size = size_of(path)
    match kind:
        case "empty":
            cut(path, 0)
        case "half":
            cut(path, size // 8192 * 4096)
        case "not a database":
            overwrite(path, 0, b"#!/bin/sh\n" * 10)
        case "a page":
            overwrite(path, size // 8192 * 4096, bytes(range(256)) * 16)
        case _:
            for offset in range(4096, size, 997):
                overwrite(path, offset, b"\xa5")
    said = await refused(path)
    found = re.search(r"is now at (\S+)\. ", said)
    assert found is not None, said
    assert Path(found[1]).name.startswith("clusterdeck.sqlite3.damaged-")
    assert is_there(found[1])
    assert not is_there(path)
    assert "\n" not in said
    async with leading(path) as store:
        assert (await store.load()).jobs == ()


async def test_a_reader_moves_nothing_while_somebody_leads(path: Path) -> None:
    async with leading(path):
        overwrite(path, 0, b"#!/bin/sh\n" * 10)
        with pytest.raises(StoreUnusable, match="is damaged"):
            await open_reader(str(path), CLOCK)
        assert is_there(path)
        overwrite(path, 0, b"SQLite format 3\0")


async def test_a_reader_sets_it_aside_where_nobody_leads(path: Path) -> None:
    cut(path, 0)
    with pytest.raises(StoreUnusable, match="is now at"):
        await open_reader(str(path), CLOCK)
    assert not is_there(path)


async def test_readers_who_find_damage_at_once_move_no_sound_database(path: Path) -> None:
    cut(path, 0)
    found = await asyncio.gather(*(open_reader(str(path), CLOCK) for _ in range(6)), return_exceptions=True)
    readers = [each for each in found if not isinstance(each, BaseException)]
    await asyncio.gather(*(each.close() for each in readers))
    assert all(isinstance(each, StoreUnusable) for each in found if each not in readers)
    assert sum("is now at" in str(each) for each in found) == 1
    assert [size_of(path.with_name(name)) for name in names(path.parent) if "damaged-" in name] == [0]


async def test_damage_met_on_the_way_makes_the_next_start_look(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(damage, "CHECKED_UP_TO_BYTES", 0)
    page = size_of(path) // 8192 * 4096
    overwrite(path, page, b"\xff" * 4096)
    reader = await open_reader(str(path), CLOCK)
    with pytest.raises(StoreUnusable, match="is damaged"):
        await reader.load()
    await reader.close()
    assert damage.is_suspect(path)
    assert "is now at" in await refused(path)
    assert not damage.is_suspect(path)


async def test_a_suspect_that_is_sound_is_not_suspect_any_more(path: Path) -> None:
    path.with_name(path.name + ".suspect").touch()
    async with leading(path) as store:
        assert len((await store.load()).jobs) == 199
    assert not damage.is_suspect(path)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (sqlite3.SQLITE_FULL, "disk of /x is full"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, "locked for 10 seconds"),
        (sqlite3.SQLITE_IOERR_WRITE, "fails to read or write"),
        (sqlite3.SQLITE_READONLY_DIRECTORY, "can't be written"),
        (sqlite3.SQLITE_CANTOPEN, "can't be opened"),
    ],
)
def test_errors_of_sqlite_become_sentences(code: int, words: str) -> None:
    error = sqlite3.OperationalError("as SQLite says")
    error.sqlite_errorcode = code
    with pytest.raises(StoreUnusable) as caught, damage.explained(Path("/x/db")):
        raise error
    assert words in str(caught.value)


def test_a_mistake_of_the_program_stays_one() -> None:
    with pytest.raises(sqlite3.OperationalError), damage.explained(Path("/x/db")):
        sqlite3.connect(":memory:").execute("SELECT nothing")


async def test_a_full_disk_is_told_and_nothing_is_half_written(path: Path) -> None:
    async with leading(path) as store:
        before = await store.load()
        connection = store._database._writer  # type: ignore[attr-defined]
        await connection.call(lambda raw: raw.execute("PRAGMA max_page_count = 1").fetchall())
        with pytest.raises(StoreUnusable, match="is full"):
            await store.commit(Batch((), tuple(completed_job(n) for n in range(200, 400))))
        await connection.call(lambda raw: raw.execute("PRAGMA max_page_count = 1000000").fetchall())
        assert await store.load() == before
        assert await store.submit(new_job_id(), SPEC, 1.0) == 1


async def test_a_row_that_cannot_be_read_is_told(path: Path) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE jobs SET body = replace(body, '\"number\"', '\"nimber\"') WHERE number = 7")
    connection.close()
    reader = await open_reader(str(path), CLOCK)
    with pytest.raises(StoreUnusable, match=r"can't read \(number: Field required\)"):
        await reader.load()
    await reader.close()


async def test_a_network_file_system_is_refused_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.store.read_mounts", lambda: f"a / ext4 rw 0 0\nserver:/x {tmp_path} nfs4 rw 0 0\n")
    for opening in (
        open_reader(str(tmp_path / "home" / "db"), CLOCK),
        open_leader(str(tmp_path / "db"), CLOCK, kind="x"),
    ):
        with pytest.raises(StoreUnusable, match="on a network file system"):
            await opening
    assert names(tmp_path) == []


async def test_a_place_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file" / "home" / "db"
    make(tmp_path / "file")
    with pytest.raises(StoreUnusable, match=r"file.* can't be used \(Not a directory\).*--home DIR"):
        await open_leader(str(blocked), CLOCK, kind="console")
    make(tmp_path / "home" / "db.lock" / "x")
    for opening in (
        open_reader(str(tmp_path / "home" / "db"), CLOCK),
        open_leader(str(tmp_path / "home" / "db"), CLOCK, kind="x"),
    ):
        with pytest.raises(StoreUnusable, match=r"db\.lock can't be used \(Is a directory\)"):
            await opening
