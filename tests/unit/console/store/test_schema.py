from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from console.domain.errors import StoreUnusable
from console.store import schema


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    opened = sqlite3.connect(":memory:", isolation_level=None)
    yield opened
    opened.close()


def tables(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}


def test_all_migrations_are_applied_once(connection: sqlite3.Connection) -> None:
    schema.migrate(connection, "db", 1.0)
    assert {"journal", "jobs", "nodes", "inbox", "counters"} <= tables(connection)
    schema.migrate(connection, "db", 2.0)
    applied = connection.execute("SELECT name, applied_at FROM migrations").fetchall()
    assert applied == [(name, 1.0) for name, _ in schema.MIGRATIONS]


def test_a_newer_database_is_left_alone(connection: sqlite3.Connection) -> None:
    schema.migrate(connection, "db", 1.0)
    connection.execute("INSERT INTO migrations VALUES ('9999 from the future', 2.0)")
    with pytest.raises(StoreUnusable, match=r"newer clusterdeck.*9999 from the future"):
        schema.migrate(connection, "db", 3.0)


def test_a_migration_that_fails_leaves_nothing(connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = ("0002 broken", ("CREATE TABLE half (x)", "CREATE nonsense"))
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, broken))
    with pytest.raises(sqlite3.OperationalError):
        schema.migrate(connection, "db", 1.0)
    assert tables(connection) == set()
