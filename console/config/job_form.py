"""From what people type to a JobSpec: one set of rules for the form, job files and the command line."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from console.config import values as read
from console.config.directories import working_directory
from console.config.fields import FIELDS
from console.config.nearest import did_you_mean
from console.config.placeholders import fill
from console.config.problems import InvalidJob, Problem
from console.core.durations import format_duration
from console.domain.errors import InvalidInput
from console.domain.jobs import Hyperparameters, JobSpec, JobType, Priority
from console.domain.resources import MIB_PER_GIB, Resources

_MANY = 1_000_000_000
_TEXT_COMMAND = ("bash", "-c")


class _Form(BaseModel):
    """The keys of a job, each with its reader. Defaults are those of a plain submit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, BeforeValidator(read.name)]
    command: Annotated[tuple[str, ...], BeforeValidator(read.command)]
    description: Annotated[str, BeforeValidator(lambda value: read.text("Description", value).strip())] = ""
    type: Annotated[JobType, BeforeValidator(read.job_type)] = JobType.TRAINING
    priority: Annotated[Priority, BeforeValidator(read.priority)] = Priority.MEDIUM
    experiment: Annotated[str, BeforeValidator(lambda value: read.line("Experiment", value))] = ""
    epochs: Annotated[int | None, BeforeValidator(read.whole("Epochs", 1, _MANY))] = None
    batch_size: Annotated[int | None, BeforeValidator(read.whole("Batch Size", 1, _MANY))] = None
    learning_rate: Annotated[float | None, BeforeValidator(read.positive("Learning Rate", "0.00002"))] = None
    optimizer: Annotated[str | None, BeforeValidator(lambda value: read.line("Optimizer", value) or None)] = None
    cpus: Annotated[int, BeforeValidator(read.whole("CPU Cores", 1, 100_000))] = 1
    memory: Annotated[int, BeforeValidator(read.memory_mib)] = MIB_PER_GIB
    gpus: Annotated[int, BeforeValidator(read.whole("GPU Count", 0, 100_000))] = 0
    workdir: Annotated[str | None, BeforeValidator(working_directory)] = None
    env: Annotated[tuple[tuple[str, str], ...], BeforeValidator(read.environment)] = ()
    setup: Annotated[str, BeforeValidator(lambda value: read.text("Setup", value).strip())] = ""
    time_limit: Annotated[float | None, BeforeValidator(read.seconds)] = None
    node: Annotated[str | None, BeforeValidator(lambda value: read.line("Node", value) or None)] = None

    def spec(self, base: JobSpec | None) -> JobSpec:
        """The spec; what the form has no key for comes from `base`."""
        spec = replace(base, name=self.name, command=self.command) if base else JobSpec(self.name, self.command)
        return replace(
            spec,
            description=self.description,
            type=self.type,
            priority=self.priority,
            experiment=self.experiment,
            resources=Resources(self.cpus, self.memory, self.gpus),
            config=Hyperparameters(self.epochs, self.batch_size, self.learning_rate, self.optimizer),
            env=self.env,
            workdir=self.workdir,
            setup=self.setup,
            time_limit_s=self.time_limit,
            node=self.node,
        )


KEYS = tuple(_Form.model_fields)
_BY_KEY = {info.key: info for info in FIELDS}


def job_from_text(values: Mapping[str, str], base: JobSpec | None = None) -> JobSpec:
    """The job that a filled form means. A field that is not there has its default text; an empty one has no value.

    `base` is the job that is edited or cloned: a command whose text was not touched keeps its argv.
    InvalidJob with all that is wrong.
    """
    texts = {info.key: info.default for info in FIELDS} | dict(values)
    typed: dict[str, object] = {key: value for key, value in texts.items() if value.strip() or key == "name"}
    problems = [
        Problem(info.key, f"{info.label} is required.")
        for info in FIELDS
        if info.required and info.key in values and info.choices and info.key not in typed
    ]
    if base is not None and texts["command"] == text_of(base)["command"]:
        typed["command"] = base.command
    return _build(typed, base, problems)


def job_from_values(values: Mapping[str, object], base: JobSpec | None = None) -> JobSpec:
    """The job that a file or a command line means; its name comes from the command if it has none.

    `base` is the job that is edited: what is not among the values stays as it is. InvalidJob with all that is wrong.
    """
    typed: dict[str, object] = {} if base is None else dict(_values_of(base))
    typed |= {key: value for key, value in values.items() if value is not None}
    if "name" not in typed and typed.get("command"):
        try:
            typed["name"] = default_name(read.command(typed["command"]))
        except ValueError:
            typed["name"] = "job"
    return _build(typed, base, [])


def check_field(key: str, text: str) -> str:
    """What is wrong with the text of one field, as a sentence; empty if nothing is."""
    info = _BY_KEY[key]
    if not text.strip():
        return f"{info.label} is required." if info.required else ""
    typed = {"name": "x", "command": "true", key: text}
    try:
        _Form.model_validate(typed)
    except ValidationError as error:
        return "; ".join(problem.message for problem in _problems(error))
    return ""


def text_of(spec: JobSpec) -> dict[str, str]:
    """The texts of the form's fields for a job: what job_from_text turns into it again."""
    config = spec.config
    is_text = len(spec.command) == 3 and spec.command[:2] == _TEXT_COMMAND
    return {
        "name": spec.name,
        "description": spec.description,
        "type": spec.type.value,
        "priority": spec.priority.value.capitalize(),
        "experiment": spec.experiment,
        "epochs": "" if config.epochs is None else str(config.epochs),
        "batch_size": "" if config.batch_size is None else str(config.batch_size),
        "learning_rate": "" if config.learning_rate is None else plain_number(config.learning_rate),
        "optimizer": config.optimizer or "",
        "cpus": str(spec.resources.cpus),
        "memory": plain_number(spec.resources.memory_gb),
        "gpus": str(spec.resources.gpus),
        "command": spec.command[2] if is_text else shlex.join(spec.command),
        "workdir": spec.workdir or "",
        "env": " ".join(shlex.quote(f"{key}={value}") for key, value in spec.env),
        "setup": spec.setup,
        "time_limit": "" if spec.time_limit_s is None else format_duration(spec.time_limit_s),
        "node": spec.node or "",
    }


def plain_number(number: float) -> str:
    """A number as a person writes it: `0.00002`, `16`; with an exponent only where that would be long."""
    if number.is_integer() and abs(number) < 1e15:
        return str(int(number))
    digits = repr(number)
    if "e" not in digits or abs(number) < 1e-12 or abs(number) >= 1e15:
        return digits
    mantissa, exponent = digits.split("e")
    places = len(mantissa.partition(".")[2]) - int(exponent)
    return f"{number:.{places}f}"


def default_name(command: tuple[str, ...]) -> str:
    """A name for a job that was given none: its script or module, else its first word or line."""
    if command[:2] == _TEXT_COMMAND and len(command) == 3:
        candidate = command[2].strip().partition("\n")[0]
    else:
        words = [part.rpartition("/")[2] for part in command]
        candidate = words[0]
        if candidate.startswith(("python", "bash", "sh")) and len(words) > 1:
            plain = [word for word in words[1:] if word and not word.startswith("-")]
            candidate = plain[0] if plain else candidate
    printable = "".join(char if char.isprintable() else " " for char in candidate).strip()
    return printable[:80].strip() or "job"


def _values_of(spec: JobSpec) -> dict[str, object]:
    values: dict[str, object] = {key: text for key, text in text_of(spec).items() if text}
    return values | {"command": spec.command, "env": spec.env and dict(spec.env)}


def _build(typed: Mapping[str, object], base: JobSpec | None, problems: list[Problem]) -> JobSpec:
    form: _Form | None = None
    # The directory of a job that is edited was taken when it was submitted; its absence is no reason to refuse now.
    keeps_workdir = base is not None and base.workdir is not None and typed.get("workdir") == base.workdir
    if keeps_workdir:
        typed = {key: value for key, value in typed.items() if key != "workdir"}
    try:
        form = _Form.model_validate(dict(typed))
    except ValidationError as error:
        problems = problems + _problems(error)
    if form is not None:
        try:
            fill(form.command, Hyperparameters(form.epochs, form.batch_size, form.learning_rate, form.optimizer))
        except InvalidInput as error:
            problems.append(Problem("command", str(error)))
    if problems or form is None:
        raise InvalidJob(tuple(problems))
    spec = form.spec(base)
    return replace(spec, workdir=base.workdir) if keeps_workdir and base is not None else spec


def _problems(error: ValidationError) -> list[Problem]:
    found = []
    for item in error.errors(include_url=False, include_input=False):
        key = str(item["loc"][0])
        if item["type"] == "missing":
            message = f"{_BY_KEY[key].label} is required."
        elif item["type"] == "extra_forbidden":
            message = f"There is no key {read.said(key)} in a job{did_you_mean(key, KEYS)}"
        else:
            message = str(cast("dict[str, object]", item.get("ctx", {})).get("error", item["msg"]))
        found.append(Problem(key, message))
    return found
