"""From `submit` to the end of a job, by the real command on a real agent: what is asked for is what is said."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.deck import Deck, temporary_deck, until

JOB_KEYS = (
    *("number", "id", "name", "description", "type", "status", "reason", "priority", "experiment", "progress", "eta_s"),
    *("created_at", "started_at", "ended_at", "node", "attempts", "exit_code", "command", "workdir", "env", "config"),
    *("resources", "gpu_ids", "time_limit_s", "retries"),
)
NODE_KEYS = (
    *("name", "host", "state", "reason", "agent_version", "last_seen_s", "cpu", "memory_gb", "gpus", "network"),
    "disk",
)
USAGE_KEYS = (
    *("time", "cpu_percent", "memory_gb", "read_bytes_s", "write_bytes_s", "node_rx_bytes_s", "node_tx_bytes_s"),
    "gpus",
)
ISO_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")

BYTES = bytes(range(256)) * 40 + b"\r\x1b[31m no newline at the end \xff"
BINARY = "import sys; sys.stdout.buffer.write(bytes(range(256)) * 40 + b'\\r\\x1b[31m no newline at the end \\xff')"

TRAINING = """
import os, sys, time
for step in range(1, 5):
    print(f"Epoch {step}/4 loss={1 / step:.3f}", flush=True)
    with open(os.environ["CLUSTERDECK_METRICS"], "a") as file:
        file.write('{"step": %d, "accuracy": %.2f}\\n' % (step, step / 5))
while not os.path.exists("finish"):
    time.sleep(0.02)
print("Traceback is what comes next", file=sys.stderr)
sys.exit(int(os.environ.get("CODE", "0")))
"""


@pytest.fixture(scope="module")
def led() -> Iterator[Deck]:
    """A home with a background process that leads, for tests that don't mind each other's jobs."""
    with temporary_deck() as made:
        made.serve()
        yield made


def test_a_training_is_followed_to_its_end(deck: Deck) -> None:
    job = deck.python(
        TRAINING,
        *("--epochs", "{epochs}"),
        name="digits",
        description="two\nlines",
        type="evaluation",
        priority="high",
        experiment="e2e",
        epochs=4,
        batch_size=16,
        learning_rate=0.001,
        optimizer="Lion",
        env="CODE=3",
        time_limit="2h",
    )
    waiting = deck.show(job)
    assert (waiting["status"], waiting["attempts"], waiting["progress"]) == ("pending", 0, None)

    deck.serve()
    deck.wait_for(job, "running")
    until(lambda: deck.json("usage", job), "samples")
    (deck.home.parent / "finish").touch()
    shown = deck.wait_for(job, "completed", "failed")
    assert tuple(shown) == (*JOB_KEYS, "attempt_list", "events")
    assert (shown["status"], shown["reason"], shown["exit_code"]) == ("failed", "exit code 3", 3)
    assert (shown["number"], shown["id"], shown["node"], shown["attempts"]) == (1, job, "local", 1)
    assert (shown["type"], shown["priority"], shown["experiment"]) == ("Evaluation", "high", "e2e")
    assert (shown["description"], shown["env"], shown["time_limit_s"]) == ("two\nlines", {"CODE": "3"}, 7200)
    assert shown["command"][1:] == ["-c", TRAINING, "--epochs", "{epochs}"]
    assert shown["workdir"] == str(deck.home.parent)
    assert shown["config"] == {"epochs": 4, "batch_size": 16, "learning_rate": 0.001, "optimizer": "Lion"}
    assert shown["resources"] == {"cpu_cores": 1, "memory_gb": 1, "gpu_count": 0}
    assert shown["progress"] >= 0.75
    assert all(ISO_UTC.fullmatch(shown[key]) for key in ("created_at", "started_at", "ended_at"))
    assert shown["created_at"] <= shown["started_at"] < shown["ended_at"]
    kinds = [event["kind"] for event in shown["events"]]
    assert kinds[0] == "JobSubmitted"
    assert kinds.index("AttemptPlanned") < kinds.index("AttemptStarted") < kinds.index("AttemptEnded")

    listed = deck.json("jobs")
    assert [tuple(each) for each in listed] == [JOB_KEYS]
    assert {key: shown[key] for key in JOB_KEYS} == listed[0]
    assert deck.json("jobs", "exp:e2e", "status:failed") == listed
    assert deck.json("jobs", "status:completed") == []

    log = deck.ok("logs", job).decode()
    lines = [f"Epoch {step}/4 loss={1 / step:.3f}" for step in range(1, 5)]
    assert [line for line in log.splitlines() if "Traceback" not in line] == lines
    assert deck.ok("logs", job, "--level", "warning") == b"Traceback is what comes next\n"
    assert deck.raw(job) == "".join(f"{line}\n" for line in lines).encode()
    assert deck.raw(job, "stderr") == b"Traceback is what comes next\n"

    metrics = deck.json("metrics", job)
    assert [[step, value] for step, _, value in metrics["loss"]] == [[1, 1.0], [2, 0.5], [3, 0.333], [4, 0.25]]
    assert [[step, value] for step, _, value in metrics["accuracy"]] == [[1, 0.2], [2, 0.4], [3, 0.6], [4, 0.8]]
    assert all(ISO_UTC.fullmatch(time) for _, time, _ in metrics["loss"])
    usage = deck.json("usage", job)
    assert usage
    assert {tuple(sample) for sample in usage} == {USAGE_KEYS}
    rows = list(csv.DictReader(deck.ok("metrics", job, "--csv").decode().splitlines()))
    assert len(rows) == 8
    assert set(rows[0]) == {"name", "step", "time", "value"}


def test_binary_output_is_kept_byte_for_byte(led: Deck, tmp_path: Path) -> None:
    job = led.python(BINARY)
    led.wait_for(job, "completed")
    assert led.raw(job) == BYTES
    assert led.raw(job, "stderr") == b""
    target = tmp_path / "log"
    led.ok("logs", job, "--raw", "--output", str(target))
    assert target.read_bytes() == BYTES
    assert b"no newline at the end" in led.ok("logs", job)


def test_logs_are_followed_until_the_attempt_ends(led: Deck) -> None:
    job = led.python("import time\nfor i in range(5): print(i, flush=True); time.sleep(0.1)")
    led.wait_for(job, "running", "completed")
    assert led.ok("logs", job, "-f") == b"0\n1\n2\n3\n4\n"


def test_submit_waits_for_the_end_and_takes_the_lead_if_nobody_has_it(deck: Deck) -> None:
    completed = deck.run("submit", "--wait", "--", "true")
    failed = deck.run("submit", "--wait", "--", "false")
    assert (completed.code, failed.code) == (0, 1)
    first, second = deck.json("jobs", "status:completed"), deck.json("jobs", "status:failed")
    assert [job["id"] for job in first] == [completed.out.decode().strip()]
    assert [job["id"] for job in second] == [failed.out.decode().strip()]
    assert "exit code 1" in failed.err
    assert deck.processes("serve") == []


def test_a_node_is_described(led: Deck) -> None:
    (node,) = until(lambda: [each for each in led.json("nodes") if each["cpu"]["used_percent"] is not None], "samples")
    assert tuple(node) == NODE_KEYS
    assert (node["name"], node["state"]) == ("local", "up")
    assert set(node["cpu"]) == set(node["memory_gb"]) - {"used"} | {"used_percent"}
    assert set(node["network"]) == {"rx_bytes_s", "tx_bytes_s"}
    assert set(node["disk"]) == {"read_bytes_s", "write_bytes_s", "free_gb"}


def test_a_job_file_is_submitted(led: Deck, tmp_path: Path) -> None:
    file = tmp_path / "job.toml"
    file.write_text('name = "from a file"\ncommand = ["echo", "{epochs}"]\nepochs = 7\n')
    job = led.ok("submit", "--file", str(file), "--epochs", "8").decode().strip()
    led.wait_for("from a file", "completed")
    assert led.raw(job) == b"8\n"


def test_what_a_job_ends_with_is_said_in_words(deck: Deck, tmp_path: Path) -> None:
    leaving = tmp_path / "leaving"
    leaving.mkdir()
    forbidden = tmp_path / "forbidden"
    forbidden.write_text("#!/bin/sh\n")
    jobs = {
        deck.submit("no-such-command-anywhere"): "not found",
        deck.submit(str(forbidden)): "ermission",
        deck.submit("bash", "-c", "kill -SEGV $$"): "SIGSEGV",
        deck.submit("pwd", workdir=str(leaving)): "leaving",
    }
    leaving.rmdir()
    deck.serve()
    for job, reason in jobs.items():
        shown = deck.wait_for(job, "completed", "failed")
        assert shown["status"] == "failed"
        assert reason in shown["reason"]
        assert "Errno" not in shown["reason"]


def test_a_job_whose_child_lives_on_completes(led: Deck) -> None:
    job = led.submit("bash", "-c", "sleep 600 & echo done")
    assert led.wait_for(job, "completed", "failed")["status"] == "completed"
    assert led.raw(job) == b"done\n"
    until(lambda: not [pid for pid in led.processes("job") if b"600" in _words(pid)], "the straggler's end")


def test_many_short_jobs_keep_their_codes_and_output(deck: Deck) -> None:
    jobs = {deck.submit("bash", "-c", f"echo {code}; exit {code}"): code for code in range(8)}
    deck.serve()
    ended = until(
        lambda: (
            [each for each in deck.json("jobs") if each["ended_at"]]
            if not deck.json("jobs", "status:pending,running")
            else None
        ),
        "the end of all jobs",
    )
    assert {each["id"]: each["exit_code"] for each in ended} == jobs
    assert {each["id"] for each in ended if each["status"] == "completed"} == {
        job for job, code in jobs.items() if code == 0
    }
    for job, code in jobs.items():
        assert deck.raw(job) == f"{code}\n".encode()


BAD_INPUT = [
    (("frobnicate",), ("frobnicate",)),
    (("sumbit", "--", "true"), ("sumbit", "submit")),
    (("submit", "--bogus", "1", "--", "true"), ("--bogus",)),
    (("submit", "--cpus", "many", "--", "true"), ("--cpus", "many")),
    (("submit", "--cpus", "0", "--", "true"), ("--cpus",)),
    (("submit", "--priority", "urgent", "--", "true"), ("--priority", "urgent")),
    (("submit", "--time-limit", "soon", "--", "true"), ("--time-limit", "soon")),
    (("submit", "--learning-rate", "nan", "--", "true"), ("--learning-rate",)),
    (("submit", "--env", "no-equals-sign", "--", "true"), ("--env",)),
    (("submit", "--workdir", "/no/such/place", "--", "true"), ("--workdir", "/no/such/place")),
    (("submit", "--", "echo", "{epochs}"), ("{epochs}",)),
    (("submit",), ("--",)),
    (("submit", "--file", "/no/such/job.toml"), ("/no/such/job.toml",)),
    (("jobs", "status:asleep"), ("asleep",)),
    (("logs", "1", "--raw", "--follow"), ("--raw",)),
]


def test_bad_input_is_one_sentence_and_queues_nothing(deck: Deck) -> None:
    for arguments, named in BAD_INPUT:
        ran = deck.run(*arguments)
        assert (ran.code, ran.out) == (2, b""), arguments
        assert "Traceback" not in ran.err
        assert all(word in ran.err for word in named), ran.err
        sentences = [line for line in ran.err.splitlines() if not line.startswith("Try `")]
        assert len(sentences) == 1, ran.err
    assert deck.json("jobs") == []


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ('command = "true"\nepoch = 3\n', ("epoch", "epochs")),
        ('command = "true"\nepochs = "three"\n', ("epochs",)),
        ('command = "true"\nepochs = [\n', ("TOML",)),
        ('name = "n"\nepochs = 3\n', ("ommand",)),
    ],
    ids=["unknown key", "wrong type", "no TOML", "no command"],
)
def test_a_bad_job_file_is_one_sentence(led: Deck, tmp_path: Path, source: str, named: tuple[str, ...]) -> None:
    file = tmp_path / "job.toml"
    file.write_text(source)
    ran = led.run("submit", "--file", str(file))
    assert (ran.code, ran.out) == (2, b"")
    assert "Traceback" not in ran.err
    assert all(word in ran.err for word in (str(file), *named)), ran.err
    assert len(ran.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("[nodes]\nstop_grace = 3\n", ("stop_grace", "stop_grace_s")),
        ('[nodes]\nstop_grace_s = "long"\n', ("stop_grace_s", "long")),
        ("nodes = 3\n", ("nodes",)),
        ("[nodes\n", ("TOML",)),
    ],
    ids=["unknown key", "wrong type", "no table", "no TOML"],
)
def test_a_bad_configuration_is_one_sentence(source: str, named: tuple[str, ...]) -> None:
    with temporary_deck(config=source) as deck:
        ran = deck.run("submit", "--", "true")
        assert (ran.code, ran.out) == (2, b"")
        assert "Traceback" not in ran.err
        assert all(word in ran.err for word in ("config.toml", *named)), ran.err
        assert len(ran.err.splitlines()) == 1
        assert not list(deck.home.glob("*.db"))


@pytest.mark.parametrize("command", ["show", "logs", "metrics", "usage", "stop", "restart", "edit"])
def test_a_job_that_is_not_there_is_not_found(led: Deck, command: str) -> None:
    arguments = [command, "nobody", *(["--priority", "low"] if command == "edit" else [])]
    ran = led.run(*arguments)
    assert (ran.code, ran.out) == (3, b"")
    assert "nobody" in ran.err


def test_what_is_there_but_has_not_run_has_no_log(deck: Deck) -> None:
    job = deck.submit("true")
    ran = deck.run("logs", job)
    assert (ran.code, ran.out) == (3, b"")
    assert "not been started" in ran.err


def test_lists_are_one_json_document_even_when_there_is_nothing(deck: Deck) -> None:
    assert json.loads(deck.ok("jobs", "--json")) == []
    assert isinstance(json.loads(deck.ok("nodes", "--json")), list)


def _words(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return []
