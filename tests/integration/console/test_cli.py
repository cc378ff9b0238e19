"""The command line for real: its own processes, a database, this machine's agent, jobs that run."""

from __future__ import annotations

import errno
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.agents import end_everything

ROOT = Path(__file__).parents[3]
PATIENCE_S = 60


class Deck:
    """Runs `clusterdeck` with a home of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.env = {key: value for key, value in os.environ.items() if not key.startswith("CLUSTERDECK_")}
        self.env |= {"CLUSTERDECK_HOME": str(home), "PYTHONPATH": str(ROOT)}

    def start(self, *args: str, **options: object) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "console", *args],
            env=self.env,
            cwd=self.home,
            **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},  # type: ignore[call-overload]
        )

    def run(self, *args: str, code: int = 0) -> tuple[str, str]:
        process = self.start(*args)
        out, err = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == code, err.decode()
        assert b"Traceback" not in err
        return out.decode(), err.decode()

    def job(self, which: str) -> dict[str, object]:
        found = json.loads(self.run("show", which, "--json")[0])
        assert isinstance(found, dict)
        return found


@pytest.fixture
def deck(tmp_path: Path) -> Iterator[Deck]:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    deck = Deck(home)
    yield deck
    try:
        deck.run("serve", "--stop")
    finally:
        end_everything(home / "agent")


def on_a_terminal(deck: Deck, *args: str, typed: str = "") -> tuple[int, bytes]:
    """Run a command in a terminal of 60 columns; its exit code and all that it wrote."""
    ours, theirs = pty.openpty()
    deck.env |= {"COLUMNS": "60", "TERM": "xterm"}
    process = deck.start(*args, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    written = b""
    with os.fdopen(ours, "r+b", buffering=0) as terminal:
        terminal.write(typed.encode())
        while True:
            try:
                piece = terminal.read(4096)
            except OSError as error:
                # Linux says EIO where the other side of a terminal has closed.
                assert error.errno == errno.EIO  # noqa: PT017 - the end of the loop, not what is tested
                break
            if not piece:
                break
            written += piece
    return process.wait(PATIENCE_S), written


def test_what_was_queued_runs_once_somebody_leads_and_stays(deck: Deck) -> None:
    out, err = deck.run("submit", "--name", "first", "--epochs", "2", "--", "sh", "-c", "echo epoch {epochs}; pwd")
    assert "Nobody schedules now" in err
    assert deck.job(out.strip())["status"] == "pending"
    script = 'printf "loss=0.5\\nx\\377\\0y" ; echo "ERROR: bad" >&2'
    out, err = deck.run("submit", "--name", "second", "--wait", "--", script)
    assert len(out.splitlines()) == 1
    assert "completed" in err
    deck.run("submit", "--wait", "--name", "third", "--", "exit 7", code=1)

    first = deck.job("first")
    assert (first["status"], first["exit_code"], first["attempts"], first["node"]) == ("completed", 0, 1, "local")
    assert deck.run("logs", "first")[0] == f"epoch 2\n{deck.home}\n"
    third = deck.job("3")
    assert (third["status"], third["exit_code"], third["reason"]) == ("failed", 7, "exit code 7")

    process = deck.start("logs", "second", "--raw")
    assert process.communicate(timeout=PATIENCE_S)[0] == b"loss=0.5\nx\xff\0y"
    assert deck.run("logs", "second", "--level", "error")[0] == "ERROR: bad\n"
    assert json.loads(deck.run("metrics", "second", "--json")[0])["loss"][0][2] == 0.5
    assert [job["name"] for job in json.loads(deck.run("jobs", "status:failed", "--json")[0])] == ["third"]
    (node,) = json.loads(deck.run("nodes", "--json")[0])
    assert node["name"] == "local"


def test_in_the_background(deck: Deck) -> None:
    assert "schedules in the background" in deck.run("serve", "--detach")[1]
    assert "schedules already" in deck.run("serve", "--detach")[1]
    assert (deck.home / "serve.log").stat().st_mode & 0o777 == 0o600
    deck.run("submit", "--name", "talk", "--", "for i in 1 2 3; do echo $i; sleep 0.2; done")
    deck.run("submit", "--name", "sleep", "--", "sleep", "1000")
    assert deck.run("logs", "talk", "-f")[0] == "1\n2\n3\n"
    deck.run("stop", "sleep")
    assert deck.job("sleep")["reason"] == "stopped by user"
    deck.run("edit", "sleep", "--priority", "high")
    deck.run("restart", "sleep")
    assert deck.job("sleep")["priority"] == "high"
    deck.run("delete", "sleep", code=2)
    deck.run("delete", "sleep", "--yes")
    deck.run("show", "sleep", code=3)
    assert "has stopped" in deck.run("serve", "--stop")[1]
    assert "nothing to stop" in deck.run("serve", "--stop")[1]
    assert deck.job("talk")["status"] == "completed"


def test_an_interrupted_wait_loses_nothing(deck: Deck) -> None:
    process = deck.start("submit", "--name", "long", "--wait", "--", "sleep", "1000")
    assert process.stderr is not None
    for line in process.stderr:
        if b"running" in line:
            break
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE_S) == 130
    process.communicate()
    assert deck.job("long")["status"] == "running"
    deck.run("stop", "long")
    assert deck.job("long")["status"] == "failed"


def test_serve_ends_on_sigterm(deck: Deck) -> None:
    process = deck.start("serve")
    assert process.stderr is not None
    assert b"scheduling" in process.stderr.readline()
    process.terminate()
    assert process.wait(PATIENCE_S) == 0
    process.communicate()


@pytest.mark.parametrize(
    ("args", "code", "part"),
    [
        (("submit", "--epochs", "x", "--", "true"), 2, "--epochs: Epochs must be a whole number"),
        (("submit", "--workdir", "/nope", "--", "true"), 2, "does not exist"),
        (("sumbit",), 2, 'did you mean "submit"?'),
        (("show", "12"), 3, "There is no job"),
        (("jobs", "staus:failed"), 2, "did you mean status?"),
    ],
)
def test_errors_are_sentences(deck: Deck, args: tuple[str, ...], code: int, part: str) -> None:
    out, err = deck.run(*args, code=code)
    assert out == ""
    assert part in err


def test_a_home_that_cannot_be_is_a_sentence(deck: Deck) -> None:
    (deck.home / "file").touch()
    assert "not a directory" in deck.run("--home", str(deck.home / "file"), "jobs", code=2)[1]
    assert "can't be read: Not a directory" in deck.run("--home", str(deck.home / "file" / "x"), "jobs", code=2)[1]


def test_a_reader_that_leaves_is_no_error_to_talk_about(deck: Deck) -> None:
    process = deck.start("--help")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    said = process.stderr.read()
    process.wait(PATIENCE_S)
    process.stderr.close()
    assert b"Traceback" not in said
    assert b"Exception" not in said


def test_a_terminal_gets_only_what_fits_and_does_no_harm(deck: Deck) -> None:
    deck.run("submit", "--name", "x" * 90, "--description", "\x1b]52;c;eA==\x07", "--", "true")
    code, written = on_a_terminal(deck, "jobs")
    assert code == 0
    assert all(len(line) <= 60 for line in written.decode().split("\r\n")[:2])
    code, written = on_a_terminal(deck, "show", "1")
    assert b"\x1b" not in written
    code, written = on_a_terminal(deck, "delete", "1", typed="n\n")
    assert code == 1
    assert b"Delete job 1" in written
    assert deck.job("1")["status"] == "pending"


def test_the_demo_trains_for_real(deck: Deck) -> None:
    out, _ = deck.run("demo", "--no-screen")
    assert "Each ended as it declares." in out
    jobs = json.loads(deck.run("jobs", "exp:demo", "--json")[0])
    assert [job["status"] for job in jobs] == ["completed", "completed"]
    for job in jobs:
        metrics = json.loads(deck.run("metrics", str(job["number"]), "--json")[0])
        assert metrics["val_accuracy"][-1][2] > 0.9
        assert metrics["loss"][-1][2] < metrics["loss"][0][2]
    assert json.loads(deck.run("usage", str(jobs[0]["number"]), "--json")[0])
