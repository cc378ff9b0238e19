"""`submit` and `edit`."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.domain.jobs import Completed, Failed, Hyperparameters, JobSpec, JobType, Priority
from console.domain.requests import EditJob
from console.domain.resources import Resources
from console.engine.service import Mode, Watching
from console.ports import LeaderInfo
from tests.harness.fake_service import NOW, FakeService
from tests.unit.console.cli.conftest import Deck


def test_the_id_stands_alone_on_stdout(deck: Deck) -> None:
    deck.service.set_role(Watching(None))
    result = deck.run("submit", "--", "python", "train.py", "--lr", "1")
    assert result.exit_code == 0
    assert result.stdout.strip() in deck.service.jobs()
    assert "job 1 queued: train.py" in result.stderr
    assert "Nobody schedules now" in result.stderr
    assert deck.modes == [Mode.OBSERVE]
    assert deck.service.submitted == [JobSpec("train.py", ("python", "train.py", "--lr", "1"), workdir=str(Path.cwd()))]


def test_with_a_leader_nothing_more_is_said(deck: Deck) -> None:
    deck.service.set_role(Watching(LeaderInfo(1, "here", "serve", NOW, 1)))
    assert deck.run("submit", "true").stderr == "job 1 queued: true\n"


def test_an_environment_that_the_job_will_not_have_is_said(deck: Deck, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIRTUAL_ENV", "/home/ada/.venv")
    assert "--setup" in deck.run("submit", "--", "python", "train.py").stderr
    assert "--setup" not in deck.run("submit", "--setup", "source x", "--", "python", "train.py").stderr
    assert "--setup" not in deck.run("submit", "--", "/home/ada/.venv/bin/python", "train.py").stderr


def test_all_options(deck: Deck, tmp_path: Path) -> None:
    options = {
        "--name": "bert",
        "--description": "two words",
        "--type": "evaluation",
        "--priority": "HIGH",
        "--experiment": "e",
        "--cpus": "2",
        "--memory": "0.5",
        "--gpus": "1",
        "--epochs": "3",
        "--batch-size": "16",
        "--learning-rate": "2e-5",
        "--optimizer": "Lion",
        "--workdir": str(tmp_path),
        "--time-limit": "2h",
        "--node": "n3",
        "--setup": "module load cuda",
    }
    flat = [part for pair in options.items() for part in pair]
    result = deck.run("submit", *flat, "--env", "A=1", "--env", "B=x y", "--", "run {epochs}; echo $A")
    assert result.exit_code == 0, result.stderr
    assert deck.service.submitted == [
        JobSpec(
            "bert",
            ("bash", "-c", "run {epochs}; echo $A"),
            description="two words",
            type=JobType.EVALUATION,
            priority=Priority.HIGH,
            experiment="e",
            resources=Resources(2, 512, 1),
            config=Hyperparameters(3, 16, 2e-5, "Lion"),
            env=(("A", "1"), ("B", "x y")),
            workdir=str(tmp_path),
            setup="module load cuda",
            time_limit_s=7200.0,
            node="n3",
        )
    ]


@pytest.mark.parametrize(
    ("args", "part"),
    [
        (("--epochs", "x", "--gpus", "-1", "--", "true"), "--epochs: Epochs must be"),
        (("--batch-size", "0", "--", "true"), "--batch-size: Batch Size must be"),
        (("--", "run {epochs}"), "COMMAND: Command has the placeholder {epochs}"),
        (("--workdir", "/nope", "--", "true"), "--workdir: Directory"),
        ((), "No command was given"),
        (("--file", "nope.toml"), "There is no job file"),
    ],
)
def test_bad_input_is_2_and_nothing_is_queued(deck: Deck, args: tuple[str, ...], part: str) -> None:
    result = deck.run("submit", *args)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert part in result.stderr
    assert not deck.modes


def test_a_file_with_an_option_over_it(deck: Deck, tmp_path: Path) -> None:
    file = tmp_path / "job.toml"
    file.write_text('name = "a"\ncommand = "true"\nepochs = 3\n')
    assert deck.run("submit", "--file", str(file), "--epochs", "5").exit_code == 0
    assert deck.service.submitted[0].config.epochs == 5
    file.write_text('name = "a"\ncommand = "true"\nepochs = 0\n')
    result = deck.run("submit", "--file", str(file))
    assert f"{file}, epochs: Epochs must be" in result.stderr


class Ending(FakeService):
    """Each job ends as soon as it is submitted."""

    state: Completed | Failed = Completed(NOW)

    async def submit(self, spec: JobSpec):  # type: ignore[no-untyped-def]
        done = await super().submit(spec)
        self.move(done.job, self.state)
        return done


@pytest.mark.parametrize(("state", "code"), [(Completed(NOW), 0), (Failed(NOW, "exit code 7"), 1)])
def test_wait_follows_it_to_its_end(deck: Deck, state: Completed | Failed, code: int) -> None:
    service = Ending()
    service.state = state
    deck.service = service
    result = deck.run("submit", "--wait", "--", "true")
    assert result.exit_code == code
    assert result.stdout.count("\n") == 1
    assert service.view(next(iter(service.jobs()))).status.value in result.stderr
    assert deck.modes == [Mode.LEAD_IF_FREE]


def test_edit_changes_only_what_is_named(deck: Deck) -> None:
    job = deck.service.add("a", "failed", command=("python", "t.py"), description="d", env=(("A", "1"),))
    result = deck.run("edit", "1", "--priority", "high", "--epochs", "4")
    assert result.exit_code == 0, result.stderr
    assert deck.service.requests == [
        EditJob(
            job,
            JobSpec(
                "a",
                ("python", "t.py"),
                description="d",
                priority=Priority.HIGH,
                config=Hyperparameters(epochs=4),
                env=(("A", "1"),),
            ),
        )
    ]


def test_edit_never_takes_a_type_and_needs_a_change(deck: Deck) -> None:
    deck.service.add("a")
    assert deck.run("edit", "1", "--type", "Other").exit_code == 2
    result = deck.run("edit", "1")
    assert result.exit_code == 2
    assert "Nothing to change" in result.stderr
    assert deck.run("edit", "1", "--gpus", "x").exit_code == 2
    assert not deck.service.requests
