from __future__ import annotations

from pathlib import Path

import pytest

from agent.supervisor import template
from agent.supervisor.policy import Policy
from agent.supervisor.replacements import Replacements
from tests.harness.attempts import Workbench, wait_until


def pauses(lives: list[float]) -> list[float]:
    """How long after each death the replacement comes."""
    replacements = Replacements()
    found = []
    now = 0.0
    for lived_s in lives:
        replacements.died("a", lived_s, now)
        due = replacements.next_due()
        assert due is not None
        found.append(due - now)
        assert replacements.take_due(due - 0.001) == []
        assert replacements.take_due(due) == ["a"]
        now = due
    return found


def test_one_that_dies_each_time_is_replaced_later_and_later() -> None:
    assert pauses([0.01] * 4) == [0.25, 0.5, 1.0, 2.0]
    assert pauses([0.01] * 2000)[-1] == 60.0


def test_one_that_lived_is_replaced_at_once_and_a_long_life_begins_anew() -> None:
    assert pauses([5.0, 5.0, 5.0, 20.0]) == [0.0, 0.5, 1.0, 0.0]


def test_done_forgets_the_deaths_and_others_keep_their_own() -> None:
    replacements = Replacements()
    replacements.died("a", 0.0, 0.0)
    replacements.died("b", 1.0, 0.0)
    assert replacements.take_due(0.0) == ["b"]
    assert replacements.is_waiting("a")
    assert replacements.take_due(9.0) == ["a"]
    assert not replacements.is_waiting("a")
    replacements.done("a")
    replacements.died("a", 0.0, 9.0)
    assert replacements.next_due() == 9.25


def test_asking_for_what_waits_starts_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = tmp_path / "tries"

    def fail(*_: object) -> list[str]:
        with tries.open("a") as file:
            file.write("x")
        raise RuntimeError("each time")

    monkeypatch.setattr(template, "run_supervisor", fail)
    monkeypatch.setattr("agent.supervisor.replacements._FIRST_S", 60.0)
    bench = Workbench(str(tmp_path), Policy(poll_s=0.2))
    try:
        waiting, other = bench.prepare(["true"]), bench.prepare(["true"])
        bench.template.adopt(waiting)
        wait_until(lambda: any(each.kind == "failed" for each in bench.template.read_notices()), "the first failure")
        for _ in range(20):
            bench.template.adopt(waiting)
        bench.template.adopt(other)
        wait_until(lambda: any(each.attempt_id == other for each in bench.template.read_notices()), "the other one")
        assert len(tries.read_text()) < 12
    finally:
        bench.close()
