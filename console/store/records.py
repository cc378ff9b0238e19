"""The rows of jobs, nodes, journal and inbox: the statements, and how each becomes a thing of the domain."""

from __future__ import annotations

import contextlib
import gc
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

from console.domain.errors import NotFound
from console.domain.events import Event
from console.domain.ids import JobId, split_attempt_id
from console.domain.jobs import Job, JobSpec, Pending
from console.domain.nodes import Node
from console.domain.requests import Request, SubmitJob
from console.ports import Answer, InboxItem, LeaderInfo, LeaderLost, Loaded
from console.store.codec import codec_for

_EVENT = codec_for(Event)
_JOB = codec_for(Job)
_NODE = codec_for(Node)
_REQUEST = codec_for(Request)
_SUBMISSION = SubmitJob.__name__

_WAITING = "SELECT id, body FROM inbox WHERE answered_at IS NULL"


def database_id(connection: sqlite3.Connection) -> str:
    """The UUID of the database."""
    return str(_one(connection, "SELECT value FROM meta WHERE key = 'database_id'"))


def last_sequence(connection: sqlite3.Connection) -> int:
    """The number of the journal's last event, 0 before the first."""
    return int(_one(connection, "SELECT coalesce(max(sequence), 0) FROM journal"))


def load(connection: sqlite3.Connection) -> Loaded:
    """All jobs by number, all nodes by name, and the submissions that wait."""
    with _collector_off():
        jobs = tuple([_JOB.loads(body) for (body,) in connection.execute("SELECT body FROM jobs ORDER BY number")])
    return Loaded(
        sequence=last_sequence(connection),
        jobs=jobs,
        nodes=tuple(_NODE.loads(body) for (body,) in connection.execute("SELECT body FROM nodes ORDER BY name")),
        waiting=waiting(connection),
    )


@contextlib.contextmanager
def _collector_off() -> Iterator[None]:
    """Without the cyclic collector, which would go through the jobs again and again while they are made: 100,000 take
    0.8 s instead of 3.9 s."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def waiting(connection: sqlite3.Connection) -> tuple[Job, ...]:
    """The submissions in the inbox as the jobs that they will be, oldest first."""
    rows = connection.execute(f"{_WAITING} AND kind = ? ORDER BY id", [_SUBMISSION])
    found = [_REQUEST.loads(body) for _, body in rows]
    return tuple([Job(each.job, each.number, each.spec, Pending(each.at), each.at, each.at) for each in found])


def events_after(connection: sqlite3.Connection, sequence: int) -> tuple[int, tuple[Event, ...]]:
    """The events after a sequence number, and the number of the last."""
    rows = connection.execute("SELECT sequence, body FROM journal WHERE sequence > ? ORDER BY sequence", [sequence])
    found = rows.fetchall()
    return (found[-1][0] if found else sequence), tuple([_EVENT.loads(body) for _, body in found])


def events_of(connection: sqlite3.Connection, job: JobId) -> tuple[Event, ...]:
    """All events of one job, oldest first."""
    rows = connection.execute("SELECT body FROM journal WHERE job = ? ORDER BY sequence", [job])
    return tuple([_EVENT.loads(body) for (body,) in rows])


def leader(connection: sqlite3.Connection) -> LeaderInfo | None:
    """The last one who led, unless it said good-bye."""
    row = connection.execute("SELECT pid, host, kind, since, epoch FROM leader").fetchone()
    return None if row is None else LeaderInfo(*row)


# ---------------------------------------------------------------------------------------------------------------------
# Requests


def submit(connection: sqlite3.Connection, job: JobId, spec: JobSpec, at: float) -> int:
    """Put a submission into the inbox with the next number; one that is there already keeps its number."""
    row = connection.execute("SELECT number FROM jobs WHERE id = ?", [job]).fetchone()
    if row is not None:
        return int(row[0])
    for _, body in connection.execute(f"{_WAITING} AND job = ? AND kind = ?", [job, _SUBMISSION]):
        return int(_REQUEST.loads(body).number)
    number = int(_one(connection, "UPDATE counters SET value = value + 1 WHERE name = 'job' RETURNING value"))
    add_request(connection, SubmitJob(job, number, spec, at), at)
    return number


def add_request(connection: sqlite3.Connection, request: Request, at: float) -> int:
    """Put a request into the inbox; returns the item's id."""
    row = (at, request.__class__.__name__, request.job, _REQUEST.dumps(request))
    return int(_one(connection, "INSERT INTO inbox (at, kind, job, body) VALUES (?, ?, ?, ?) RETURNING id", row))


def has_waiting(connection: sqlite3.Connection) -> bool:
    """Whether any request waits."""
    return connection.execute(f"{_WAITING} LIMIT 1").fetchone() is not None


def take_inbox(connection: sqlite3.Connection, epoch: int) -> tuple[InboxItem, ...]:
    """Requests that wait, oldest first. They can't be withdrawn any more: this epoch's leader works on them."""
    connection.execute("UPDATE inbox SET taken = ? WHERE answered_at IS NULL AND taken IS NOT ?", [epoch, epoch])
    return tuple(InboxItem(id_, _REQUEST.loads(body)) for id_, body in connection.execute(f"{_WAITING} ORDER BY id"))


def answer(connection: sqlite3.Connection, item: int) -> Answer | None:
    """What became of a request, None while it waits; NotFound if there is none of that id."""
    row = connection.execute("SELECT answered_at, error, exit_code FROM inbox WHERE id = ?", [item]).fetchone()
    if row is None:
        raise NotFound(f"Request {item} is not in the inbox: it was withdrawn, or answered long ago.")
    return None if row[0] is None else Answer(row[1], row[2])


def withdraw(connection: sqlite3.Connection, item: int) -> bool:
    """Remove a request that waits and that no leader took; False if there is none."""
    statement = "DELETE FROM inbox WHERE id = ? AND answered_at IS NULL AND taken IS NULL"
    return connection.execute(statement, [item]).rowcount == 1


# ---------------------------------------------------------------------------------------------------------------------
# What only a leader writes


def lead(connection: sqlite3.Connection, *, pid: int, host: str, kind: str, since: float) -> int:
    """Write down a new leader; returns its epoch, higher than any before."""
    epoch = int(_one(connection, "UPDATE meta SET value = value + 1 WHERE key = 'epoch' RETURNING value"))
    connection.execute("INSERT OR REPLACE INTO leader VALUES (1, ?, ?, ?, ?, ?)", (pid, host, kind, since, epoch))
    return epoch


def check_epoch(connection: sqlite3.Connection, epoch: int) -> None:
    """LeaderLost if another has led since."""
    current = int(_one(connection, "SELECT value FROM meta WHERE key = 'epoch'"))
    if current != epoch:
        raise LeaderLost(f"epoch {current} has begun, this leader's is {epoch}")


def resign(connection: sqlite3.Connection, epoch: int) -> None:
    """Nobody leads any more, if it was this epoch's leader who did."""
    connection.execute("DELETE FROM leader WHERE epoch = ?", [epoch])


def append(connection: sqlite3.Connection, events: Iterable[Event]) -> None:
    """Append to the journal."""
    connection.executemany(
        "INSERT INTO journal (at, kind, job, body) VALUES (?, ?, ?, ?)",
        [(event.at, event.__class__.__name__, _job_of(event), _EVENT.dumps(event)) for event in events],
    )


def put_jobs(connection: sqlite3.Connection, jobs: Iterable[Job]) -> None:
    """Write jobs as they are now."""
    connection.executemany(
        "INSERT INTO jobs VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET number = excluded.number, "
        "status = excluded.status, queued_at = excluded.queued_at, body = excluded.body",
        [(job.id, job.number, job.status.value, job.queued_at, _JOB.dumps(job)) for job in jobs],
    )


def delete_jobs(connection: sqlite3.Connection, jobs: Iterable[JobId]) -> None:
    """Remove jobs; the journal keeps that they were there."""
    connection.executemany("DELETE FROM jobs WHERE id = ?", [(job,) for job in jobs])


def put_nodes(connection: sqlite3.Connection, nodes: Iterable[Node]) -> None:
    """Write nodes as they are now."""
    rows = [(node.name, _NODE.dumps(node)) for node in nodes]
    connection.executemany("INSERT OR REPLACE INTO nodes VALUES (?, ?)", rows)


def delete_nodes(connection: sqlite3.Connection, names: Iterable[str]) -> None:
    """Remove nodes."""
    connection.executemany("DELETE FROM nodes WHERE name = ?", [(name,) for name in names])


def give_answers(connection: sqlite3.Connection, answers: Iterable[tuple[int, Answer]], at: float) -> None:
    """Answer requests that were taken; ValueError if one doesn't wait."""
    for item, given in answers:
        changed = connection.execute(
            "UPDATE inbox SET answered_at = ?, error = ?, exit_code = ? WHERE id = ? AND answered_at IS NULL",
            (at, given.error, given.exit_code, item),
        ).rowcount
        if changed != 1:
            raise ValueError(f"request {item} does not wait for an answer")


def forget_answers(connection: sqlite3.Connection, before: float) -> None:
    """Remove answered requests that nobody asks for any more."""
    connection.execute("DELETE FROM inbox WHERE answered_at < ?", [before])


def _job_of(event: Event) -> JobId | None:
    job = getattr(event, "job", None)
    if job is not None:
        return JobId(job)
    attempt = getattr(event, "attempt", None)
    return None if attempt is None else split_attempt_id(attempt)[0]


def _one(connection: sqlite3.Connection, statement: str, parameters: Iterable[Any] = ()) -> Any:
    """The single value of a statement that gives one row. All rows are fetched: RETURNING writes when it is over."""
    ((value,),) = connection.execute(statement, tuple(parameters)).fetchall()
    return value
