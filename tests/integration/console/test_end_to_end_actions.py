"""What a person does with jobs: order, stop, restart, delete, edit; and what a job gets is what was sent."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from tests.harness.deck import Deck, identity, temporary_deck, until

CPUS = len(os.sched_getaffinity(0))
SLEEP = "import time; time.sleep(600)"
# Ignores SIGTERM, and so does its child in a session of its own.
STUBBORN = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open("grandchild", "w").close()
        time.sleep(600)
    os._exit(0)
while not os.path.exists("grandchild"):
    time.sleep(0.01)
print("ready", flush=True)
time.sleep(600)
"""
RECEIVED = """
import json, os, sys
print(json.dumps({"argv": sys.argv[1:], "env": dict(os.environ), "cwd": os.getcwd(), "stdin": sys.stdin.read()}))
"""
STRANGE = (
    *("", " ", "two words", "'", '"', "\\", "$HOME `id` $(id)", "a\nb\n", "\t", "*", "~", "-rf", "--", "#!", ";&|<>"),
    *("Größe", "日本語", "e\u0301", "\u202e", "🦊", "{", "}", "{}", "{epoch}", "%s", "x" * 5000),
)


def test_high_goes_first_and_inside_a_priority_the_oldest(deck: Deck) -> None:
    order = deck.home.parent / "order"
    names = [("l1", "low"), ("m1", "medium"), ("h1", "high"), ("l2", "low"), ("h2", "high"), ("m2", "medium")]
    for name, priority in names:
        deck.submit("bash", "-c", f"echo {name} >> {order}", name=name, priority=priority, cpus=CPUS)
    deck.serve()
    deck.wait_for("l2", "completed")
    assert order.read_text().split() == ["h1", "h2", "m1", "m2", "l1", "l2"]


def test_a_job_that_does_not_fit_lets_others_pass_and_says_why(deck: Deck) -> None:
    big = deck.submit("true", cpus=CPUS + 1, priority="high")
    many = deck.submit("true", gpus=64)
    small = deck.submit("true")
    deck.serve()
    deck.wait_for(small, "completed")
    assert "CPU" in deck.wait_for(big, "pending")["reason"]
    assert "GPU" in deck.wait_for(many, "pending")["reason"]


def test_stop_leaves_no_process_of_a_job_that_ignores_it(deck: Deck) -> None:
    deck.serve()
    job = deck.python(STUBBORN)
    until((deck.home.parent / "grandchild").exists, "the grandchild")
    until(lambda: len(deck.processes("job")) == 2, "job and grandchild")
    deck.ok("stop", job)
    shown = deck.show(job)
    assert (shown["status"], shown["reason"]) == ("failed", "stopped by user")
    assert deck.processes("job") == []
    assert deck.raw(job) == b"ready\n"


def test_stop_of_a_pending_job(deck: Deck) -> None:
    deck.serve()
    job = deck.submit("true", cpus=CPUS + 1)
    deck.ok("stop", job)
    shown = deck.show(job)
    assert (shown["status"], shown["reason"], shown["attempts"]) == ("failed", "stopped by user", 0)
    again = deck.run("stop", job)
    assert (again.code, again.out) == (1, b"")


def test_restart_keeps_what_was_written(deck: Deck) -> None:
    deck.serve()
    job = deck.submit("bash", "-c", 'echo $CLUSTERDECK_ATTEMPT; test -f "$CLUSTERDECK_CHECKPOINT_DIR/x" || '
                      '{ touch "$CLUSTERDECK_CHECKPOINT_DIR/x"; exit 9; }')  # fmt: skip
    first = deck.wait_for(job, "failed")
    deck.ok("restart", job)
    second = deck.wait_for(job, "completed")
    assert second["attempts"] == 2
    assert second["created_at"] == first["created_at"]
    assert deck.ok("logs", job, "--attempt", "1") == f"{job}-1\n".encode()
    assert deck.ok("logs", job, "--attempt", "2") == deck.ok("logs", job) == f"{job}-2\n".encode()
    missing = deck.run("logs", job, "--attempt", "3")
    assert missing.code == 3


def test_restart_of_what_runs_or_waits_is_refused(deck: Deck) -> None:
    deck.serve()
    running, waiting = deck.python(SLEEP), deck.submit("true", cpus=CPUS + 1)
    deck.wait_for(running, "running")
    for job in (running, waiting):
        ran = deck.run("restart", job)
        assert (ran.code, ran.out) == (1, b"")
        assert len(ran.err.splitlines()) == 1
    refused = deck.run("edit", running, "--epochs", "3")
    assert refused.code == 1
    assert "unning" in refused.err


def test_delete_of_a_running_job_ends_it_and_takes_its_directory(deck: Deck) -> None:
    deck.serve()
    job = deck.python(SLEEP)
    deck.wait_for(job, "running")
    pid = deck.pid_of(job)
    before, directory = identity(pid), deck.attempt(job)
    assert before is not None
    unasked = deck.run("delete", job)
    assert unasked.code == 2
    assert "--yes" in unasked.err
    deck.ok("delete", job, "--yes")
    assert deck.run("show", job).code == 3
    assert identity(pid) != before
    until(lambda: not directory.exists(), "the attempt's directory being removed")
    until(lambda: not list((deck.home / "agent").glob(f"*/checkpoints/{job}")), "its checkpoints being removed")
    assert deck.json("jobs") == []
    # Its number is never given again.
    assert deck.show(deck.submit("true"))["number"] == 2


def test_edit_of_a_pending_job_changes_what_runs(deck: Deck) -> None:
    deck.serve()
    job = deck.submit("echo", "{epochs}", epochs=1, cpus=CPUS + 1, env="A=1")
    deck.ok("edit", job, "--epochs", "5", "--cpus", "1", "--name", "edited", "--priority", "high")
    shown = deck.wait_for("edited", "completed")
    assert (shown["id"], shown["priority"], shown["env"]) == (job, "high", {"A": "1"})
    assert deck.raw(job) == b"5\n"
    nothing = deck.run("edit", job)
    assert nothing.code == 2


def test_several_jobs_go_on_past_a_refusal(deck: Deck) -> None:
    deck.serve()
    ended, waiting = deck.submit("true"), deck.submit("true", cpus=CPUS + 1)
    deck.wait_for(ended, "completed")
    ran = deck.run("stop", ended, waiting)
    assert ran.code == 1
    assert deck.show(waiting)["reason"] == "stopped by user"


def test_what_a_job_receives_is_what_was_sent(deck: Deck) -> None:
    folder = deck.home.parent / "a 'dir' with \"all\"\n日本 $HOME"
    folder.mkdir()
    values = {f"V{number}": text for number, text in enumerate(STRANGE) if text}
    file = deck.home.parent / "job.yaml"
    # JSON is YAML too.
    argv = [sys.executable, "-c", RECEIVED, *STRANGE]
    file.write_text(
        json.dumps({"name": "strange", "command": argv, "env": values, "workdir": str(folder)}, ensure_ascii=False)
    )
    deck.serve()
    job = deck.ok("submit", "--file", str(file)).decode().strip()
    assert deck.wait_for(job, "completed", "failed")["status"] == "completed"
    received = json.loads(deck.raw(job))
    assert received["argv"] == list(STRANGE)
    assert {name: received["env"].get(name) for name in values} == values
    assert (received["cwd"], received["stdin"]) == (str(folder), "")
    shown = deck.show(job)
    assert (shown["command"], shown["env"], shown["workdir"]) == (argv, values, str(folder))

    typed = deck.python(RECEIVED, *STRANGE, env="V=a 'b'\n=c", workdir=str(folder))
    deck.wait_for(typed, "completed", "failed")
    received = json.loads(deck.raw(typed))
    assert (received["argv"], received["env"]["V"]) == (list(STRANGE), "a 'b'\n=c")


def test_a_job_gets_the_environment_of_the_interface(deck: Deck) -> None:
    deck.serve()
    job = deck.python(
        RECEIVED,
        epochs=3,
        batch_size=8,
        learning_rate=0.5,
        optimizer="SGD",
        memory=0.5,
        setup="export FROM_SETUP='a b'",
    )
    deck.wait_for(job, "completed")
    env = json.loads(deck.raw(job))["env"]
    told = {name.removeprefix("CLUSTERDECK_"): value for name, value in env.items() if name.startswith("CLUSTERDECK_")}
    paths = {name: Path(told.pop(name)) for name in ("METRICS", "CHECKPOINT_DIR")}
    assert told == {
        "JOB": job,
        "ATTEMPT": f"{job}-1",
        "CPU_CORES": "1",
        "MEMORY_GB": "0.5",
        "EPOCHS": "3",
        "BATCH_SIZE": "8",
        "LEARNING_RATE": "0.5",
        "OPTIMIZER": "SGD",
    }
    assert paths["METRICS"].parent == deck.attempt(job)
    assert paths["CHECKPOINT_DIR"].is_dir()
    assert (env["CUDA_VISIBLE_DEVICES"], env["PYTHONUNBUFFERED"], env["FROM_SETUP"]) == ("", "1", "a b")


def test_nothing_is_open_to_others_whatever_the_umask() -> None:
    with temporary_deck(config="") as deck:
        deck.ok("serve", "--detach", umask=0)
        job = deck.ok("submit", "--epochs", "2", "--", "bash", "-c", "echo loss=1; umask; sleep 1.2", umask=0)
        name = job.decode().strip()
        deck.wait_for(name, "running", "completed")
        deck.ok("logs", name, "-f", umask=0)
        deck.wait_for(name, "completed")
        deck.ok("jobs", umask=0)
        assert len(deck.sockets()) == 1
        assert deck.open_to_others() == []


@pytest.mark.parametrize("option", [(), ("--raw",)])
def test_a_log_that_is_saved_is_for_its_owner(deck: Deck, option: tuple[str, ...]) -> None:
    deck.serve()
    job = deck.submit("echo", "x")
    deck.wait_for(job, "completed")
    target = deck.home.parent / "saved"
    deck.ok("logs", job, *option, "--output", str(target), umask=0)
    assert target.read_bytes() == b"x\n"
    assert target.stat().st_mode & 0o777 == 0o600
    again = deck.run("logs", job, *option, "--output", str(target))
    assert again.code == 2
    assert target.read_bytes() == b"x\n"
