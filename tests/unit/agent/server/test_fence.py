from __future__ import annotations

from pathlib import Path

import pytest

from agent.server.fence import Answers, Fence, StaleEpoch


def test_a_lower_epoch_is_refused_also_after_a_restart(tmp_path: Path) -> None:
    path = str(tmp_path / "fence.json")
    fence = Fence(path)
    fence.check("a", 3)
    fence.check("a", 3)
    fence.check("b", 1)
    with pytest.raises(StaleEpoch, match="epoch 3"):
        fence.check("a", 2)
    again = Fence(path)
    with pytest.raises(StaleEpoch):
        again.check("a", 2)
    again.check("a", 4)
    again.check("b", 1)


def test_the_first_answer_is_kept_for_a_while() -> None:
    answers: Answers[int] = Answers()
    for number in range(5000):
        answers.put("db", str(number), number)
    assert answers.get("db", "4999") == 4999
    assert answers.get("db", "0") is None
    assert answers.get("other", "4999") is None
