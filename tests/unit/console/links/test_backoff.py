from __future__ import annotations

from console.links.backoff import Backoff


def test_waits_double_up_to_half_a_minute_and_begin_anew() -> None:
    backoff = Backoff()
    waits = [backoff.next_s(1.0) for _ in range(30)]
    assert waits[:3] == [0.1, 0.2, 0.4]
    assert waits[-1] == 30.0
    backoff.reset()
    assert backoff.next_s(0.0) == 0.05
