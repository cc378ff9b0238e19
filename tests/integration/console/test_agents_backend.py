"""The backend with real agents, supervisors and jobs."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import socket
import stat
import struct
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from console.backends.agents import AgentsBackend
from console.domain.errors import InvalidInput, NobodyToDoIt, NotFound, Refused
from console.domain.ids import AttemptId
from console.domain.jobs import AttemptPhase
from console.domain.reports import AttemptChanged, AttemptReport, NodeGone, NodeSampled, NodeUp, ProgressRead
from console.ports import History, LogPosition
from tests.harness.agents import (
    DATABASE,
    NODE,
    Console,
    WallClock,
    attempt_directory,
    checkpoints,
    end_everything,
    open_to_others,
    order,
    processes,
    text_of,
    until,
)

Connect = Callable[..., Awaitable[Console]]


@pytest.fixture
async def connect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Connect]:
    monkeypatch.setenv("SHELL", "/bin/sh")
    consoles: list[Console] = []

    async def make(**options: object) -> Console:
        console = Console(tmp_path, **options)  # type: ignore[arg-type]
        consoles.append(console)
        await console.start()
        return console

    yield make
    for console in consoles:
        await console.backend.close()
    end_everything(tmp_path)


async def whole_history(console: Console, attempt: AttemptId) -> History:
    """All metrics and samples, once the node has read the last of them."""
    pieces = [await console.backend.history(NODE, attempt, "")]
    async with asyncio.timeout(60):
        while not pieces[-1].is_complete:
            await asyncio.sleep(0.05)
            pieces.append(await console.backend.history(NODE, attempt, pieces[-1].cursor))
    metrics = tuple(point for piece in pieces for point in piece.metrics)
    samples = tuple(sample for piece in pieces for sample in piece.samples)
    return History(metrics, samples, pieces[-1].cursor, is_complete=True)


def socket_of(state_dir: Path) -> str:
    (pointer,) = state_dir.glob("*/agent.socket")
    return os.fsdecode(pointer.read_bytes())


async def test_a_job_is_launched_followed_and_its_end_reported(connect: Connect) -> None:
    console = await connect()
    facts = next(report.facts for report in console.reports if isinstance(report, NodeUp))
    assert facts.capacity.cpus >= 1
    script = 'for n in 1 2 3 4; do echo "Epoch $n/4 loss=0.$n"; done; echo careful >&2; exit 3'
    launched = order("bash", "-c", script, epochs=4)
    await console.backend.launch(launched)
    assert await text_of(console.log(launched.attempt), "stdout") == b"".join(
        b"Epoch %d/4 loss=0.%d\n" % (n, n) for n in range(1, 5)
    )
    ended = await console.wait_for_phase(launched.attempt, AttemptPhase.ENDED)
    assert ended.outcome is not None
    assert (ended.outcome.code, ended.outcome.signal) == (3, None)
    assert not ended.outcome.is_success
    assert ended.started_at is not None
    assert await text_of(console.log(launched.attempt, follow=False), "stderr") == b"careful\n"
    history = await whole_history(console, launched.attempt)
    assert [(point.name, point.step, point.value) for point in history.metrics] == [
        ("loss", 1.0, 0.1),
        ("loss", 2.0, 0.2),
        ("loss", 3.0, 0.3),
        ("loss", 4.0, 0.4),
    ]
    assert history.is_complete
    again = await console.backend.history(NODE, launched.attempt, history.cursor)
    assert (again.metrics, again.is_complete) == ((), True)


async def test_a_phase_is_told_once_and_in_order(connect: Connect) -> None:
    console = await connect()
    launched = order("true")
    await console.backend.launch(launched)
    await console.wait_for_phase(launched.attempt, AttemptPhase.ENDED)
    phases = [report.report.phase for report in console.reports if hasattr(report, "report")]
    order_of = list(AttemptPhase)
    assert phases == sorted(set(phases), key=order_of.index)


async def test_a_job_gets_the_login_environment_and_its_own(
    connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIRTUAL_ENV", "/of/the/console")
    console = await connect()
    launched = order("env", "-0", env=(("MINE", "a b"), ("CLUSTERDECK_EPOCHS", "3")))
    await console.backend.launch(launched)
    output = await text_of(console.log(launched.attempt), "stdout")
    variables = dict(pair.split("=", 1) for pair in output.decode().split("\0") if pair)
    assert variables["MINE"] == "a b"
    assert variables["CUDA_VISIBLE_DEVICES"] == ""
    assert variables["PYTHONUNBUFFERED"] == "1"
    assert variables["CLUSTERDECK_ATTEMPT"] == launched.attempt
    assert variables["CLUSTERDECK_METRICS"].startswith(str(tmp_path))
    assert checkpoints(tmp_path, launched.job) == [Path(variables["CLUSTERDECK_CHECKPOINT_DIR"])]
    assert "VIRTUAL_ENV" not in variables


async def test_the_checkpoint_directory_is_filled_into_the_command(connect: Connect) -> None:
    console = await connect()
    launched = order("bash", "-c", 'test -d "$1" && echo "$1"', "_", "{checkpoint_dir}")
    await console.backend.launch(launched)
    path = (await text_of(console.log(launched.attempt), "stdout")).decode().strip()
    assert path.endswith(f"checkpoints/{launched.job}")


async def test_stop_ends_a_job_with_the_reason(connect: Connect) -> None:
    console = await connect()
    launched = order("sleep", "600")
    await console.backend.launch(launched)
    await console.wait_for_phase(launched.attempt, AttemptPhase.RUNNING)
    await console.backend.stop(NODE, launched.attempt, reason="stopped by user")
    ended = await console.wait_for_phase(launched.attempt, AttemptPhase.ENDED)
    assert ended.outcome is not None
    assert ended.outcome.reason == "stopped by user"


async def test_a_stop_right_behind_the_launch_is_not_lost(connect: Connect) -> None:
    console = await connect()
    launched = order("sleep", "600")
    await console.backend.launch(launched)
    await console.backend.stop(NODE, launched.attempt, reason="stopped by user")

    def over(report: object) -> AttemptReport | None:
        found = getattr(report, "report", None)
        is_over = found is not None and found.phase in (AttemptPhase.ENDED, AttemptPhase.NEVER_RAN)
        return found if is_over else None

    ended = await console.wait_for(over)
    assert "stopped by user" in (ended.reason, ended.outcome.reason if ended.outcome else "")


async def test_a_command_that_is_not_there_ends_with_the_reason_and_never_runs(connect: Connect) -> None:
    console = await connect()
    launched = order("no-such-command-anywhere")
    await console.backend.launch(launched)
    ended = await console.wait_for_phase(launched.attempt, AttemptPhase.ENDED)
    assert ended.outcome is not None
    assert "command not found" in ended.outcome.reason
    assert ended.started_at is None


async def test_launching_the_same_attempt_again_runs_nothing_twice(connect: Connect, tmp_path: Path) -> None:
    console = await connect()
    witness = tmp_path / "witness"
    launched = order("bash", "-c", f"echo ran >> {witness}; sleep 0.2")
    await asyncio.gather(*(console.backend.launch(launched) for _ in range(5)))
    await console.wait_for_phase(launched.attempt, AttemptPhase.ENDED)
    await console.backend.launch(launched)
    other = order("true")
    await console.backend.launch(other)
    await console.wait_for_phase(other.attempt, AttemptPhase.ENDED)
    assert witness.read_text() == "ran\n"


async def test_a_gpu_that_is_not_there_is_refused_and_the_attempt_never_runs(connect: Connect) -> None:
    console = await connect()
    launched = order("true", gpus=("GPU-none",))
    await console.backend.launch(launched)
    refused = await console.wait_for_phase(launched.attempt, AttemptPhase.NEVER_RAN)
    assert "no GPU GPU-none" in refused.reason
    await console.backend.close()
    later = await connect()
    up = next(report for report in later.reports if isinstance(report, NodeUp))
    assert [(each.phase, each.reason) for each in up.attempts] == [(AttemptPhase.NEVER_RAN, refused.reason)]


async def test_a_malformed_request_never_runs_and_says_why(connect: Connect) -> None:
    console = await connect()
    launched = order("")
    await console.backend.launch(launched)
    refused = await console.wait_for_phase(launched.attempt, AttemptPhase.NEVER_RAN)
    assert "argv" in refused.reason


async def test_killing_the_agent_loses_no_byte_and_no_end(connect: Connect, tmp_path: Path) -> None:
    console = await connect()
    launched = order("bash", "-c", "echo $$; for n in $(seq 400); do echo line $n loss=$n; sleep 0.004; done; exit 7")
    await console.backend.launch(launched)
    await console.wait_for_phase(launched.attempt, AttemptPhase.RUNNING)
    reading = asyncio.create_task(text_of(console.log(launched.attempt), "stdout"))
    for _ in range(2):
        seen = len(console.reports)
        (agent,) = processes(tmp_path, "agent")
        os.kill(agent, signal.SIGKILL)
        await console.wait_for(lambda report: report if isinstance(report, NodeUp) else None, since=seen)
    lines = (await reading).decode().splitlines()
    assert lines[1:] == [f"line {n} loss={n}" for n in range(1, 401)]
    ended = await console.wait_for_phase(launched.attempt, AttemptPhase.ENDED)
    assert ended.outcome is not None
    assert ended.outcome.code == 7
    history = await whole_history(console, launched.attempt)
    assert [point.value for point in history.metrics] == [float(n) for n in range(1, 401)]


async def test_killing_the_shim_touches_nothing_and_the_link_comes_back(connect: Connect, tmp_path: Path) -> None:
    console = await connect()
    launched = order("sleep", "600")
    await console.backend.launch(launched)
    await console.wait_for_phase(launched.attempt, AttemptPhase.RUNNING)
    before = processes(tmp_path, "agent")
    seen = len(console.reports)
    (shim,) = processes(tmp_path, "shim")
    os.kill(shim, signal.SIGKILL)
    await console.wait_for(lambda report: report if isinstance(report, NodeGone) else None, since=seen)
    back = await console.wait_for(lambda report: report if isinstance(report, NodeUp) else None, since=seen)
    assert [each.phase for each in back.attempts] == [AttemptPhase.RUNNING]
    assert processes(tmp_path, "agent") == before


async def test_a_killed_supervisor_is_replaced_and_the_job_goes_on(connect: Connect, tmp_path: Path) -> None:
    console = await connect()
    launched = order("bash", "-c", "for n in $(seq 100); do echo $n; sleep 0.02; done")
    await console.backend.launch(launched)
    await console.wait_for_phase(launched.attempt, AttemptPhase.RUNNING)
    for pid in processes(tmp_path, "supervisor"):
        os.kill(pid, signal.SIGKILL)
    text = await text_of(console.log(launched.attempt), "stdout")
    assert text.split() == [b"%d" % n for n in range(1, 101)]
    ended = await console.wait_for_phase(launched.attempt, AttemptPhase.ENDED)
    assert ended.outcome is not None
    assert ended.outcome.code in (0, None)


async def test_two_consoles_at_once_start_one_agent(connect: Connect, tmp_path: Path) -> None:
    first = Console(tmp_path)
    second = Console(tmp_path)
    try:
        await asyncio.gather(first.start(), second.start())
        await until(lambda: len(processes(tmp_path, "agent")) == 1)
        await until(lambda: len(processes(tmp_path, "template")) == 1)
    finally:
        await first.backend.close()
        await second.backend.close()


async def test_an_older_leader_is_refused(connect: Connect) -> None:
    old = await connect(epoch=1)
    new = await connect(epoch=2)
    launched = order("true")
    seen = len(old.reports)
    await old.backend.launch(launched)
    gone = await old.wait_for(lambda report: report if isinstance(report, NodeGone) else None, since=seen)
    assert "another console leads" in gone.reason
    await new.backend.launch(launched)
    await new.wait_for_phase(launched.attempt, AttemptPhase.ENDED)


async def test_an_observer_reads_and_cannot_order(connect: Connect, tmp_path: Path) -> None:
    leader = await connect()
    launched = order("echo", "hello")
    await leader.backend.launch(launched)
    await leader.wait_for_phase(launched.attempt, AttemptPhase.ENDED)
    observer = Console(tmp_path, epoch=None)
    try:
        assert await text_of(observer.log(launched.attempt), "stdout") == b"hello\n"
        with pytest.raises(Refused, match="only reads"):
            await observer.backend.launch(launched)
        with pytest.raises(NotFound, match="nothing is kept"):
            await observer.backend.history(NODE, order("x").attempt, "")
        with pytest.raises(NotFound, match="no node"):
            await observer.backend.history("elsewhere", launched.attempt, "")
    finally:
        await observer.backend.close()


async def test_attempts_of_another_database_only_count_as_used_resources(connect: Connect) -> None:
    mine = await connect()
    launched = order("sleep", "600", memory_mib=512)
    await mine.backend.launch(launched)
    await mine.wait_for_phase(launched.attempt, AttemptPhase.RUNNING)
    theirs = await connect(database="another")
    up = next(report for report in theirs.reports if isinstance(report, NodeUp))
    own = next(report for report in mine.reports if isinstance(report, NodeUp))
    assert up.attempts == ()
    assert own.facts.capacity.memory_mib - up.facts.capacity.memory_mib == 512
    await theirs.backend.stop(NODE, launched.attempt, reason="not mine")
    last = order("true")
    await theirs.backend.launch(last)
    await theirs.wait_for_phase(last.attempt, AttemptPhase.ENDED)
    told = [report.report for report in mine.reports if isinstance(report, AttemptChanged)]
    assert {report.attempt for report in told} == {launched.attempt}
    assert {report.phase for report in told} <= {AttemptPhase.ACCEPTED, AttemptPhase.RUNNING}


async def test_a_flood_is_pulled_whole(connect: Connect) -> None:
    console = await connect()
    launched = order("bash", "-c", "seq 1 400000; seq 1 1000 >&2")
    await console.backend.launch(launched)
    digest = hashlib.sha256()
    async with asyncio.timeout(30):
        async for chunk in console.log(launched.attempt):
            assert len(chunk.data) <= 65536
            if chunk.stream == "stdout":
                digest.update(chunk.data)
    expected = hashlib.sha256("".join(f"{n}\n" for n in range(1, 400001)).encode())
    assert digest.hexdigest() == expected.hexdigest()
    rest = console.backend.logs(NODE, launched.attempt, LogPosition(0, 100), follow=False, streams=("stderr",))
    assert (await text_of(rest, "stderr")) == "".join(f"{n}\n" for n in range(1, 1001)).encode()[100:]


async def test_a_flood_is_there_before_it_is_read_for_metrics(connect: Connect, tmp_path: Path) -> None:
    """Also when the agent is killed in between; the tail is asked for without what is before it."""
    console = await connect()
    rest = " and words until it is as long as a line of a log that tells all about one step often is"
    script = f"print(''.join(f'step {{n}} loss={{n}}.5{rest}\\n' for n in range(50_000)), end='')"
    expected = "".join(f"step {n} loss={n}.5{rest}\n" for n in range(50_000)).encode()
    launched = order(sys.executable, "-c", script)
    await console.backend.launch(launched)
    text = await text_of(console.log(launched.attempt), "stdout")
    assert hashlib.sha256(text).digest() == hashlib.sha256(expected).digest()
    early = await console.backend.history(NODE, launched.attempt, "")
    assert not early.is_complete
    seen = len(console.reports)
    (agent,) = processes(tmp_path, "agent")
    os.kill(agent, signal.SIGKILL)
    await console.wait_for(lambda report: report if isinstance(report, NodeUp) else None, since=seen)
    tail = console.backend.logs(
        NODE, launched.attempt, LogPosition(), follow=True, streams=("stdout", "stderr"), tail_bytes=100_000
    )
    chunks = [chunk async for chunk in tail]
    assert chunks[0].offset == len(expected) - 100_000
    assert b"".join(chunk.data for chunk in chunks) == expected[-100_000:]
    assert await text_of(console.log(launched.attempt), "stdout") == expected
    history = await whole_history(console, launched.attempt)
    assert [point.value for point in history.metrics] == [n + 0.5 for n in range(50_000)]


async def test_the_metrics_file_wins_over_the_text(connect: Connect) -> None:
    console = await connect()
    script = (
        'echo \'{"progress": 0.5, "step": 7, "loss": 0.25, "lr": NaN}\' >> $CLUSTERDECK_METRICS;'
        "sleep 0.5; echo 'Epoch 1/10 loss=9 acc=0.5'; sleep 0.2"
    )
    launched = order("bash", "-c", script)
    await console.backend.launch(launched)
    await text_of(console.log(launched.attempt), "stdout")
    history = await whole_history(console, launched.attempt)
    assert [(point.name, point.step, point.value) for point in history.metrics if point.name != "lr"] == [
        ("loss", 7.0, 0.25),
        ("acc", 1.0, 0.5),
    ]
    read = await console.wait_for(lambda report: report if isinstance(report, ProgressRead) else None)
    assert read.progress.fraction == 0.5


async def test_running_jobs_are_sampled(connect: Connect) -> None:
    console = await connect()
    launched = order("bash", "-c", "while :; do :; done")
    await console.backend.launch(launched)

    def sampled(report: object) -> NodeSampled | None:
        return report if isinstance(report, NodeSampled) and report.attempts else None

    found = await console.wait_for(sampled)
    ((attempt, sample),) = found.attempts
    assert attempt == launched.attempt
    assert sample.cpu_percent is not None
    assert sample.cpu_percent > 0
    assert sample.memory_mib is not None
    assert sample.memory_mib > 0
    await console.backend.stop(NODE, launched.attempt, reason="enough")
    await text_of(console.log(launched.attempt), "stdout")
    history = await whole_history(console, launched.attempt)
    assert sample.time in [each.time for each in history.samples]


async def test_acknowledge_and_forget(connect: Connect, tmp_path: Path) -> None:
    console = await connect()
    launched = order("true")
    await console.backend.launch(launched)
    await console.wait_for_phase(launched.attempt, AttemptPhase.ENDED)
    await console.backend.acknowledge(NODE, launched.attempt)
    directory = attempt_directory(tmp_path, launched.attempt)
    await until((directory / "ack").exists)
    await console.backend.forget(NODE, launched.attempt)
    await until(lambda: not directory.exists())
    with pytest.raises(NotFound):
        await console.backend.history(NODE, launched.attempt, "")
    assert not checkpoints(tmp_path, launched.job)


async def test_an_unknown_host_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="SSH are not supported yet"):
        AgentsBackend([("a", "gpu1")], state_dir=str(tmp_path), database_id=DATABASE, epoch=1, clock=WallClock())


async def test_a_state_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    console = Console(blocked)
    try:
        await console.backend.start(console._take)
        gone = await console.wait_for(lambda report: report if isinstance(report, NodeGone) else None)
        assert str(blocked) in gone.reason
        with pytest.raises(NobodyToDoIt, match="out of reach"):
            await console.backend.launch(order("true"))
    finally:
        await console.backend.close()


@pytest.mark.parametrize(
    "garbage",
    [
        os.urandom(4096),
        struct.pack("!I", 1 << 30),
        b"GET / HTTP/1.1\r\n\r\n",
        struct.pack("!IB", 3, 1) + b"{}",
        struct.pack("!IB", 5001, 1) + b"[" * 5000,
        struct.pack("!IB", 16, 1) + json.dumps({"type": "ping"}).encode()[:15],
    ],
    ids=["random", "one GiB", "http", "no type", "deep", "no hello"],
)
async def test_garbage_ends_that_link_only(connect: Connect, tmp_path: Path, garbage: bytes) -> None:
    console = await connect()
    reader, writer = await asyncio.open_unix_connection(socket_of(tmp_path))
    writer.write(garbage)
    async with asyncio.timeout(30):
        answer = await reader.read()
    writer.close()
    assert b'"bye"' in answer
    launched = order("true")
    await console.backend.launch(launched)
    await console.wait_for_phase(launched.attempt, AttemptPhase.ENDED)
    assert not any(isinstance(report, NodeGone) for report in console.reports)


async def test_modes_are_private_even_with_umask_000(connect: Connect, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        console = await connect()
        launched = order("bash", "-c", "umask; echo loss=1")
        await console.backend.launch(launched)
        assert (await text_of(console.log(launched.attempt), "stdout")).startswith(b"0000\n")
    finally:
        os.umask(before)
    await console.wait_for_phase(launched.attempt, AttemptPhase.ENDED)
    assert open_to_others(tmp_path) == []
    place = socket_of(tmp_path)
    assert stat.S_IMODE(os.lstat(place).st_mode) == 0o600
    assert stat.S_IMODE(os.lstat(os.path.dirname(place)).st_mode) == 0o700


async def test_a_socket_that_vanished_is_made_anew(connect: Connect, tmp_path: Path) -> None:
    console = await connect()
    agents = processes(tmp_path, "agent")
    os.unlink(socket_of(tmp_path))
    await until(lambda: os.path.lexists(socket_of(tmp_path)))
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(socket_of(tmp_path))
    assert processes(tmp_path, "agent") == agents
    assert not any(isinstance(report, NodeGone) for report in console.reports)
