"""A database that the first schema wrote, kept as its SQL, must load with all that is in it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from console.ports import Store
from tests.compat import make_store_schema_1 as made
from tests.harness.stores import leading

KEPT = Path(__file__).with_name("store_schema_1.sql")


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    path = tmp_path / "kept"
    connection = sqlite3.connect(path)
    connection.executescript(KEPT.read_text("utf-8"))
    connection.close()
    return path


async def everything(store: Store) -> list[object]:
    attempt = made.attempt_id(made.IDS[0], 1)
    return [
        await store.load(),
        await store.inbox(),
        await store.events_after(0),
        await store.latest(),
        await store.metrics(attempt),
        await store.samples(attempt),
        await store.log_mirror(attempt),
        await store.history_cursor(attempt),
    ]


async def test_the_kept_database_holds_what_was_put_into_it(kept: Path, tmp_path: Path) -> None:
    async with leading(tmp_path / "new") as store:
        await made.fill(store)
        expected = await everything(store)
    async with leading(kept) as store:
        assert await everything(store) == expected
        assert store.epoch == 2
        assert await store.submit(made.ulid(0, bytes(10)), made.SPEC, made.NOW) == 7
