"""Writes the database that `test_store_schema_1.py` keeps: `python -m tests.compat.make_store_schema_1`.

It was run once, when schema 1 was current. What came of it stays as it is.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from console.domain.events import (
    AttemptAccepted,
    AttemptEnded,
    AttemptForgotten,
    AttemptLost,
    AttemptMirrored,
    AttemptPlanned,
    AttemptRefused,
    AttemptStarted,
    JobDeleteRequested,
    JobEdited,
    JobRestarted,
    JobStopRequested,
    JobSubmitted,
    NodeAdded,
    NodeConnected,
    NodeRemoved,
    NodeStale,
)
from console.domain.ids import attempt_id, ulid
from console.domain.jobs import (
    Attempt,
    AttemptPhase,
    Completed,
    Failed,
    Hyperparameters,
    Job,
    JobSpec,
    JobType,
    Outcome,
    Pending,
    Priority,
    Running,
    Starting,
)
from console.domain.nodes import AttemptProgress, AttemptSample, Gpu, Node, NodeFacts, NodeSample, NodeState
from console.domain.requests import DeleteJob, EditJob, RestartJob, StopJob
from console.domain.resources import Resources
from console.ports import Answer, Batch, History, LogChunk, MetricPoint, NodeSampled, Store
from tests.harness.stores import leading

NOW = 1_767_225_600.0
IDS = [ulid(int(NOW * 1000) + n, bytes(10)) for n in range(6)]
AMOUNT = Resources(4, 8192, 1)
SPEC = JobSpec(
    name="bert",
    command=("bash", "-c", "python train.py --lr {learning_rate}"),
    description="A description",
    type=JobType.TUNING,
    priority=Priority.HIGH,
    experiment="exp",
    resources=AMOUNT,
    config=Hyperparameters(3, 32, 0.001, "AdamW"),
    env=(("A", "caf\udce9"),),
    workdir="/home/ada",
    setup="conda activate x",
    time_limit_s=3600.0,
    retries=1,
    node="here",
    labels=(("team", "nlp"),),
    held=True,
)
FACTS = NodeFacts("key", "boot", "localhost", "0.1.0", Resources(8, 65536, 1), (Gpu("GPU-1", 0, "H200", 143771),))
OUTCOME = Outcome(1, None, "exit code 1", 2.5, 512.0, 3)


def _jobs() -> tuple[Job, ...]:
    def attempt(n: int, phase: AttemptPhase, outcome: Outcome | None = None) -> Attempt:
        return Attempt(
            attempt_id(IDS[n], 1),
            IDS[n],
            "here",
            AMOUNT,
            ("GPU-1",),
            phase,
            NOW,
            NOW + 1,
            NOW + 2,
            outcome,
            mirrored=True,
        )

    plain = JobSpec("plain", ("true",))
    return (
        Job(IDS[0], 1, SPEC, Pending(NOW, "waits", NOW + 5), NOW, NOW),
        Job(
            IDS[1],
            2,
            plain,
            Starting(attempt_id(IDS[1], 1), "here", NOW),
            NOW,
            NOW,
            (attempt(1, AttemptPhase.PLANNED),),
        ),
        Job(IDS[2], 3, plain, Running(attempt_id(IDS[2], 1), "here", NOW, "stopped by user"), NOW, NOW),
        Job(IDS[3], 4, plain, Completed(NOW), NOW, NOW, (attempt(3, AttemptPhase.ENDED, replace(OUTCOME, code=0)),)),
        Job(IDS[4], 5, SPEC, Failed(NOW, "exit code 1"), NOW, NOW, (attempt(4, AttemptPhase.LOST, OUTCOME),), 1, True),
    )


async def fill(store: Store) -> None:
    """One of everything that can be stored."""
    job, attempt = IDS[0], attempt_id(IDS[0], 1)
    numbers = [await store.submit(each, SPEC, NOW) for each in IDS]
    assert numbers == [1, 2, 3, 4, 5, 6]
    items = await store.inbox()
    events = (
        JobSubmitted(NOW, job, 1, SPEC),
        JobEdited(NOW, job, SPEC),
        JobStopRequested(NOW, job),
        JobRestarted(NOW, job),
        JobDeleteRequested(NOW, job),
        AttemptPlanned(NOW, job, attempt, "here", AMOUNT, ("GPU-1",)),
        AttemptRefused(NOW, attempt, "no directory"),
        AttemptAccepted(NOW, attempt),
        AttemptStarted(NOW, attempt, NOW),
        AttemptEnded(NOW, attempt, OUTCOME, None, NOW),
        AttemptLost(NOW, attempt, "rebooted"),
        AttemptMirrored(NOW, attempt),
        AttemptForgotten(NOW, attempt),
        NodeAdded(NOW, "here", "localhost"),
        NodeRemoved(NOW, "here"),
        NodeConnected(NOW, "here", FACTS),
        NodeStale(NOW, "here", "link lost"),
    )
    nodes = (Node("here", "localhost", NodeState.UP, "", FACTS, NOW), Node("there", "n2", NodeState.STALE, "link lost"))
    answers = tuple((item.id, Answer()) for item in items[:-1])
    await store.commit(Batch(events, _jobs(), nodes=nodes, answers=answers))
    for request in (EditJob(job, SPEC), StopJob(job), RestartJob(job), DeleteJob(job)):
        await store.request(request, NOW)
    sample = AttemptSample(NOW, 50.0, 512.0, 1.0, 2.0, 3.0, 4.0, (("GPU-1", 90.0, None),))
    node_sample = NodeSample(NOW, 10.0, 1024, 1.0, 2.0, None, None, 100)
    await store.record_latest(
        (AttemptProgress(attempt, NOW, 0.5, 10.0, (("loss", 0.25),)),),
        (NodeSampled("here", node_sample, ((attempt, sample),)),),
    )
    points = (MetricPoint("loss", 1.0, NOW, 0.5), MetricPoint("acc", None, NOW, 0.75))
    await store.record_history(attempt, History(points, (sample,), "cursor", is_complete=True))
    await store.record_mirror(attempt, (LogChunk("stderr", 5, NOW, b"\x00\xfftail", lost=5),))


async def _main(target: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "db"
        async with leading(path) as store:
            await fill(store)
        connection = sqlite3.connect(path)
        target.write_text("\n".join(connection.iterdump()) + "\n", "utf-8")
        connection.close()


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1] if sys.argv[1:] else Path(__file__).with_name("store_schema_1.sql"))))
