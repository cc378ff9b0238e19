"""Job files: TOML and YAML, and errors that name file and key."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.config import toml
from console.config.job_file import dump_job_toml, load_job_file
from console.config.job_form import job_from_values
from console.domain.errors import InvalidInput
from console.domain.jobs import Hyperparameters, JobSpec, Priority
from console.domain.resources import Resources

SPEC = JobSpec(
    'q"uote\\',
    ("python", "train.py", "--epochs", "{epochs}"),
    description="two\nlines",
    priority=Priority.HIGH,
    resources=Resources(2, 1536, 1),
    config=Hyperparameters(3, 16, 2e-5, "SGD"),
    env=(("A", "b\x7fc"),),
    time_limit_s=90.5,
)


def test_a_saved_job_is_read_back(tmp_path: Path) -> None:
    file = tmp_path / "job.toml"
    file.write_text(dump_job_toml(SPEC), encoding="utf-8")
    assert job_from_values(load_job_file(file)) == SPEC


def test_defaults_are_left_out() -> None:
    assert dump_job_toml(JobSpec("a", ("bash", "-c", "true"))) == 'name = "a"\ncommand = "true"\n'


def test_yaml(tmp_path: Path) -> None:
    file = tmp_path / "job.yaml"
    file.write_text("name: a\ncommand: [python, t.py]\nlearning_rate: 2e-5\nenv: {A: 1}\n")
    spec = job_from_values(load_job_file(file))
    assert spec == JobSpec("a", ("python", "t.py"), config=Hyperparameters(learning_rate=2e-5), env=(("A", "1"),))


@pytest.mark.parametrize(
    ("name", "content", "parts"),
    [
        ("job.toml", 'epocs = 3\ncommand = "x"', ["job.toml", '"epocs"', 'did you mean "epochs"?']),
        ("job.toml", "= 3", ["job.toml", "not valid TOML", "line 1"]),
        ("job.yaml", "a: [", ["job.yaml", "not valid YAML"]),
        ("job.yaml", "- a", ["job.yaml", "keys with values"]),
        ("job.txt", "", ["ends in .toml or .yaml"]),
        ("job.toml", "\xff", ["can't be read"]),
    ],
)
def test_errors_name_the_file(tmp_path: Path, name: str, content: str, parts: list[str]) -> None:
    file = tmp_path / name
    file.write_bytes(content.encode("latin-1"))
    with pytest.raises(InvalidInput) as caught:
        load_job_file(file)
    assert all(part in str(caught.value) for part in parts)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="There is no job file"):
        load_job_file(tmp_path / "job.toml")


@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_any_text_survives_toml(text: str) -> None:
    assert tomllib.loads(toml.dump({"a": text, "b": [text], "c": True}, {"t": {text: text}})) == {
        "a": text,
        "b": [text],
        "c": True,
        "t": {text: text},
    }
