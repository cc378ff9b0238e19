"""The console in a real terminal, on a real engine and agent, driven by its keys."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator

import pytest

from tests.harness.deck import COMMAND, Deck, identity, kill, temporary_deck, until
from tests.harness.terminal import Terminal

Open = Callable[..., Terminal]
TOO_MANY = len(os.sched_getaffinity(0)) + 1000
# From the name to the command, as the form has its fields.
TABS_TO_COMMAND = 14


@pytest.fixture
def deck() -> Iterator[Deck]:
    with temporary_deck() as made:
        yield made


@pytest.fixture
def console(deck: Deck) -> Iterator[Open]:
    """Opens the console in a terminal."""
    opened: list[Terminal] = []

    def open_console(columns: int = 80, rows: int = 24, term: str = "xterm-256color") -> Terminal:
        terminal = Terminal(
            [COMMAND], columns=columns, rows=rows, env=deck.environment, cwd=deck.home.parent, term=term
        )
        opened.append(terminal)
        return terminal

    yield open_console
    for terminal in opened:
        terminal.close()


def test_a_job_is_created_watched_and_looked_at(deck: Deck, console: Open) -> None:
    go = deck.home.parent / "go"
    screen = console()
    screen.until_shown("clusterdeck", "0 Total", "this console schedules", "No jobs yet")
    screen.press("n")
    screen.until_shown("Create Job", "Job Name")
    screen.type("first light")
    screen.press(*["tab"] * TABS_TO_COMMAND)
    screen.until_shown("Command*", "{checkpoint_dir}")
    screen.type(f'echo "Epoch 1/2 loss=0.5"; until test -e {go}; do sleep 0.02; done; echo done ✓ "$PWD"')
    screen.press("ctrl+s")
    screen.until_shown("first light", "1 Total", "1 Running")
    (job,) = deck.json("jobs")
    assert (job["name"], job["status"], job["command"][:2]) == ("first light", "running", ["bash", "-c"])
    assert (job["workdir"], job["config"]["optimizer"]) == (str(deck.home.parent), "AdamW")

    screen.press("enter")
    screen.until_shown("Overview", "Logs", "Training", "Medium")
    screen.press("l")
    screen.until_shown("Epoch 1/2 loss=0.5")
    go.touch()
    screen.until_shown(f"done ✓ {deck.home.parent}", "Completed")
    screen.press("escape")
    screen.until_shown("1 Completed", "0 Running")

    # Nothing waits: there is no question.
    screen.press("q")
    assert screen.end() == 0
    assert screen.is_as_before()
    assert deck.processes("serve") == []
    assert deck.show("1")["status"] == "completed"


def test_a_home_where_nothing_can_be_written_is_a_sentence(deck: Deck, console: Open) -> None:
    deck.environment["CLUSTERDECK_HOME"] = "/proc/clusterdeck"
    screen = console()
    assert screen.end() == 1
    assert screen.is_as_before()
    assert b"/proc/clusterdeck" in screen.written
    assert b"Traceback" not in screen.written


def test_what_is_wrong_in_the_form_is_said_and_queues_nothing(deck: Deck, console: Open) -> None:
    screen = console()
    screen.until_shown("No jobs yet")
    screen.press("n")
    screen.until_shown("Create Job")
    screen.press("ctrl+s")
    screen.until_shown("Job Name is required")
    screen.press("escape")
    screen.until_gone("Create Job")
    screen.press("q")
    assert screen.end() == 0
    assert deck.json("jobs") == []


def test_the_question_at_quit_leads_to_a_background_process(deck: Deck, console: Open) -> None:
    running = deck.submit("sleep", "600", name="runs")
    waiting = deck.submit("true", cpus=TOO_MANY, name="waits")
    screen = console()
    screen.until_shown("1 Running", "waits", "runs")
    before = identity(deck.pid_of(running))
    screen.press("q")
    screen.until_shown("Quit?", "1 job waits", "Go on in background (b)")
    screen.press("escape")
    screen.until_gone("Quit?")
    screen.press("q")
    screen.until_shown("Quit?")
    screen.press("b")
    assert screen.end() == 0
    assert screen.is_as_before()
    (leader,) = deck.processes("serve")
    assert str(leader) in deck.run("serve", "--detach").err
    deck.ok("edit", waiting, "--cpus", "1")
    deck.wait_for(waiting, "completed")
    assert identity(deck.pid_of(running)) == before


def test_quitting_without_the_background_lets_jobs_wait(deck: Deck, console: Open) -> None:
    waiting = deck.submit("true", cpus=TOO_MANY, name="waits")
    screen = console()
    screen.until_shown("waits", "1 pending")
    screen.press("ctrl+q")
    screen.until_shown("Quit?")
    screen.press("q")
    assert screen.end() == 0
    assert deck.processes("serve") == []
    assert deck.show(waiting)["status"] == "pending"


@pytest.mark.parametrize("how", ["SIGHUP", "SIGTERM", "terminal"])
def test_a_dropped_session_goes_on_in_the_background(deck: Deck, console: Open, how: str) -> None:
    running = deck.submit("sleep", "600", name="runs")
    waiting = deck.submit("true", cpus=TOO_MANY, name="waits")
    screen = console()
    screen.until_shown("1 Running", "waits")
    before = identity(deck.pid_of(running))
    if how != "terminal":
        kill(screen.process.pid, signal.Signals[how])
        screen.end()
        assert screen.is_as_before()
    else:
        screen.hang_up()
        until(lambda: screen.process.poll() is not None, "the console's end", lambda: str(deck.processes()))
    until(lambda: deck.processes("serve"), "a background process")
    deck.ok("edit", waiting, "--cpus", "1")
    deck.wait_for(waiting, "completed")
    assert identity(deck.pid_of(running)) == before


def test_the_next_console_shows_what_ran_meanwhile(deck: Deck, console: Open) -> None:
    go = deck.home.parent / "go"
    job = deck.submit("bash", "-c", f"echo before; until test -e {go}; do sleep 0.02; done; echo after", name="stays")
    first = console()
    first.until_shown("1 Running")
    first.press("q")
    assert first.end() == 0
    assert deck.show(job)["status"] == "running"
    go.touch()
    second = console()
    second.until_shown("1 Completed", "stays")
    second.press("l")
    second.until_shown("before", "after")
    second.press("q")
    assert second.end() == 0


def test_a_second_console_watches_and_asks(deck: Deck, console: Open) -> None:
    leader = deck.serve()
    job = deck.submit("sleep", "600", name="to be stopped")
    screen = console()
    screen.until_shown("to be stopped", "1 Running", str(leader))
    screen.press("x")
    screen.until_shown("Stop to be stopped?")
    screen.press("y")
    screen.until_shown("1 Failed")
    assert deck.show(job)["reason"] == "stopped by user"
    screen.press("q")
    assert screen.end() == 0
    assert deck.processes("serve") == [leader]


def test_a_storm_of_resizes(deck: Deck, console: Open) -> None:
    job = deck.submit("sleep", "600", name="unmoved")
    screen = console()
    screen.until_shown("1 Running")
    before = identity(deck.pid_of(job))
    for turn in range(60):
        screen.resize(10 + turn * 37 % 180, 3 + turn * 17 % 55)
        screen.press("]" if turn % 2 else "enter")
    screen.resize(80, 24)
    screen.press("1")
    screen.until_shown("unmoved", "1 Running")
    screen.press("q")
    assert screen.end() == 0
    assert screen.is_as_before()
    assert identity(deck.pid_of(job)) == before


@pytest.mark.parametrize(("term", "columns", "rows"), [("dumb", 80, 24), ("xterm-256color", 20, 5), ("dumb", 20, 5)])
def test_poor_terminals(deck: Deck, console: Open, term: str, columns: int, rows: int) -> None:
    screen = console(columns, rows, term)
    screen.until(lambda: "clusterdeck" in screen.text(), "the console's name")
    screen.press("j", "2", "1", "n")
    screen.until_shown("Create Job")
    screen.press("escape")
    screen.until_gone("Create Job")
    screen.press("q")
    assert screen.end() == 0
    assert screen.is_as_before()


def test_a_kill_of_the_console_leaves_its_jobs_alone(deck: Deck, console: Open) -> None:
    job = deck.submit("sleep", "600", name="stays")
    screen = console()
    screen.until_shown("1 Running")
    before = identity(deck.pid_of(job))
    kill(screen.process.pid)
    screen.end()
    assert identity(deck.pid_of(job)) == before
    again = console()
    again.until_shown("1 Running", "this console schedules")
    assert deck.show(job)["attempts"] == 1
    again.press("q")
    assert again.end() == 0
