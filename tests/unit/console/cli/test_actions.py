"""`stop`, `restart`, `delete`: questions, refusals, exit codes."""

from __future__ import annotations

import pytest

from console.domain.errors import Refused
from console.domain.requests import DeleteJob, RestartJob, StopJob
from console.engine.service import Mode
from tests.unit.console.cli.conftest import Deck


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.cli.actions.can_ask", lambda: True)


def test_stop_goes_on_without_a_terminal(deck: Deck) -> None:
    first, second = deck.service.add("a", "running"), deck.service.add("b")
    result = deck.run("stop", "1", "b", "1")
    assert result.exit_code == 0
    assert deck.service.requests == [StopJob(first), StopJob(second)]
    assert "job 1 (a): failed, stopped by user" in result.stderr
    assert result.stdout == ""
    assert deck.modes == [Mode.LEAD_IF_FREE]


def test_delete_refuses_without_a_terminal(deck: Deck) -> None:
    deck.service.add("a", "failed")
    result = deck.run("delete", "1")
    assert result.exit_code == 2
    assert "add --yes" in result.stderr
    assert not deck.modes


def test_delete_with_yes(deck: Deck) -> None:
    job = deck.service.add("a", "failed")
    result = deck.run("delete", "1", "--yes")
    assert result.exit_code == 0
    assert deck.service.requests == [DeleteJob(job)]
    assert "job 1 (a) is deleted" in result.stderr


def test_restart_says_when_nobody_will_schedule_it(deck: Deck) -> None:
    job = deck.service.add("a", "failed")
    result = deck.run("restart", "1")
    assert deck.service.requests == [RestartJob(job)]
    assert "job 1 (a) is queued again. Nobody schedules now" in result.stderr


@pytest.mark.usefixtures("person")
@pytest.mark.parametrize("name", ["stop", "restart", "delete"])
def test_a_person_is_asked(deck: Deck, name: str) -> None:
    deck.service.add("a\x1b[2J", "failed")
    result = deck.run(name, "1", typed="n\n")
    assert result.exit_code == 1
    assert not deck.service.requests
    assert "job 1 (a)" in result.stderr
    assert "\x1b" not in result.stderr
    assert deck.modes == [Mode.OBSERVE]
    assert deck.run(name, "1", typed="y\n").exit_code == 0
    assert len(deck.service.requests) == 1


@pytest.mark.usefixtures("person")
def test_no_answer_is_an_interrupt(deck: Deck) -> None:
    deck.service.add("a", "failed")
    assert deck.run("delete", "1", typed="").exit_code == 130


def test_nothing_is_done_if_one_is_missing(deck: Deck) -> None:
    deck.service.add("a", "running")
    assert deck.run("stop", "1", "9").exit_code == 3
    assert not deck.service.requests


def test_a_refusal_does_not_keep_the_others_waiting(deck: Deck) -> None:
    deck.service.add("a", "completed")
    second = deck.service.add("b", "running")
    deck.service.failure = Refused("it is over already")
    result = deck.run("stop", "1", "2")
    assert result.exit_code == 1
    assert "job 1 (a): it is over already" in result.stderr
    assert deck.service.requests == [StopJob(second)]


def test_many_jobs_are_named_in_short(deck: Deck, person: None) -> None:
    for index in range(8):
        deck.service.add(f"n{index}", "failed")
    result = deck.run("delete", *map(str, range(1, 9)), typed="n\n")
    assert "5 (n4), 3 more" in result.stderr
