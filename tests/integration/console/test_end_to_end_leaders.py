"""One process leads a home; all others ask it, and where nobody leads that is said."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.harness.deck import Deck, identity, kill, temporary_deck

SLEEP = "sleep 600"
# Not by its mode, which would not keep root out.
READ_ONLY = ("unshare", "-m", "sh", "-c", 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"')


def test_a_second_leader_is_refused_by_a_sentence_that_names_the_first(deck: Deck) -> None:
    leader = deck.serve()
    ran = deck.run("serve")
    assert (ran.code, ran.out) == (1, b"")
    assert str(leader) in ran.err
    assert "serve --stop" in ran.err
    again = deck.run("serve", "--detach")
    assert again.code == 0
    assert str(leader) in again.err
    assert deck.processes("serve") == [leader]


def test_two_that_start_at_once_are_one_leader(deck: Deck) -> None:
    both = [deck.start("serve", "--detach") for _ in range(3)]
    codes = [process.wait(60) for process in both]
    for process in both:
        process.communicate()
    assert len(deck.processes("serve")) == 1
    assert 0 in codes
    job = deck.submit("true")
    deck.wait_for(job, "completed")


def test_viewers_ask_the_leader(deck: Deck) -> None:
    leader = deck.serve()
    running = deck.submit("bash", "-c", SLEEP)
    deck.wait_for(running, "running")
    assert deck.run("stop", running).code == 0
    assert (deck.show(running)["status"], deck.show(running)["reason"]) == ("failed", "stopped by user")

    waiting = deck.submit("true", cpus=(os.cpu_count() or 1) + 1000)
    assert deck.run("edit", waiting, "--name", "renamed", "--epochs", "4").code == 0
    shown = deck.show("renamed")
    assert (shown["id"], shown["config"]["epochs"], shown["status"]) == (waiting, 4, "pending")

    assert deck.run("restart", running).code == 0
    assert deck.wait_for(running, "running")["attempts"] == 2
    for job in (running, waiting):
        assert deck.run("delete", job, "--yes").code == 0
    assert deck.json("jobs") == []
    assert deck.processes("serve") == [leader]


def test_without_a_leader_a_job_waits_for_the_next_one(deck: Deck) -> None:
    deck.serve()
    ran = deck.run("serve", "--stop")
    assert ran.code == 0
    assert deck.processes("serve") == []
    nothing = deck.run("serve", "--stop")
    assert nothing.code == 0
    assert "nothing to stop" in nothing.err

    queued = deck.run("submit", "--", "true")
    job = queued.out.decode().strip()
    assert queued.code == 0
    assert "Nobody schedules" in queued.err
    assert deck.show(job)["status"] == "pending"
    deck.serve()
    assert deck.wait_for(job, "completed")["attempts"] == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_serve_ends_by_signals_and_jobs_run_on(deck: Deck, number: signal.Signals) -> None:
    serving = deck.start("serve")
    job = deck.submit("bash", "-c", SLEEP)
    deck.wait_for(job, "running")
    before = identity(deck.pid_of(job))
    serving.send_signal(number)
    _, told = serving.communicate(timeout=30)
    assert serving.returncode == 0
    assert b"Traceback" not in told
    assert identity(deck.pid_of(job)) == before
    assert deck.show(job)["status"] == "running"


def test_a_stopped_leader_answers_nobody(deck: Deck) -> None:
    leader = deck.serve()
    job = deck.submit("true", cpus=(os.cpu_count() or 1) + 1000)
    deck.wait_for(job, "pending")
    kill(leader, signal.SIGSTOP)
    ran = deck.run("edit", job, "--epochs", "3")
    kill(leader, signal.SIGCONT)
    assert (ran.code, ran.out) == (4, b"")
    assert "did not answer" in ran.err
    # The request was taken back: nothing happens behind the person's back.
    deck.ok("edit", job, "--batch-size", "8")
    assert deck.show(job)["config"] == {"epochs": None, "batch_size": 8, "learning_rate": None, "optimizer": None}


@pytest.mark.parametrize(
    "name", ["with spaces and 'quotes'", "Größe $HOME", "n" * 150], ids=["spaces", "other", "long"]
)
def test_a_home_may_have_any_name(name: str) -> None:
    with temporary_deck(name) as deck:
        deck.serve()
        job = deck.submit("bash", "-c", "echo $CLUSTERDECK_CHECKPOINT_DIR")
        deck.wait_for(job, "completed", "failed")
        place = Path(deck.raw(job).decode().removesuffix("\n"))
        assert place.is_dir()
        assert place.is_relative_to(deck.home)
        deck.ok("serve", "--stop")


@pytest.mark.parametrize("command", [("submit", "--", "true"), ("jobs",), ("serve", "--detach")])
def test_a_home_where_nothing_can_be_written_is_a_sentence(deck: Deck, command: tuple[str, ...]) -> None:
    # Not a mode, which would not keep root out.
    deck.environment["CLUSTERDECK_HOME"] = "/proc/clusterdeck"
    ran = deck.run(*command)
    assert (ran.code, ran.out) in ((1, b""), (2, b""))
    assert "/proc/clusterdeck" in ran.err
    assert "Traceback" not in ran.err
    assert "--home" in ran.err
    assert len(ran.err.splitlines()) == 1


@pytest.mark.parametrize("command", [("submit", "--", "true"), ("jobs",), ("serve",)])
def test_a_home_that_is_read_only_is_a_sentence(deck: Deck, command: tuple[str, ...]) -> None:
    deck.ok("submit", "--", "true")
    ran = deck.run(*command, inside=READ_ONLY)
    if "unshare" in ran.err or "mount:" in ran.err:
        pytest.skip("this machine lets nobody mount")
    assert (ran.code, ran.out) == (1, b"")
    assert str(deck.home) in ran.err
    assert "Traceback" not in ran.err
    assert len(ran.err.splitlines()) == 1


def test_the_console_wants_a_terminal(deck: Deck) -> None:
    ran = deck.run()
    assert (ran.code, ran.out) == (2, b"")
    assert "terminal" in ran.err
