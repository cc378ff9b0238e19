"""Telemetry: the latest of what runs, and the recorded history and logs of each attempt."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from console.domain.ids import AttemptId, JobId
from console.domain.nodes import AttemptProgress, AttemptSample
from console.ports import History, LogChunk, MetricPoint, NodeSampled
from console.store.codec import codec_for

_PROGRESS = codec_for(tuple[AttemptProgress, ...])
_NODES = codec_for(tuple[NodeSampled, ...])
_SAMPLE = codec_for(AttemptSample)
_TABLES = ("metrics", "samples", "log_mirror")


def put_latest(
    connection: sqlite3.Connection, progress: Sequence[AttemptProgress], nodes: Sequence[NodeSampled]
) -> None:
    """Replace the latest telemetry as a whole."""
    row = (_PROGRESS.dumps(progress), _NODES.dumps(nodes))
    connection.execute("INSERT OR REPLACE INTO latest VALUES (1, ?, ?)", row)


def latest(connection: sqlite3.Connection) -> tuple[tuple[AttemptProgress, ...], tuple[NodeSampled, ...]]:
    """The latest telemetry; empty before the first."""
    row = connection.execute("SELECT progress, nodes FROM latest").fetchone()
    return ((), ()) if row is None else (_PROGRESS.loads(row[0]), _NODES.loads(row[1]))


def add(connection: sqlite3.Connection, attempt: AttemptId, history: History) -> None:
    """Append metrics and samples to an attempt's history, and keep the cursor to go on from."""
    key = _key(connection, attempt)
    connection.execute("UPDATE history SET cursor = ? WHERE id = ?", [_storable(history.cursor), key])
    start = _next_ordinal(connection, "metrics", key)
    connection.executemany(
        "INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?)",
        [
            (key, ordinal, _storable(point.name), point.step, point.time, point.value)
            for ordinal, point in enumerate(history.metrics, start)
        ],
    )
    start = _next_ordinal(connection, "samples", key)
    connection.executemany(
        "INSERT INTO samples VALUES (?, ?, ?)",
        [(key, ordinal, _SAMPLE.dumps(sample)) for ordinal, sample in enumerate(history.samples, start)],
    )


def cursor(connection: sqlite3.Connection, attempt: AttemptId) -> str:
    """The cursor that was kept with an attempt's history, "" where there is none."""
    row = connection.execute("SELECT cursor FROM history WHERE attempt = ?", [attempt]).fetchone()
    return "" if row is None else str(row[0])


def metrics(connection: sqlite3.Connection, attempt: AttemptId) -> tuple[MetricPoint, ...]:
    """The metrics of an attempt in the order in which they were read."""
    rows = connection.execute(
        "SELECT name, step, time, value FROM metrics WHERE history = (SELECT id FROM history WHERE attempt = ?) "
        "ORDER BY ordinal",
        [attempt],
    )
    # SQLite keeps a NaN, such as a loss that ran away, as NULL.
    return tuple(
        [MetricPoint(name, step, time, float("nan") if value is None else value) for name, step, time, value in rows]
    )


def samples(connection: sqlite3.Connection, attempt: AttemptId) -> tuple[AttemptSample, ...]:
    """The resource samples of an attempt, oldest first."""
    rows = connection.execute(
        "SELECT body FROM samples WHERE history = (SELECT id FROM history WHERE attempt = ?) ORDER BY ordinal",
        [attempt],
    )
    return tuple([_SAMPLE.loads(body) for (body,) in rows])


def put_mirror(connection: sqlite3.Connection, attempt: AttemptId, chunks: Sequence[LogChunk]) -> None:
    """Replace the mirrored tail of an attempt's logs."""
    key = _key(connection, attempt)
    connection.execute("DELETE FROM log_mirror WHERE history = ?", [key])
    connection.executemany(
        "INSERT INTO log_mirror VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(key, n, chunk.stream, chunk.offset, chunk.time, chunk.lost, chunk.data) for n, chunk in enumerate(chunks)],
    )


def mirror(connection: sqlite3.Connection, attempt: AttemptId) -> tuple[LogChunk, ...]:
    """The mirrored tail of an attempt's logs, in order."""
    rows = connection.execute(
        "SELECT stream, offset, time, data, lost FROM log_mirror "
        "WHERE history = (SELECT id FROM history WHERE attempt = ?) ORDER BY ordinal",
        [attempt],
    )
    return tuple([LogChunk(*row) for row in rows])


def delete(connection: sqlite3.Connection, jobs: Iterable[JobId]) -> None:
    """Remove all that is kept of the attempts of some jobs."""
    for job in jobs:
        # The ids of a job's attempts are <job>-<n>; "." comes right after "-".
        found = connection.execute("SELECT id FROM history WHERE attempt > ? AND attempt < ?", (f"{job}-", f"{job}."))
        keys = found.fetchall()
        for table in _TABLES:
            connection.executemany(f"DELETE FROM {table} WHERE history = ?", keys)  # noqa: S608 (a constant's names)
        connection.executemany("DELETE FROM history WHERE id = ?", keys)


def _key(connection: sqlite3.Connection, attempt: AttemptId) -> int:
    connection.execute("INSERT INTO history (attempt) VALUES (?) ON CONFLICT DO NOTHING", [attempt])
    (key,) = connection.execute("SELECT id FROM history WHERE attempt = ?", [attempt]).fetchone()
    return int(key)


def _next_ordinal(connection: sqlite3.Connection, table: str, key: int) -> int:
    statement = f"SELECT coalesce(max(ordinal), -1) + 1 FROM {table} WHERE history = ?"  # noqa: S608 (a constant's names)
    return int(connection.execute(statement, [key]).fetchone()[0])


def _storable(text: str) -> str:
    """A lone surrogate, which a node may send, has no UTF-8 for SQLite to keep."""
    return text.encode("utf-8", "replace").decode("utf-8")
