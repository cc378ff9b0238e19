"""Job files: the keys of the job form in TOML or YAML."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from console.config import toml
from console.config.job_form import KEYS
from console.config.nearest import did_you_mean
from console.config.problems import why
from console.config.values import said
from console.domain.errors import InvalidInput
from console.domain.jobs import JobSpec, JobType, Priority
from console.domain.resources import Resources


def load_job_file(path: Path) -> Mapping[str, object]:
    """The keys and values of a job file, ready for job_from_values. InvalidInput with file and key."""
    try:
        source = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise InvalidInput(f"There is no job file {said(str(path))}: check the path.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"The job file {said(str(path))} can't be read: {why(error)}.") from error
    match path.suffix.lower():
        case ".toml":
            found = _parse_toml(path, source)
        case ".yaml" | ".yml":
            found = _parse_yaml(path, source)
        case _:
            raise InvalidInput(f"{path}: a job file ends in .toml or .yaml, so that its format is known; rename it.")
    for key in found:
        if key not in KEYS:
            raise InvalidInput(f"{path}: there is no key {said(key)} in a job{did_you_mean(key, KEYS)}")
    return found


def _parse_toml(path: Path, source: str) -> dict[str, object]:
    try:
        return tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"{path} is not valid TOML: {error}.") from error


def _parse_yaml(path: Path, source: str) -> dict[str, object]:
    import yaml  # noqa: PLC0415 - 20 ms that only YAML files need

    try:
        found = yaml.safe_load(source)
    except yaml.YAMLError as error:
        raise InvalidInput(f"{path} is not valid YAML: {' '.join(str(error).split())}.") from error
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise InvalidInput(f"{path}: a job file holds keys with values, such as `name: bert`.")
    return found


def dump_job_toml(spec: JobSpec) -> str:
    """The job as a file that load_job_file reads; values that are the default are left out."""
    config, resources = spec.config, spec.resources
    defaults = Resources()
    is_text = len(spec.command) == 3 and spec.command[:2] == ("bash", "-c")
    keys: dict[str, object] = {
        "name": spec.name,
        "description": spec.description or None,
        "type": spec.type.value if spec.type is not JobType.TRAINING else None,
        "priority": spec.priority.value if spec.priority is not Priority.MEDIUM else None,
        "experiment": spec.experiment or None,
        "epochs": config.epochs,
        "batch_size": config.batch_size,
        "learning_rate": config.learning_rate,
        "optimizer": config.optimizer,
        "cpus": resources.cpus if resources.cpus != defaults.cpus else None,
        "memory": resources.memory_gb if resources.memory_mib != defaults.memory_mib else None,
        "gpus": resources.gpus or None,
        "node": spec.node,
        "time_limit": spec.time_limit_s,
        "command": spec.command[2] if is_text else list(spec.command),
        "workdir": spec.workdir,
        "setup": spec.setup or None,
    }
    return toml.dump({key: value for key, value in keys.items() if value is not None}, tables={"env": dict(spec.env)})
