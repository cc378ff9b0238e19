"""How an attempt ends, and what is recorded of it."""

from __future__ import annotations

import os
import signal
import stat
import sys
from pathlib import Path

import pytest

from agent.core.lifecycle import ENDED, NEVER_RAN, PREPARED, REVOKED
from tests.harness.attempts import Workbench, wait_until

SPIN = "while :; do sleep 0.05; done"
PYTHON = sys.executable


@pytest.mark.parametrize("code", [0, 1, 3, 255])
def test_the_exit_code_is_recorded(bench: Workbench, code: int) -> None:
    record = bench.run(["sh", "-c", f"exit {code}"])
    assert (record.code, record.signal, record.unknown, record.reason) == (code, None, False, None)
    assert record.started_at is not None
    assert record.duration_s >= 0


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_the_signal_is_recorded(bench: Workbench, number: signal.Signals) -> None:
    record = bench.run(["sh", "-c", f"kill -{int(number)} $$"])
    assert (record.code, record.signal, record.unknown) == (None, int(number), False)


def test_both_streams_are_kept_byte_for_byte(bench: Workbench) -> None:
    data = bytes(range(256)) * 5000
    script = "import sys; d = bytes(range(256)) * 5000; sys.stdout.buffer.write(d); sys.stderr.buffer.write(d[::-1])"
    attempt_id = bench.launch([PYTHON, "-c", script])
    assert bench.exit_of(attempt_id).code == 0
    assert bench.output(attempt_id) == data
    assert bench.output(attempt_id, "stderr") == data[::-1]
    assert bench.store.log_size(attempt_id, "stdout") == len(data)
    assert len([name for name in os.listdir(bench.files(attempt_id).path) if name.startswith("stdout.")]) == 2
    assert bench.store.log_range(attempt_id, "stdout", (1 << 20) - 3, 7) == data[(1 << 20) - 3 :][:7]


def test_stdin_is_empty(bench: Workbench) -> None:
    attempt_id = bench.launch(["sh", "-c", "cat; echo end"])
    assert bench.exit_of(attempt_id).code == 0
    assert bench.output(attempt_id) == b"end\n"


def test_a_job_may_open_its_output_again(bench: Workbench) -> None:
    attempt_id = bench.launch(["sh", "-c", "echo one > /dev/stdout; echo two > /proc/self/fd/2"])
    assert bench.exit_of(attempt_id).code == 0
    assert (bench.output(attempt_id), bench.output(attempt_id, "stderr")) == (b"one\n", b"two\n")


@pytest.mark.parametrize(
    ("argv", "workdir", "reason", "code"),
    [
        (["no-such-command-here"], None, "command not found: no-such-command-here", 127),
        (["/etc/passwd"], None, "no permission to execute /etc/passwd", 126),
        (["true"], "/no/such/place", "directory /no/such/place does not exist", 126),
        (["true"], "/etc/hostname", "/etc/hostname is not a directory", 126),
    ],
)
def test_a_command_that_cannot_be_executed_never_started(
    bench: Workbench, argv: list[str], workdir: str | None, reason: str, code: int
) -> None:
    attempt_id = bench.launch(argv, workdir=workdir)
    record = bench.exit_of(attempt_id)
    assert (record.reason, record.code, record.started_at) == (reason, code, None)
    assert not bench.files(attempt_id).has("started")


def test_environment_directory_and_arguments_arrive_as_they_are(bench: Workbench, tmp_path: Path) -> None:
    odd = tmp_path / "a b'\"$x\nü"
    odd.mkdir()
    script = "import os, sys; print(ascii([sys.argv[1:], os.getcwd(), os.environ['V'], os.environ['W']]))"
    bench.environment["V"] = "login"
    bench.environment["W"] = "not utf-8: \udcff"
    attempt_id = bench.launch([PYTHON, "-c", script, "$(id)", "a\nb", "*"], workdir=str(odd), env={"V": "job's"})
    assert bench.exit_of(attempt_id).code == 0
    assert bench.output(attempt_id).decode().strip() == ascii(
        [["$(id)", "a\nb", "*"], str(odd), "job's", "not utf-8: \udcff"]
    )


def test_what_belongs_to_the_attempt_is_in_its_environment(bench: Workbench) -> None:
    attempt_id = bench.launch(["env"], gpu_uuids=["GPU-a", "GPU-b"], env={"CUDA_VISIBLE_DEVICES": "7"})
    assert bench.exit_of(attempt_id).code == 0
    variables = dict(line.split("=", 1) for line in bench.output(attempt_id).decode().splitlines())
    directory = bench.files(attempt_id).path
    assert variables["CUDA_VISIBLE_DEVICES"] == "GPU-a,GPU-b"
    assert variables["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"
    assert variables["CLUSTERDECK_ATTEMPT"] == attempt_id
    assert variables["CLUSTERDECK_METRICS"] == f"{directory}/metrics.jsonl"
    assert os.path.realpath(f"{directory}/checkpoints") == variables["CLUSTERDECK_CHECKPOINT_DIR"]
    assert variables["PWD"] == bench.root
    assert set(variables) & {"PYTEST_CURRENT_TEST", "CLUSTERDECK_FAILPOINT"} == set()


@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_setup_lines_run_first_in_the_same_shell(bench: Workbench, tmp_path: Path, shell: str) -> None:
    if shell == "sh":
        only = tmp_path / "bin"
        only.mkdir()
        for name in ("sh", "env"):
            (only / name).symlink_to(f"/bin/{name}")
        bench.environment["PATH"] = str(only)
    setup = ["export A='x y'; B=$#", 'export B="$B/$1"']
    attempt_id = bench.launch(["sh", "-c", 'echo "$A|$B|$1"', "_", "-n $HOME"], setup=setup)
    assert bench.exit_of(attempt_id).code == 0
    assert bench.output(attempt_id) == b"x y|0/|-n $HOME\n"


def test_a_failing_setup_line_ends_the_attempt_before_the_command(bench: Workbench) -> None:
    attempt_id = bench.launch(["echo", "ran"], setup=["true", "(exit 4)", "echo not here"])
    assert bench.exit_of(attempt_id).code == 4
    assert bench.output(attempt_id) == b""
    assert b"setup failed with code 4: (exit 4)" in bench.output(attempt_id, "stderr")


def test_the_time_limit_ends_it_with_that_reason(bench: Workbench) -> None:
    record = bench.run(["sh", "-c", SPIN], time_limit_s=0.3)
    assert (record.reason, record.signal) == ("time limit", signal.SIGTERM)


def test_the_memory_limit_ends_it_with_that_reason(bench: Workbench) -> None:
    script = "import time; held = bytearray(b'x') * (80 << 20); time.sleep(60)"
    record = bench.run([PYTHON, "-c", script], memory_mib=40)
    assert (record.reason, record.signal) == ("out of memory", signal.SIGKILL)
    assert record.peaks["rss_mib"] > 40


def test_stop_ends_a_job_that_ignores_sigterm(bench: Workbench) -> None:
    attempt_id = bench.start(["sh", "-c", f"trap '' TERM; echo ready; {SPIN}"])
    wait_until(lambda: bench.output(attempt_id), "the job's first line")
    bench.store.request_stop(attempt_id, "stopped by user", 0.2)
    record = bench.exit_of(attempt_id)
    assert (record.reason, record.signal) == ("stopped by user", signal.SIGKILL)


def test_stop_lets_a_job_end_by_itself_in_the_grace_period(bench: Workbench) -> None:
    attempt_id = bench.start(["sh", "-c", f"trap 'echo saved; exit 5' TERM; echo ready; {SPIN}"])
    wait_until(lambda: bench.output(attempt_id), "the job's first line")
    bench.store.request_stop(attempt_id, "stopped by user", 15.0)
    record = bench.exit_of(attempt_id)
    assert (record.reason, record.code) == ("stopped by user", 5)
    assert bench.output(attempt_id) == b"ready\nsaved\n"


def test_stop_reaches_a_process_that_left_the_group_and_ignores_sigterm(bench: Workbench) -> None:
    escapee = (
        "import os, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "if os.fork(): os._exit(0)\n"
        "os.setsid()\n"
        "if os.fork(): os._exit(0)\n"
        "print('away', flush=True)\n"
        "time.sleep(600)\n"
    )
    attempt_id = bench.start(["sh", "-c", f'"$0" -c "$1"; {SPIN}', PYTHON, escapee])
    wait_until(lambda: bench.output(attempt_id), "the escapee's line")
    assert len(bench.members(attempt_id)) >= 2
    bench.store.request_stop(attempt_id, "stopped by user", 0.2)
    assert bench.exit_of(attempt_id).reason == "stopped by user"
    assert bench.members(attempt_id) == []


def test_stop_empties_a_tree_that_keeps_forking(bench: Workbench) -> None:
    bomb = (
        "import os, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
        "print('boom', flush=True)\n"
        "while True:\n"
        "    if len(os.listdir('/proc')) < 400: os.fork()\n"
        "    time.sleep(0.01)\n"
    )
    attempt_id = bench.start([PYTHON, "-c", bomb])
    wait_until(lambda: len(bench.members(attempt_id)) > 40, "the bomb's growth")
    bench.store.request_stop(attempt_id, "stopped by user", 0.1)
    assert bench.exit_of(attempt_id).reason == "stopped by user"
    assert bench.members(attempt_id) == []


def test_a_process_that_outlives_the_main_one_is_ended_and_counted(bench: Workbench) -> None:
    attempt_id = bench.launch(["sh", "-c", "sleep 600 & echo done"])
    record = bench.exit_of(attempt_id)
    assert (record.code, record.reason, record.stragglers) == (0, None, 1)
    assert bench.members(attempt_id) == []
    assert bench.output(attempt_id) == b"done\n"


def test_a_stop_before_the_launch_ends_it_without_running(bench: Workbench) -> None:
    attempt_id = bench.prepare(["echo", "ran"])
    bench.store.request_stop(attempt_id, "stopped by user", 1.0)
    bench.template.launch(attempt_id, bench.environment)
    record = bench.exit_of(attempt_id)
    assert (record.reason, record.started_at, record.code) == ("stopped by user", None, None)
    assert not bench.files(attempt_id).has("gate")
    assert bench.output(attempt_id) == b""


def test_a_revoked_attempt_never_runs(bench: Workbench) -> None:
    attempt_id = bench.prepare(["echo", "ran"])
    assert bench.store.revoke(attempt_id)
    bench.template.launch(attempt_id, bench.environment)
    other = bench.launch(["true"])
    bench.exit_of(other)
    assert bench.store.phase(attempt_id) == REVOKED
    assert not bench.files(attempt_id).has("gate")


def test_what_was_launched_cannot_be_revoked(bench: Workbench) -> None:
    attempt_id = bench.launch(["true"])
    bench.exit_of(attempt_id)
    assert not bench.store.revoke(attempt_id)
    assert bench.store.phase(attempt_id) == ENDED


def test_a_launch_that_was_not_prepared_does_nothing(bench: Workbench) -> None:
    attempt_id = bench.prepare(["true"])
    os.unlink(bench.files(attempt_id).file("spec.json"))
    bench.template.launch(attempt_id, bench.environment)
    wait_until(lambda: any(n.kind == "refused" for n in bench.template.read_notices()), "the refusal")
    assert bench.store.phase(attempt_id) not in (PREPARED, NEVER_RAN, ENDED)


def test_everything_is_private_under_umask_0_and_the_job_keeps_its_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        bench = Workbench(str(tmp_path / "state"))
        attempt_id = bench.launch(["sh", "-c", "umask; echo x >&2"])
        bench.exit_of(attempt_id)
        bench.store.acknowledge(attempt_id)
    finally:
        os.umask(before)
    assert bench.output(attempt_id).strip() == b"0000"
    for folder, _, names in os.walk(tmp_path / "state"):
        assert stat.S_IMODE(os.lstat(folder).st_mode) == 0o700
        for name in names:
            status = os.lstat(os.path.join(folder, name))
            assert stat.S_ISLNK(status.st_mode) or stat.S_IMODE(status.st_mode) == 0o600, name
    bench.close()


def test_notices_tell_of_start_and_end(bench: Workbench) -> None:
    attempt_id = bench.launch(["true"])
    kinds: list[str] = []
    wait_until(lambda: kinds.extend(n.kind for n in bench.template.read_notices()) or "ended" in kinds, "the notices")
    assert kinds == ["started", "ended"]
    assert bench.store.phase(attempt_id) == ENDED


def test_many_short_jobs_have_exact_codes_and_whole_output(bench: Workbench) -> None:
    attempts = {bench.launch(["sh", "-c", f"echo {number}; exit {number}"]): number for number in range(40)}
    for attempt_id, number in attempts.items():
        assert bench.exit_of(attempt_id).code == number
        assert bench.output(attempt_id) == b"%d\n" % number
