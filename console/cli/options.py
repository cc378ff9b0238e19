"""The options that describe a job, shared by submit and edit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

from console.domain.errors import InvalidInput

if TYPE_CHECKING:
    from console.domain.jobs import JobSpec

Command = TypeVar("Command", bound=Callable[..., Any])

# Key of the job form, placeholder, help. The texts are read by the form's own rules.
_OPTIONS: tuple[tuple[str, str, str], ...] = (
    ("name", "N", "A descriptive name; the command's name if left out."),
    ("description", "D", "What it is about."),
    ("type", "T", 'Training (default), Inference, "Hyperparameter Tuning", Evaluation, "Data Processing" or Other.'),
    ("priority", "high|medium|low", "High goes first; medium if left out."),
    ("experiment", "E", "Groups jobs that belong together."),
    ("cpus", "N", "CPU cores required (default 1)."),
    ("memory", "GB", "Memory in GB (default 1)."),
    ("gpus", "N", "GPUs required (default 0)."),
    ("epochs", "N", "Number of training epochs."),
    ("batch_size", "N", "Training batch size."),
    ("learning_rate", "X", "Initial learning rate."),
    ("optimizer", "O", "AdamW, Adam, SGD, RMSprop, Adagrad, Lion or another."),
    ("workdir", "DIR", "Where the command runs."),
    ("time_limit", "2h", "Stop the job after this time."),
    ("node", "N", "Only on this node."),
    ("setup", "LINE", "Runs before the command, such as `source .venv/bin/activate`."),
)


def job_options(*, with_type: bool) -> Callable[[Command], Command]:
    """The options, as keyword arguments named by the keys of the job form."""

    def decorate(command: Command) -> Command:
        decorated: Any = click.option(
            "--env", metavar="K=V", multiple=True, help="A variable for the job; may be given more than once."
        )(command)
        for key, metavar, text in reversed(_OPTIONS):
            if key != "type" or with_type:
                decorated = click.option(f"--{key.replace('_', '-')}", key, metavar=metavar, help=text)(decorated)
        return decorated  # type: ignore[no-any-return]

    return decorate


def given(options: Mapping[str, object], argv: tuple[str, ...]) -> dict[str, object]:
    """The keys that the person gave; a command of one text that holds spaces is a line for bash."""
    values = {key: value for key, value in options.items() if value not in (None, ())}
    if len(argv) == 1 and " " in argv[0]:
        return values | {"command": argv[0]}
    return values | ({"command": argv} if argv else {})


def read_job(values: Mapping[str, object], origin: Callable[[str], str], base: JobSpec | None = None) -> JobSpec:
    """The job; InvalidInput names where each bad value came from."""
    from console.config.job_form import job_from_values  # noqa: PLC0415 - start-up
    from console.config.problems import InvalidJob  # noqa: PLC0415 - start-up

    try:
        return job_from_values(values, base)
    except InvalidJob as invalid:
        sentences = [f"{origin(problem.field)}: {problem.message}" for problem in invalid.problems]
        raise InvalidInput("\n".join(sentences)) from invalid


def flag(key: str) -> str:
    """The option of a key."""
    return "COMMAND" if key == "command" else f"--{key.replace('_', '-')}"
