"""What people type becomes a job, or sentences about what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.config.fields import FIELDS, SECTIONS
from console.config.job_form import KEYS, check_field, default_name, job_from_text, job_from_values, text_of
from console.config.problems import InvalidJob, Problem
from console.domain.jobs import Hyperparameters, JobSpec, JobType, Priority
from console.domain.resources import Resources

MINIMAL = {"name": "bert", "command": "python train.py"}


def problems_of(**values: object) -> dict[str, str]:
    with pytest.raises(InvalidJob) as caught:
        job_from_values({**MINIMAL, **values})
    return {problem.field: problem.message for problem in caught.value.problems}


def test_every_key_of_the_model_has_a_field_of_the_form() -> None:
    assert {info.key for info in FIELDS} == set(KEYS)
    assert [section for section in SECTIONS if any(info.section == section for info in FIELDS)] == list(SECTIONS)
    assert all(info.helper and info.label for info in FIELDS)


def test_a_new_form_has_the_defaults_of_the_product() -> None:
    spec = job_from_text(MINIMAL)
    assert spec == JobSpec("bert", ("bash", "-c", "python train.py"), config=Hyperparameters(optimizer="AdamW"))
    assert spec.priority is Priority.MEDIUM
    assert spec.resources == Resources(1, 1024, 0)


def test_a_plain_submit_has_no_optimizer() -> None:
    assert job_from_values({"command": ["python", "train.py"]}).config == Hyperparameters()


def test_a_filled_form(tmp_path: Path) -> None:
    spec = job_from_text(
        {
            "name": " BERT Fine-tuning - Sentiment Analysis ",
            "description": "two\nlines",
            "type": "hyperparameter tuning",
            "priority": "HIGH",
            "experiment": "bert",
            "epochs": "3",
            "batch_size": "16",
            "learning_rate": "2e-5",
            "optimizer": "my own",
            "cpus": "4",
            "memory": "0.5",
            "gpus": "2",
            "command": "python train.py --epochs {epochs} --out {checkpoint_dir}",
            "workdir": str(tmp_path),
            "env": "A=1 B='two words'",
            "setup": "source venv/bin/activate",
            "time_limit": "1d12h",
            "node": "n3",
        }
    )
    assert spec.name == "BERT Fine-tuning - Sentiment Analysis"
    assert spec.type is JobType.TUNING
    assert spec.resources == Resources(4, 512, 2)
    assert spec.config == Hyperparameters(3, 16, 2e-5, "my own")
    assert spec.env == (("A", "1"), ("B", "two words"))
    assert spec.time_limit_s == 129600
    assert job_from_text(text_of(spec)) == spec
    assert text_of(spec)["learning_rate"] == "0.00002"


@pytest.mark.parametrize(
    ("key", "value", "part"),
    [
        ("epochs", 0, "Epochs must be a whole number from 1"),
        ("epochs", "three", 'not "three"'),
        ("epochs", True, "Epochs must be"),
        ("epochs", 2.5, "Epochs must be"),
        ("epochs", "9" * 5000, "Epochs must be"),
        ("batch_size", -1, "Batch Size"),
        ("learning_rate", 0, "Learning Rate must be a number above 0"),
        ("learning_rate", "nan", "Learning Rate"),
        ("learning_rate", "inf", "Learning Rate"),
        ("learning_rate", 10**400, "Learning Rate"),
        ("cpus", 0, "CPU Cores"),
        ("memory", "0", "Memory (GB)"),
        ("memory", "lots", "Memory (GB)"),
        ("gpus", -1, "GPU Count must be a whole number from 0"),
        ("priority", "urgent", "one of High, Medium, Low"),
        ("type", 3, "Job Type must be one of Training"),
        ("name", "a\x07b", "control characters"),
        ("name", "x" * 201, "at most 200 characters"),
        ("name", "\udcff", "UTF-8"),
        ("time_limit", "soon", "2h, 90m, 1d12h or 45s"),
        ("time_limit", 0, "Time Limit"),
        ("env", "A", "NAME=value"),
        ("env", {"1A": "x"}, "no digit first"),
        ("env", "A='x", "quote without its partner"),
        ("env", {"CLUSTERDECK_JOB": "x"}, "must not set CLUSTERDECK_JOB"),
        ("env", {"A": [1]}, "must be a text or a number"),
        ("env", 5, "NAME=value"),
        ("workdir", "/does/not/exist", "does not exist on this machine"),
        ("command", [], "Command is required"),
        ("command", 7, "a text or a list of texts"),
        ("command", ["a\0b"], "NUL"),
        ("command", "run {epochs}", "Epochs is empty"),
        ("epoch", 3, 'did you mean "epochs"?'),
    ],
)
def test_bad_values_give_a_sentence(key: str, value: object, part: str) -> None:
    found = problems_of(**{key: value})
    assert part in found[key]
    assert found[key][-1] in ".?"


def test_all_problems_are_reported_at_once() -> None:
    assert set(problems_of(epochs="x", gpus="y", priority="z")) == {"epochs", "gpus", "priority"}


def test_a_file_is_not_a_directory(tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    assert "is not a directory" in problems_of(workdir=str(tmp_path / "f"))["workdir"]


def test_a_relative_directory_starts_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path)
    assert job_from_values({**MINIMAL, "workdir": "sub"}).workdir == str(tmp_path / "sub")


def test_home_is_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert job_from_values({**MINIMAL, "workdir": "~"}).workdir == str(tmp_path)


@pytest.mark.parametrize(("typed", "mib"), [("16", 16384), ("512MB", 512), ("2 GiB", 2048), ("1T", 1048576), (2, 2048)])
def test_memory_units(typed: object, mib: int) -> None:
    assert job_from_values({**MINIMAL, "memory": typed}).resources.memory_mib == mib


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (("python3", "-u", "dir/train.py", "--lr", "1"), "train.py"),
        (("python", "-m", "pkg.train"), "pkg.train"),
        (("bash", "-c", "make all\nmore"), "make all"),
        (("/usr/bin/true",), "true"),
        (("a\x1bb",), "a b"),
        (("/",), "job"),
    ],
)
def test_a_job_without_a_name_is_named_after_its_command(command: tuple[str, ...], name: str) -> None:
    assert default_name(command) == name


def test_the_form_asks_for_name_and_command() -> None:
    with pytest.raises(InvalidJob) as caught:
        job_from_text({"name": " ", "priority": ""})
    assert [problem.field for problem in caught.value.problems] == ["priority", "name", "command"]


def test_checks_while_typing() -> None:
    assert check_field("epochs", "") == ""
    assert check_field("epochs", "3") == ""
    assert check_field("command", "run {epochs}") == ""
    assert "Epochs" in check_field("epochs", "x")
    assert check_field("name", "  ") == "Job Name is required."


def test_editing_keeps_what_was_not_touched(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    base = JobSpec("a", ("python", "t.py", "x y"), retries=3, labels=(("k", "v"),), workdir=str(gone))
    edited = job_from_text({**text_of(base), "priority": "Low"}, base)
    assert edited.command == base.command
    assert (edited.retries, edited.labels, edited.workdir, edited.priority) == (3, base.labels, str(gone), Priority.LOW)
    assert job_from_text({**text_of(base), "command": "true"}, base).command == ("bash", "-c", "true")
    assert job_from_values({"epochs": "4"}, base) == job_from_text({**text_of(base), "epochs": "4"}, base)


texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=40).map(str.strip)
lines = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=40).map(str.strip)
specs = st.builds(
    JobSpec,
    name=lines.filter(bool),
    command=texts.filter(lambda text: text and "{" not in text).map(lambda text: ("bash", "-c", text)),
    description=texts,
    type=st.sampled_from(JobType),
    priority=st.sampled_from(Priority),
    experiment=lines,
    resources=st.builds(Resources, st.integers(1, 1000), st.integers(1, 10**8), st.integers(0, 64)),
    config=st.builds(
        Hyperparameters,
        st.none() | st.integers(1, 10**9),
        st.none() | st.integers(1, 10**9),
        st.none() | st.floats(min_value=0, exclude_min=True, allow_infinity=False),
        st.none() | lines.filter(bool),
    ),
    env=st.dictionaries(st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True), texts).map(
        lambda env: tuple(env.items())
    ),
    setup=texts,
    time_limit_s=st.none() | st.integers(1, 10**8).map(lambda ms: ms / 1000),
    node=st.none() | lines.filter(bool),
)


@given(specs)
def test_the_texts_of_a_job_mean_that_job(spec: JobSpec) -> None:
    assert job_from_text(text_of(spec)) == spec


@given(
    st.dictionaries(st.sampled_from(KEYS), st.text() | st.integers() | st.floats() | st.lists(st.text()) | st.none())
)
def test_any_values_give_a_job_or_sentences(values: dict[str, object]) -> None:
    problems: tuple[Problem, ...] = ()
    try:
        job_from_values(values)
    except InvalidJob as invalid:
        problems = invalid.problems
        assert problems
    assert all(problem.message for problem in problems)
