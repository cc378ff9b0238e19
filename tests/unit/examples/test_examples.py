"""The example trainings train for real, and end as the demo says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from console.cli.demo import EXAMPLES, MORE_EXAMPLES, Example, spec_of

FOLDER = Path(__file__).parents[3] / "examples"


def run(script: str, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(FOLDER / script), *arguments],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def accuracies(output: str) -> list[float]:
    return [float(number) for number in re.findall(r"accuracy[= ](0\.\d+)", output)]


@pytest.mark.parametrize(
    ("optimizer", "rate"),
    [
        ("AdamW", "0.0003"),
        ("adam", "0.0003"),
        ("SGD", "0.01"),
        ("RMSprop", "0.0003"),
        ("Adagrad", "0.01"),
        ("Lion", "0.0001"),
    ],
)
def test_every_optimizer_learns(optimizer: str, rate: str) -> None:
    ended = run("train_tqdm.py", "--epochs", "1", "--optimizer", optimizer, "--lr", rate)
    assert ended.returncode == 0, ended.stderr
    assert accuracies(ended.stdout)[-1] > 0.9
    assert "Epoch 1/1: 100%" in ended.stderr


def test_an_unknown_optimizer_is_named() -> None:
    ended = run("train_tqdm.py", "--optimizer", "best")
    assert ended.returncode == 1
    assert "unknown optimizer 'best'" in ended.stderr


def test_metrics_are_written_and_a_restart_goes_on(tmp_path: Path) -> None:
    metrics = tmp_path / "metrics.jsonl"
    env = {"CLUSTERDECK_METRICS": str(metrics), "CLUSTERDECK_CHECKPOINT_DIR": str(tmp_path)}
    assert run("train_metrics.py", "--epochs", "1", **env).returncode == 0
    again = run("train_metrics.py", "--epochs", "2", **env)
    assert again.returncode == 0, again.stderr
    assert "going on after epoch 1" in again.stdout
    assert "epoch 1 of" not in again.stdout
    lines = [json.loads(line) for line in metrics.read_text().splitlines()]
    progress = [line["progress"] for line in lines if "progress" in line]
    assert progress[-1] == 1.0
    assert min(progress) > 0
    assert lines[-1]["val_accuracy"] > 0.9


def test_without_clusterdeck_it_trains_all_the_same() -> None:
    ended = run("train_metrics.py", "--epochs", "1", CLUSTERDECK_METRICS="", CLUSTERDECK_CHECKPOINT_DIR="")
    assert ended.returncode == 0, ended.stderr
    assert "epoch 1 of 1 done: 9" in ended.stdout


def test_the_failing_one_fails_half_way_with_a_traceback() -> None:
    ended = run("train_fails.py")
    assert ended.returncode == 1
    assert 3 <= len(accuracies(ended.stdout)) <= 7
    assert "Traceback (most recent call last):" in ended.stderr
    assert "FloatingPointError: loss is" in ended.stderr


def test_the_long_one_logs_in_levels() -> None:
    ended = run("train_long.py", "--epochs", "1", "--batch-size", "32")
    assert ended.returncode == 0, ended.stderr
    assert " DEBUG    digits: step 100 of epoch 1" in ended.stderr
    assert " INFO     digits: Epoch 1/1" in ended.stderr


@pytest.mark.parametrize("example", EXAMPLES + MORE_EXAMPLES, ids=lambda example: example.script)
def test_the_demo_names_scripts_that_are_there(example: Example) -> None:
    spec = spec_of(example, FOLDER)
    assert Path(spec.command[1]).is_file()
    assert example.name.isprintable()
