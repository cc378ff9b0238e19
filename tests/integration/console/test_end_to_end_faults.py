"""Whatever is killed in mid-training, the job runs once, to its end, and every line that it wrote is there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.harness import witness
from tests.harness.deck import Deck, Kind, identity, kill, until

LINES = 20_000
SCRIPT = str(Path(witness.__file__))

# What comes into being while an attempt is launched, ended and acknowledged, in this order.
STEPS = ("spec.json", "intent", "pid.json", "started", "exit.json", "ack")
ONCE = """
import fcntl, os, time
with open("once", "a") as file:
    fcntl.flock(file, fcntl.LOCK_EX)
    file.write(os.environ["CLUSTERDECK_ATTEMPT"] + "\\n")
time.sleep(0.3)
print(os.environ["CLUSTERDECK_ATTEMPT"])
"""


class Watched:
    """A witness job that is in mid-training."""

    def __init__(self, deck: Deck, *, code: int = 0, lines: int = LINES) -> None:
        self.deck = deck
        self.code = code
        self.lines = lines
        self.place = deck.home.parent / "witness"
        self.place.mkdir()
        self.job = deck.submit(sys.executable, SCRIPT, str(self.place), str(lines), str(code))
        deck.serve()
        self.has_printed(lines // 20)
        (only,) = witness.runs(self.place)
        self.pid = only["pid"]
        self.identity = identity(self.pid)
        assert self.identity == (only["pid"], only["start"])

    def has_printed(self, lines: int) -> None:
        """Wait until it has."""
        until(
            lambda: witness.position(self.place) >= lines,
            f"{lines} lines being printed",
            lambda: f"{witness.position(self.place)} are; {self.deck.processes()}",
        )

    def finish(self) -> dict[str, object]:
        """Let it end; what is then known about it, after the judgement of what it left."""
        (self.place / "finish").touch()
        shown = self.deck.wait_for(self.job, "completed", "failed")
        for stream, name in (("stdout", "out"), ("stderr", "err")):
            assert not witness.damage(self.deck.raw(self.job, stream), name, self.lines)
        (only,) = witness.runs(self.place)
        assert (only["attempt"], only["pid"], only["overlaps"]) == (f"{self.job}-1", self.pid, False)
        assert shown["attempts"] == 1
        return shown

    def still_runs(self) -> bool:
        """Whether it is the process that it was."""
        return identity(self.pid) == self.identity


def test_closing_the_leader_leaves_jobs_running(deck: Deck) -> None:
    watched = Watched(deck)
    deck.ok("serve", "--stop")
    assert deck.processes("serve") == []
    watched.has_printed(LINES // 2)
    assert watched.still_runs()
    shown = deck.show(watched.job)
    assert shown["status"] == "running"
    deck.serve()
    assert deck.wait_for(watched.job, "running")["attempts"] == 1
    kept = deck.raw(watched.job)
    assert not witness.damage(kept, "out", kept.count(b"\n"))
    assert kept.count(b"\n") >= LINES // 2
    assert watched.still_runs()
    assert watched.finish()["status"] == "completed"


def test_kill_of_the_leader(deck: Deck) -> None:
    watched = Watched(deck, code=7)
    for serve in deck.processes("serve"):
        kill(serve)
    until(lambda: not deck.processes("serve"), "the leader's end")
    assert watched.still_runs()
    deck.serve()
    shown = watched.finish()
    assert (shown["status"], shown["exit_code"], shown["reason"]) == ("failed", 7, "exit code 7")


def test_kill_of_the_agent(deck: Deck) -> None:
    watched = Watched(deck, code=7)
    for wanted in (LINES // 4, LINES // 2):
        (agent,) = deck.processes("agent")
        kill(agent)
        until(lambda agent=agent: [pid for pid in deck.processes("agent") if pid != agent], "another agent")
        watched.has_printed(wanted)
    assert watched.still_runs()
    assert watched.finish()["exit_code"] == 7


def test_kill_of_the_pump(deck: Deck) -> None:
    watched = Watched(deck, code=7)
    for part in range(2, 8):
        kill(deck.pump(watched.job))
        watched.has_printed(LINES * part // 10)
    assert watched.still_runs()
    assert watched.finish()["exit_code"] == 7


@pytest.mark.parametrize("with_agent", [False, True], ids=["alone", "and the agent"])
def test_kill_of_the_supervisor(deck: Deck, *, with_agent: bool) -> None:
    watched = Watched(deck, code=0)
    victims = [deck.supervisor(watched.job), deck.pump(watched.job)]
    if with_agent:
        victims[:0] = [*deck.processes("agent"), *deck.processes("template")]
    for pid in victims:
        kill(pid)
    watched.has_printed(LINES // 2)
    assert watched.still_runs()
    shown = watched.finish()
    assert_true_end(shown, 0)


def test_kill_of_everything_at_once(deck: Deck) -> None:
    watched = Watched(deck, code=0)
    victims = [
        *(*deck.processes("serve"), *deck.processes("shim"), *deck.processes("agent"), *deck.processes("template")),
        *(deck.supervisor(watched.job), deck.pump(watched.job)),
    ]
    for pid in victims:
        kill(pid)
    until(lambda: set(deck.processes()) == {watched.pid}, "all but the job being gone")
    assert watched.still_runs()
    shown = deck.show(watched.job)
    assert shown["status"] == "running"
    deck.serve()
    watched.has_printed(LINES // 2)
    assert_true_end(watched.finish(), 0)


def test_what_ends_while_nobody_is_there_is_known_afterwards(deck: Deck) -> None:
    watched = Watched(deck, code=5, lines=2000)
    for pid in (*deck.processes("serve"), *deck.processes("shim"), *deck.processes("agent")):
        kill(pid)
    (watched.place / "finish").touch()
    until(lambda: not watched.still_runs(), "the job's end")
    until((deck.attempt(watched.job) / "exit.json").exists, "the supervisor's record")
    deck.serve()
    assert watched.finish()["exit_code"] == 5


@pytest.mark.parametrize("victims", [("serve",), ("serve", "agent", "template", "shim")], ids="+".join)
def test_kills_at_each_step_of_a_launch_start_nothing_twice(deck: Deck, victims: tuple[Kind, ...]) -> None:
    jobs = []
    for step in STEPS:
        job = deck.python(ONCE)
        jobs.append(job)
        if not deck.processes("serve"):
            deck.serve()
        reached = f"agent/*/attempts/{job}-1/{step}"
        until(lambda reached=reached: list(deck.home.glob(reached)), reached, lambda: str(deck.json("jobs")), pause_s=0)
        for kind in victims:
            for pid in deck.processes(kind):
                kill(pid)
        if "serve" in victims:
            until(lambda: not deck.processes("serve"), "the leader's end")
    if not deck.processes("serve"):
        deck.serve()
    until(lambda: not deck.json("jobs", "status:pending,running"), "the end of all", lambda: str(deck.json("jobs")))
    ends = {(job["status"], job["reason"], job["exit_code"], job["attempts"]) for job in deck.json("jobs")}
    assert ends == {("completed", "", 0, 1)}
    assert sorted((deck.home.parent / "once").read_text().split()) == sorted(f"{job}-1" for job in jobs)
    for job in jobs:
        assert deck.raw(job) == f"{job}-1\n".encode()


def assert_true_end(shown: dict[str, object], code: int) -> None:
    """The exit code is the true one, or where the kernel tells it to parents only, unknown; never another."""
    if shown["exit_code"] is None:
        assert shown["status"] == "failed"
        assert "unknown" in str(shown["reason"])
    else:
        assert (shown["exit_code"], shown["status"]) == (code, "completed")
