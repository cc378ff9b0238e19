"""The tables, as named migrations. What is listed here was released: append, never change."""

from __future__ import annotations

import sqlite3

from console.domain.errors import StoreUnusable

_FIRST_LIGHT = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID",
    "CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
    """CREATE TABLE leader (
        id INTEGER PRIMARY KEY CHECK (id = 1), pid INTEGER NOT NULL, host TEXT NOT NULL, kind TEXT NOT NULL,
        since REAL NOT NULL, epoch INTEGER NOT NULL)""",
    """CREATE TABLE journal (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, kind TEXT NOT NULL, job TEXT,
        body TEXT NOT NULL)""",
    "CREATE INDEX journal_by_job ON journal (job) WHERE job IS NOT NULL",
    """CREATE TABLE jobs (
        id TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE, status TEXT NOT NULL, queued_at REAL NOT NULL,
        body TEXT NOT NULL)""",
    "CREATE TABLE nodes (name TEXT PRIMARY KEY, body TEXT NOT NULL)",
    """CREATE TABLE inbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, kind TEXT NOT NULL, job TEXT NOT NULL,
        body TEXT NOT NULL, taken INTEGER, answered_at REAL, error TEXT, exit_code INTEGER)""",
    "CREATE INDEX inbox_waiting ON inbox (id) WHERE answered_at IS NULL",
    "CREATE INDEX inbox_by_job ON inbox (job)",
    """CREATE TABLE latest (
        id INTEGER PRIMARY KEY CHECK (id = 1), progress TEXT NOT NULL, nodes TEXT NOT NULL)""",
    "CREATE TABLE history (id INTEGER PRIMARY KEY, attempt TEXT NOT NULL UNIQUE, cursor TEXT NOT NULL DEFAULT '')",
    """CREATE TABLE metrics (
        history INTEGER NOT NULL, ordinal INTEGER NOT NULL, name TEXT NOT NULL, step REAL, time REAL NOT NULL,
        value REAL, PRIMARY KEY (history, ordinal)) WITHOUT ROWID""",
    """CREATE TABLE samples (
        history INTEGER NOT NULL, ordinal INTEGER NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (history, ordinal)) WITHOUT ROWID""",
    """CREATE TABLE log_mirror (
        history INTEGER NOT NULL, ordinal INTEGER NOT NULL, stream TEXT NOT NULL, offset INTEGER NOT NULL,
        time REAL NOT NULL, lost INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (history, ordinal))""",
)

MIGRATIONS: tuple[tuple[str, tuple[str, ...]], ...] = (("0001 first light", _FIRST_LIGHT),)


def migrate(connection: sqlite3.Connection, path: str, now: float) -> None:
    """Bring a database up to date in one transaction.

    StoreUnusable where the database has migrations that this version doesn't know.
    """
    if not _missing(connection, path):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, applied_at REAL NOT NULL)")
        for name, statements in _missing(connection, path):
            for statement in statements:
                connection.execute(statement)
            connection.execute("INSERT INTO migrations VALUES (?, ?)", (name, now))
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _missing(connection: sqlite3.Connection, path: str) -> list[tuple[str, tuple[str, ...]]]:
    if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'migrations'").fetchone() is None:
        return list(MIGRATIONS)
    applied = {name for (name,) in connection.execute("SELECT name FROM migrations")}
    if unknown := sorted(applied - {name for name, _ in MIGRATIONS}):
        raise StoreUnusable(
            f"The database {path} was written by a newer clusterdeck ({unknown[-1]}): "
            "upgrade clusterdeck, or start with another `--home DIR`."
        )
    return [(name, statements) for name, statements in MIGRATIONS if name not in applied]
