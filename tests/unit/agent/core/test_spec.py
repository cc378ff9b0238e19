from __future__ import annotations

import json
from typing import Any

import pytest

from agent.core.spec import LaunchSpec, SpecError

JOB = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
SPEC = LaunchSpec(
    attempt_id=f"{JOB}-3",
    job_id=JOB,
    argv=["python", "train.py", "\udcff"],
    database="11111111-1111-4111-8111-111111111111",
    created_at=12.5,
    env={"A": "b=c\n"},
    workdir="/data",
    setup=["conda activate x"],
    cpus=2,
    memory_mib=1024,
    gpu_uuids=["GPU-1"],
    time_limit_s=60.0,
    grace_s=5.0,
    hints_epochs=3,
)


def test_a_spec_survives_its_json() -> None:
    assert LaunchSpec.from_json(SPEC.to_json()) == SPEC


def test_what_may_be_left_out_has_a_default() -> None:
    text = json.dumps({"attempt_id": SPEC.attempt_id, "job_id": JOB, "argv": ["x"], "database": "d", "created_at": 1})
    spec = LaunchSpec.from_json(text)
    assert (spec.env, spec.workdir, spec.setup, spec.cpus, spec.memory_mib) == ({}, None, [], 1, 0)
    assert (spec.gpu_uuids, spec.time_limit_s, spec.grace_s) == ([], None, 10.0)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("attempt_id", "../../x-1", "'../../x-1' is not an attempt id"),
        ("attempt_id", f"{JOB}-0", "is not an attempt id"),
        ("attempt_id", f"{JOB}-1\n", "is not an attempt id"),
        ("attempt_id", 5, "attempt_id must be text"),
        ("job_id", "01ARZ3NDEKTSV4RRFFQ69G5FAW", "does not belong to job"),
        ("argv", [], "argv must name a command"),
        ("argv", "ls", "argv must be a list of texts"),
        ("argv", ["a\0b"], r"argv\[0\] must not contain a NUL"),
        ("argv", ["\ud800"], r"argv\[0\] contains characters that are not valid text"),
        ("argv", [1], r"argv\[0\] must be text"),
        ("env", {"A=B": "c"}, "can't be the name of an environment variable"),
        ("env", {"": "c"}, "can't be the name of an environment variable"),
        ("env", {"A": 1}, "env A must be text"),
        ("env", [], "env must map names to texts"),
        ("workdir", "", "workdir must not be empty"),
        ("cpus", True, "cpus must be a whole number"),
        ("cpus", -1, "cpus must be a whole number from 0 on, not -1"),
        ("memory_mib", 1.5, "memory_mib must be a whole number"),
        ("memory_mib", 10**30, "memory_mib must be a whole number"),
        ("time_limit_s", 0, "time_limit_s must be more than 0"),
        ("time_limit_s", "1h", "time_limit_s must be a number of seconds"),
        ("time_limit_s", float("nan"), "time_limit_s must be a finite number"),
        ("grace_s", float("inf"), "grace_s must be a finite number"),
        ("grace_s", 10**400, "grace_s is too large"),
        ("created_at", None, "created_at must be a number"),
        ("version", 2, "update the agent"),
        ("version", None, "version must be a whole number"),
    ],
)
def test_a_wrong_field_is_named_in_a_sentence(field: str, value: Any, sentence: str) -> None:
    data = json.loads(SPEC.to_json())
    data[field] = value
    with pytest.raises(SpecError, match=sentence):
        LaunchSpec.from_json(json.dumps(data))


@pytest.mark.parametrize("text", ["", "[]", "null", "3", '{"argv": ', "[" * 100_000])
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match="the launch request"):
        LaunchSpec.from_json(text)
