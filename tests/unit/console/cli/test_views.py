"""`jobs`, `show`, `metrics`, `usage`, `nodes`: what is read and how it is printed."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from console.cli import output
from console.cli.tables import cells
from console.domain.nodes import AttemptSample
from console.ports import MetricPoint
from tests.harness.fake_service import NOW, local_node
from tests.unit.console.cli.conftest import Deck

JOB_KEYS = [
    *("number", "id", "name", "description", "type", "status", "reason", "priority", "experiment", "progress", "eta_s"),
    *("created_at", "started_at", "ended_at", "node", "attempts", "exit_code", "command", "workdir", "env", "config"),
    *("resources", "gpu_ids", "time_limit_s", "retries"),
]
NODE_KEYS = [
    "name",
    "host",
    "state",
    "reason",
    "agent_version",
    "last_seen_s",
    "cpu",
    "memory_gb",
    "gpus",
    "network",
    "disk",
]


def test_jobs_are_listed_newest_first(deck: Deck) -> None:
    deck.service.add("first", "failed")
    second = deck.service.add("second", "running", experiment="e")
    deck.service.telemetry(second).progress = 0.999
    result = deck.run("jobs")
    head, *rows = result.stdout.splitlines()
    assert head.split() == ["#", "NAME", "TYPE", "STATUS", "PRIO", "EXPERIMENT", "PROGRESS", "AGE", "NODE", "REASON"]
    assert [row.split()[1] for row in rows] == ["second", "first"]
    assert "99 %" in rows[0]
    assert rows[1].endswith("exit code 1")


def test_jobs_json_has_the_promised_keys(deck: Deck) -> None:
    deck.service.add("a\x1b[2Jé", "completed", command=("x", "y"), env=(("K", "V"),))
    result = deck.run("jobs", "--json")
    (job,) = json.loads(result.stdout)
    assert list(job) == JOB_KEYS
    assert "\x1b" not in result.stdout
    assert job["name"] == "a\x1b[2Jé"
    assert job["status"] == "completed"
    assert job["command"] == ["x", "y"]
    assert job["env"] == {"K": "V"}
    assert job["config"] == {"epochs": None, "batch_size": None, "learning_rate": None, "optimizer": None}
    assert job["resources"] == {"cpu_cores": 1, "memory_gb": 1.0, "gpu_count": 0}
    assert datetime.fromisoformat(job["created_at"]).timestamp() == NOW - 60
    assert (job["attempts"], job["exit_code"], job["progress"], job["gpu_ids"]) == (1, 0, None, [])


def test_jobs_are_filtered(deck: Deck) -> None:
    deck.service.add("bert", "failed")
    deck.service.add("gpt", "running")
    result = deck.run("jobs", "status:failed", "--json")
    assert [job["name"] for job in json.loads(result.stdout)] == ["bert"]
    assert "1 of 2 jobs" in deck.run("jobs", "bert").stderr
    assert "None of 2 jobs passes" in deck.run("jobs", "nothing").stderr
    bad = deck.run("jobs", "staus:failed")
    assert bad.exit_code == 2
    assert "did you mean status?" in bad.stderr


def test_no_jobs_yet(deck: Deck) -> None:
    result = deck.run("jobs")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "submit --help" in result.stderr
    assert json.loads(deck.run("jobs", "--json").stdout) == []


def test_names_are_cleaned(deck: Deck) -> None:
    deck.service.add("a\x1b[2J\u202eb", description="x\x07", setup="\x9b2J")
    for args in (("jobs",), ("show", "1")):
        text = deck.run(*args).stdout
        assert not {"\x1b", "\x07", "\u202e", "\x9b"} & set(text)


def test_show(deck: Deck) -> None:
    deck.service.add("bert", "failed", description="d", command=("python", "a b.py"))
    text = deck.run("show", "bert").stdout
    for part in ("Basic Information", "Configuration", "Resources", "Attempts", "Events"):
        assert part in text
    assert "Failed: exit code 1" in text
    assert "python 'a b.py'" in text
    assert "1., on local, ended, after 28s, exit code 1" in text


def test_show_json_adds_attempts_and_events(deck: Deck) -> None:
    deck.service.add("bert", "failed")
    job = json.loads(deck.run("show", "1", "--json").stdout)
    assert list(job) == [*JOB_KEYS, "attempt_list", "events"]
    assert job["attempt_list"][0]["exit_code"] == 1
    assert job["events"][0]["kind"] == "JobSubmitted"


def test_metrics(deck: Deck) -> None:
    job = deck.service.add("a", "running")
    assert "no metrics" in deck.run("metrics", "1").stderr
    assert json.loads(deck.run("metrics", "1", "--json").stdout) == {}
    deck.service.telemetry(job).metrics[:] = [
        MetricPoint("loss", 1, NOW, 0.5),
        MetricPoint("loss", 2, NOW, float("nan")),
        MetricPoint("lr", None, NOW, 0.1),
    ]
    assert json.loads(deck.run("metrics", "1", "--json").stdout) == {
        "loss": [[1, "2026-01-01T00:00:00.000Z", 0.5], [2, "2026-01-01T00:00:00.000Z", "nan"]],
        "lr": [[None, "2026-01-01T00:00:00.000Z", 0.1]],
    }
    assert deck.run("metrics", "1", "--csv").stdout.splitlines() == [
        "name,step,time,value",
        "loss,1,2026-01-01T00:00:00.000Z,0.5",
        "loss,2,2026-01-01T00:00:00.000Z,nan",
        "lr,,2026-01-01T00:00:00.000Z,0.1",
    ]
    assert "loss" in deck.run("metrics", "1").stdout
    assert deck.run("metrics", "1", "--csv", "--json").exit_code == 2


def test_csv_on_a_terminal_cannot_harm_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(output, "is_terminal", lambda: True)
    output.put_csv(["name"], [["\x1b]0;X\x07m"]])
    assert capsys.readouterr().out == "name\nm\n"


def test_usage(deck: Deck) -> None:
    job = deck.service.add("a", "running")
    assert "no samples" in deck.run("usage", "1").stderr
    sample = AttemptSample(NOW, 98.5, 512.0, None, 2e6, 0.0, 1.0, (("GPU-1", 87.0, 2048.0),))
    deck.service.telemetry(job).usage[:] = [sample] * 21
    (first, *_) = json.loads(deck.run("usage", "1", "--json").stdout)
    assert first == {
        "time": "2026-01-01T00:00:00.000Z",
        "cpu_percent": 98.5,
        "memory_gb": 0.5,
        "read_bytes_s": None,
        "write_bytes_s": 2e6,
        "node_rx_bytes_s": 0.0,
        "node_tx_bytes_s": 1.0,
        "gpus": [{"uuid": "GPU-1", "utilisation_percent": 87.0, "memory_gb": 2.0}],
    }
    lines = deck.run("usage", "1", "--csv").stdout.splitlines()
    assert lines[0].startswith("time,cpu_percent,memory_gb")
    assert lines[1] == "2026-01-01T00:00:00.000Z,98.5,0.5,,2000000.0,0.0,1.0,GPU-1,87.0,2.0"
    table = deck.run("usage", "1")
    assert "2 MB/s" in table.stdout
    assert "the last 20 of 21 samples" in table.stderr


def test_nodes(deck: Deck) -> None:
    assert "No node is known" in deck.run("nodes").stderr
    deck.service.set_nodes(local_node(gpus=2, running=1))
    row = deck.run("nodes").stdout.splitlines()[1]
    assert row.split()[:5] == ["local", "localhost", "up", "1", "2/8"]
    (node,) = json.loads(deck.run("nodes", "--json").stdout)
    assert list(node) == NODE_KEYS
    assert node["cpu"] == {"total": 8, "allocated": 2, "used_percent": 37.0}
    assert [gpu["job"] for gpu in node["gpus"]] == [3, None]


@pytest.mark.parametrize("columns", [40, 80, 160])
def test_tables_fit_the_terminal(deck: Deck, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setattr("console.cli.jobs.width", lambda: columns)
    deck.service.add("Ж" * 60, "failed", experiment="実験" * 20)
    lines = deck.run("jobs").stdout.splitlines()
    assert all(cells(line) <= columns for line in lines)
    assert "failed" in lines[1]
    assert output.width() is None
