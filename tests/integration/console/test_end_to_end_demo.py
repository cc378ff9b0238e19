"""The demo with all of its examples: each ends as it declares."""

from __future__ import annotations

from tests.harness.deck import Deck


def test_each_example_ends_as_it_declares(deck: Deck) -> None:
    said = deck.ok("demo", "--all", "--no-screen").decode()
    assert "Each ended as it declares" in said
    jobs = {job["name"]: job for job in deck.json("jobs")}
    ends = {name: (job["status"], job["reason"]) for name, job in jobs.items()}
    assert ends == {
        "digits - plain tqdm script": ("completed", ""),
        "digits - metrics and checkpoints": ("completed", ""),
        "digits - diverges": ("failed", "exit code 1"),
        "digits - several minutes": ("failed", "stopped by user"),
    }
    assert all(jobs[name]["progress"] == 1 for name, (status, _) in ends.items() if status == "completed")
    assert 0 < jobs["digits - diverges"]["progress"] < 1
    assert 0 < jobs["digits - several minutes"]["progress"] < 1

    plain, told = (
        deck.json("metrics", name) for name in ("digits - plain tqdm script", "digits - metrics and checkpoints")
    )
    assert plain
    assert told
    lowered = [name for name, points in told.items() if "loss" in name and points[-1][2] < points[0][2]]
    assert lowered
    last = deck.ok("logs", "digits - diverges", "--level", "error").decode()
    assert "Traceback (most recent call last):" in last
    assert deck.processes("job") == []
