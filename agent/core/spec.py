"""What the console asks a node to launch: one attempt, whole and final, without secrets."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional

from agent.core.ids import is_attempt_id, job_of

SPEC_VERSION = 1


class SpecError(ValueError):
    """A launch request that can't be carried out; the message is a sentence for a person."""


@dataclass(frozen=True)
class LaunchSpec:
    """One attempt to launch.

    Text that goes to the operating system (argv, env, workdir) is UTF-8 with surrogateescape, so any bytes survive.
    ``env`` holds the job's own variables, which win over the login environment. ``workdir`` None means the home
    directory. ``setup`` lines run first, in one shell. Memory is in MiB (0 = no limit), times are in seconds.
    """

    attempt_id: str
    job_id: str
    argv: List[str]
    database: str
    created_at: float
    env: Dict[str, str] = field(default_factory=dict)
    workdir: Optional[str] = None
    setup: List[str] = field(default_factory=list)
    cpus: int = 1
    memory_mib: int = 0
    gpu_uuids: List[str] = field(default_factory=list)
    time_limit_s: Optional[float] = None
    grace_s: float = 10.0
    hints_epochs: Optional[int] = None

    def to_json(self) -> str:
        """The spec as one JSON object with its format's version."""
        return json.dumps({"version": SPEC_VERSION, **self.__dict__}, sort_keys=True)

    @staticmethod
    def from_json(text: str) -> LaunchSpec:
        """Read what ``to_json`` wrote; SpecError names the first field that is wrong."""
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise SpecError(f"the launch request is not JSON: {error}") from error
        if not isinstance(data, dict):
            raise SpecError("the launch request must be a JSON object")
        return _build(data)


def _build(data: Dict[str, Any]) -> LaunchSpec:
    version = _integer(data, "version", 1, 1)
    if version > SPEC_VERSION:
        raise SpecError(f"the launch request has format {version}, this agent knows {SPEC_VERSION}: update the agent")
    attempt_id = _text(data, "attempt_id")
    if not is_attempt_id(attempt_id):
        raise SpecError(f"'{attempt_id[:80]}' is not an attempt id (a ULID, a dash, a number)")
    job_id = _text(data, "job_id")
    if job_of(attempt_id) != job_id:
        raise SpecError(f"attempt {attempt_id} does not belong to job '{job_id[:80]}'")
    argv = _texts(data, "argv")
    if not argv or not argv[0]:
        raise SpecError("argv must name a command")
    workdir = None if data.get("workdir") is None else _text(data, "workdir")
    if workdir == "":
        raise SpecError("workdir must not be empty (leave it out for the home directory)")
    time_limit_s = None if data.get("time_limit_s") is None else _number(data, "time_limit_s")
    if time_limit_s is not None and time_limit_s <= 0:
        raise SpecError("time_limit_s must be more than 0 seconds")
    return LaunchSpec(
        attempt_id=attempt_id,
        job_id=job_id,
        argv=argv,
        database=_text(data, "database"),
        created_at=_number(data, "created_at"),
        env=_variables(data),
        workdir=workdir,
        setup=_texts(data, "setup", []),
        cpus=_integer(data, "cpus", 0, 1),
        memory_mib=_integer(data, "memory_mib", 0, 0),
        gpu_uuids=_texts(data, "gpu_uuids", []),
        time_limit_s=time_limit_s,
        grace_s=_number(data, "grace_s", 10.0),
        hints_epochs=None if data.get("hints_epochs") is None else _integer(data, "hints_epochs", 0),
    )


def _checked(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise SpecError(f"{name} must be text")
    if "\0" in value:
        raise SpecError(f"{name} must not contain a NUL character")
    try:
        value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise SpecError(f"{name} contains characters that are not valid text") from error
    return value


def _text(data: Dict[str, Any], name: str) -> str:
    return _checked(data.get(name), name)


def _texts(data: Dict[str, Any], name: str, default: Optional[List[str]] = None) -> List[str]:
    value = data.get(name, default)
    if not isinstance(value, list):
        raise SpecError(f"{name} must be a list of texts")
    return [_checked(item, f"{name}[{position}]") for position, item in enumerate(value)]


def _variables(data: Dict[str, Any]) -> Dict[str, str]:
    value = data.get("env", {})
    if not isinstance(value, dict):
        raise SpecError("env must map names to texts")
    for name, text in value.items():
        if not name or "=" in name or "\0" in name:
            raise SpecError(f"'{name[:80]}' can't be the name of an environment variable")
        _checked(name, f"the name '{name[:80]!a}' in env")
        _checked(text, f"env {name[:80]}")
    return dict(value)


def _integer(data: Dict[str, Any], name: str, least: int, default: Optional[int] = None) -> int:
    value = data.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool):
        raise SpecError(f"{name} must be a whole number")
    if value < least or value > 2**53:
        raise SpecError(f"{name} must be a whole number from {least} on, not {value}")
    return value


def _number(data: Dict[str, Any], name: str, default: Optional[float] = None) -> float:
    value = data.get(name, default)
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise SpecError(f"{name} must be a number of seconds")
    try:
        number = float(value)
    except OverflowError as error:
        raise SpecError(f"{name} is too large") from error
    if not math.isfinite(number) or number < 0:
        raise SpecError(f"{name} must be a finite number of seconds, 0 or more")
    return number
