"""Whatever dies: no byte of output is lost, no job is killed, nothing runs twice."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.core.lifecycle import ABSENT, ENDED, LOST, NEVER_RAN, PREPARED, RUNNING
from agent.host.attempts import AttemptStore
from agent.host.failpoints import VARIABLE
from agent.host.identity import same_process
from agent.host.syscalls import pidfd_wait_status
from agent.supervisor.policy import Policy
from tests.harness.attempts import SHORT, Workbench, new_attempt_id, wait_until

PYTHON = sys.executable

# Prints numbered lines to both streams for as long as it is told to, then "done".
COUNTER = """
import os, sys
n = 0
while not os.path.exists(sys.argv[1]):
    for _ in range(200):
        n += 1
        sys.stdout.write("out %08d %s\\n" % (n, "x" * (n % 60)))
        sys.stderr.write("err %08d\\n" % n)
    sys.stdout.flush()
print("done", n, flush=True)
sys.exit(7)
"""


def counting_job(bench: Workbench) -> tuple[str, Path]:
    """A running counter and the file whose creation ends it."""
    end = Path(bench.root) / f"end-{new_attempt_id()}"
    attempt_id = bench.start([PYTHON, "-c", COUNTER, str(end)])
    return attempt_id, end


def assert_whole(bench: Workbench, attempt_id: str) -> int:
    """Every line of both streams once, in order and untorn; returns how many."""
    lines = bench.output(attempt_id).decode().splitlines()
    count = int(lines[-1].split()[1])
    assert lines[-1] == f"done {count}"
    for number, line in enumerate(lines[:-1], 1):
        assert line == f"out {number:08d} {'x' * (number % 60)}"
    assert len(lines) == count + 1
    assert bench.output(attempt_id, "stderr").decode().splitlines() == [f"err {n:08d}" for n in range(1, count + 1)]
    return count


def grown(bench: Workbench, attempt_id: str) -> None:
    """Wait until more output was kept."""
    size = bench.store.log_size(attempt_id, "stdout")
    wait_until(lambda: bench.store.log_size(attempt_id, "stdout") > size, "more output")


def kernel_tells_exit_codes() -> bool:
    """True where a pidfd tells the exit code of a stranger's child."""
    pid = os.fork()
    if pid == 0:
        os._exit(3)
    descriptor = os.pidfd_open(pid)
    os.waitpid(pid, 0)
    told = pidfd_wait_status(descriptor) is not None
    os.close(descriptor)
    return told


def test_a_pump_killed_again_and_again_loses_tears_and_doubles_nothing(bench: Workbench) -> None:
    attempt_id, end = counting_job(bench)
    supervisor = bench.supervisor(attempt_id)
    killed: set[int | None] = {None}
    for _ in range(15):
        wait_until(lambda: bench.pump(attempt_id) not in killed, "a new pump")
        pump = bench.pump(attempt_id)
        grown(bench, attempt_id)
        if pump is not None:
            os.kill(pump, signal.SIGKILL)
            killed.add(pump)
    end.touch()
    assert bench.exit_of(attempt_id).code == 7
    assert bench.supervisor(attempt_id) == supervisor
    assert assert_whole(bench, attempt_id) > 1000


def test_supervisor_and_pump_killed_then_adopted(bench: Workbench) -> None:
    attempt_id, end = counting_job(bench)
    launched = bench.files(attempt_id).launch_record()
    assert launched is not None
    for _ in range(5):
        grown(bench, attempt_id)
        bench.kill_supervisor(attempt_id)
        report = bench.store.report(attempt_id)
        assert (report.phase, report.supervised) == (RUNNING, False)
        bench.template.adopt(attempt_id)
        wait_until(lambda: bench.store.report(attempt_id).supervised, "the adoption")
    bench.template.adopt(attempt_id)
    assert same_process(launched.process)
    grown(bench, attempt_id)
    end.touch()
    record = bench.exit_of(attempt_id)
    assert record.started_at is not None
    if kernel_tells_exit_codes():
        assert (record.code, record.unknown) == (7, False)
    else:
        assert (record.code, record.unknown) == (None, True)
    assert_whole(bench, attempt_id)


def test_a_job_without_anybody_waits_on_the_full_pipe_and_goes_on(bench: Workbench) -> None:
    attempt_id, end = counting_job(bench)
    bench.kill_supervisor(attempt_id)
    bench.template.close()
    launched = bench.files(attempt_id).launch_record()
    assert launched is not None
    wait_until(lambda: _is_blocked_on_pipe(launched.process.pid), "the job being blocked")
    end.touch()
    bench.restart_template()
    bench.template.adopt(attempt_id)
    bench.exit_of(attempt_id)
    assert_whole(bench, attempt_id)


def test_the_template_replaces_a_dead_supervisor_by_itself(tmp_path: Path) -> None:
    policy = Policy(poll_s=0.2, sample_s=0.1, straggler_grace_s=0.2, segment_bytes=1 << 20)
    bench = Workbench(str(tmp_path), policy)
    attempt_id, end = counting_job(bench)
    for _ in range(3):
        dead = bench.supervisor(attempt_id)
        os.kill(dead.pid, signal.SIGKILL)
        wait_until(lambda d=dead: bench.supervisor(attempt_id) != d, "the replacement")
        grown(bench, attempt_id)
    end.touch()
    bench.exit_of(attempt_id)
    assert_whole(bench, attempt_id)
    bench.close()


def test_output_in_the_pipes_survives_supervisor_and_job(bench: Workbench, tmp_path: Path) -> None:
    go_on = tmp_path / "go on"
    script = f"while [ ! -e '{go_on}' ]; do sleep 0.01; done; echo last words"
    attempt_id = bench.start(["sh", "-c", script])
    bench.kill_supervisor(attempt_id)
    go_on.touch()
    bench.wait_phase(attempt_id, LOST)
    bench.template.adopt(attempt_id)
    wait_until(lambda: bench.output(attempt_id) == b"last words\n", "the job's last line")
    assert bench.store.phase(attempt_id) == LOST


def test_supervisors_outlive_the_template_and_the_agent(bench: Workbench) -> None:
    attempt_id, end = counting_job(bench)
    supervisor = bench.supervisor(attempt_id)
    bench.restart_template()
    grown(bench, attempt_id)
    assert bench.supervisor(attempt_id) == supervisor
    bench.template.adopt(attempt_id)
    end.touch()
    assert bench.exit_of(attempt_id).code == 7
    assert_whole(bench, attempt_id)


def test_a_dead_template_is_noticed(bench: Workbench) -> None:
    assert bench.template.is_alive()
    os.kill(bench.template.pid, signal.SIGKILL)
    wait_until(lambda: not bench.template.is_alive(), "the template's death being seen")


def test_stop_reaches_an_adopted_job_and_its_escapees(bench: Workbench) -> None:
    escapee = (
        "import os, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "if os.fork(): os._exit(0)\n"
        "os.setsid()\n"
        "if os.fork(): os._exit(0)\n"
        "print('away', flush=True)\n"
        "time.sleep(600)\n"
    )
    script = '"$0" -c "$1"; while :; do sleep 0.05; done'
    attempt_id = bench.start(["sh", "-c", script, PYTHON, escapee])
    wait_until(lambda: bench.output(attempt_id), "the escapee's line")
    bench.kill_supervisor(attempt_id)
    bench.store.request_stop(attempt_id, "stopped by user", 0.3)
    bench.template.adopt(attempt_id)
    assert bench.exit_of(attempt_id).reason == "stopped by user"
    assert bench.members(attempt_id) == []


def test_a_job_that_ended_with_nobody_watching_is_lost_never_exit_0(bench: Workbench) -> None:
    attempt_id = bench.start(["sleep", "600"])
    bench.kill_supervisor(attempt_id)
    launched = bench.files(attempt_id).launch_record()
    assert launched is not None
    os.kill(launched.process.pid, signal.SIGKILL)
    bench.wait_phase(attempt_id, LOST)
    bench.template.adopt(attempt_id)
    bench.exit_of(bench.launch(["true"]))
    assert bench.store.phase(attempt_id) == LOST
    assert bench.store.report(attempt_id).exit is None


def test_a_job_that_closes_the_lock_still_counts_as_running(bench: Workbench, tmp_path: Path) -> None:
    end = tmp_path / "end"
    script = (
        "import os, sys, time\n"
        "os.closerange(3, 256)\n"
        "print('closed', flush=True)\n"
        "while not os.path.exists(sys.argv[1]): time.sleep(0.01)\n"
        "print('done', flush=True)\n"
    )
    attempt_id = bench.start([PYTHON, "-c", script, str(end)])
    wait_until(lambda: bench.output(attempt_id), "the job's first line")
    bench.kill_supervisor(attempt_id)
    assert bench.store.phase(attempt_id) == RUNNING
    bench.template.adopt(attempt_id)
    wait_until(lambda: bench.store.report(attempt_id).supervised, "the adoption")
    end.touch()
    bench.exit_of(attempt_id)
    assert bench.output(attempt_id) == b"closed\ndone\n"


def test_a_directory_removed_under_a_running_job_harms_neither_job_nor_supervisor(
    bench: Workbench, tmp_path: Path
) -> None:
    end, witness = tmp_path / "end", tmp_path / "witness"
    script = f"while [ ! -e '{end}' ]; do echo x; sleep 0.01; done; echo ended > '{witness}'"
    attempt_id = bench.start(["sh", "-c", script])
    supervisor, pump = bench.supervisor(attempt_id), wait_until(lambda: bench.pump(attempt_id), "a pump")
    shutil.rmtree(bench.files(attempt_id).path)
    os.kill(pump, signal.SIGKILL)
    end.touch()
    wait_until(lambda: not same_process(supervisor), "the supervisor's end")
    assert witness.read_text() == "ended\n"
    assert bench.store.phase(attempt_id) == ABSENT


def test_after_a_reboot_it_is_lost_and_never_running(bench: Workbench) -> None:
    attempt_id = bench.start(["sleep", "600"])
    later = AttemptStore(bench.root, boot=lambda: "another boot")
    assert later.phase(attempt_id) == LOST
    assert bench.store.phase(attempt_id) == RUNNING


def test_racing_launches_of_one_attempt_start_one_process(bench: Workbench, tmp_path: Path) -> None:
    other = Workbench(bench.root)
    witness = tmp_path / "witness"
    attempts = [bench.prepare(["sh", "-c", f"echo $CLUSTERDECK_ATTEMPT >> {witness}"]) for _ in range(15)]
    for attempt_id in attempts:
        sides = [
            threading.Thread(target=side.template.launch, args=(attempt_id, bench.environment))
            for side in (bench, other, bench, other)
        ]
        for side in sides:
            side.start()
        for side in sides:
            side.join(10)
    for attempt_id in attempts:
        assert bench.exit_of(attempt_id).code == 0
    assert sorted(witness.read_text().split()) == sorted(attempts)
    other.close()


@pytest.fixture
def failing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workbench]:
    """A workbench whose first template's supervisors die at a failpoint that the test sets."""
    bench = Workbench(str(tmp_path), SHORT)
    yield bench
    bench.close()


@pytest.mark.parametrize(
    ("name", "phase", "ran"),
    [
        ("launch.locked", PREPARED, False),
        ("launch.intent", NEVER_RAN, False),
        ("launch.fifos", NEVER_RAN, False),
        ("launch.forked", NEVER_RAN, False),
        ("launch.pid", NEVER_RAN, False),
        ("launch.gate", LOST, False),
        ("launch.go", ENDED, True),
        ("launch.started", ENDED, True),
        ("pump.moved", ENDED, True),
        ("exit.reaped", LOST, True),
        ("exit.swept", LOST, True),
        ("exit.drained", LOST, True),
        ("exit.recorded", ENDED, True),
    ],
)
def test_death_at_each_step_leaves_a_provable_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, phase: str, ran: bool
) -> None:
    witness = tmp_path / "witness"
    go_on = tmp_path / "go on"
    monkeypatch.setenv(VARIABLE, f"{name}:1")
    bench = Workbench(str(tmp_path / "state"))
    monkeypatch.delenv(VARIABLE)
    script = f"echo ran >> {witness}; while [ ! -e '{go_on}' ]; do sleep 0.01; done; echo output; exit 6"
    if name.startswith("exit."):
        go_on.touch()
    attempt_id = bench.launch(["sh", "-c", script])
    if name == "pump.moved":
        # Each pump dies at its first bytes and is replaced; only the pump passes this place.
        go_on.touch()
        assert bench.exit_of(attempt_id).code == 6
    else:
        watcher = wait_until(lambda: bench.files(attempt_id).watcher(), "a supervisor")
        wait_until(lambda: not same_process(watcher), f"the death at {name}")
        wait_until(lambda: not bench.files(attempt_id).is_supervised(), "the lock being free")
    bench.restart_template()
    if ran:
        wait_until(witness.exists, "the job having run")
    if name in ("launch.go", "launch.started"):
        bench.template.adopt(attempt_id)
        wait_until(lambda: bench.store.report(attempt_id).supervised, "the adoption")
        bench.wait_phase(attempt_id, RUNNING)
        go_on.touch()
    bench.wait_phase(attempt_id, phase)
    # Adopting and launching again changes nothing that was decided, and runs nothing a second time.
    bench.template.adopt(attempt_id)
    bench.template.launch(attempt_id, bench.environment)
    if phase == PREPARED:
        go_on.touch()
        assert bench.exit_of(attempt_id).code == 6
        ran = True
    else:
        bench.exit_of(bench.launch(["true"]))
        assert bench.store.phase(attempt_id) == phase
    assert (witness.read_text() if witness.exists() else "") == ("ran\n" if ran else "")
    if phase in (ENDED, PREPARED):
        assert bench.output(attempt_id) == b"output\n"
    bench.close()


@pytest.mark.parametrize("name", ["prepare.directory", "prepare.spec"])
def test_death_while_preparing_leaves_it_absent_or_prepared(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    attempt_id = bench.prepare(["true"])
    spec = bench.files(attempt_id).spec()
    assert spec is not None
    bench.store.revoke(attempt_id)
    bench.store.forget(attempt_id)
    pid = os.fork()
    if pid == 0:
        os.environ[VARIABLE] = name
        AttemptStore(bench.root).prepare(spec)
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(pid, 0)[1]) == signal.SIGKILL
    assert bench.store.phase(attempt_id) == (ABSENT if name == "prepare.directory" else PREPARED)
    assert bench.store.prepare(spec) == PREPARED
    bench.template.launch(attempt_id, bench.environment)
    assert bench.exit_of(attempt_id).code == 0


def _is_blocked_on_pipe(pid: int) -> bool:
    with open(f"/proc/{pid}/wchan", encoding="ascii") as file:
        return "pipe" in file.read()
