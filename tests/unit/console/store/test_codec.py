from __future__ import annotations

import json
import math
from typing import Any

import pytest

from console.domain.events import AttemptLost, Event, JobStopRequested
from console.domain.ids import AttemptId, JobId
from console.domain.jobs import Hyperparameters, JobSpec, JobState, Pending, Running
from console.domain.nodes import AttemptProgress
from console.store.codec import CodecError, codec_for

SPEC = codec_for(JobSpec)


def changed(**fields: Any) -> str:
    return json.dumps({**json.loads(SPEC.dumps(JobSpec("train", ("true",)))), **fields})


def test_a_field_that_was_added_later_takes_its_default() -> None:
    assert SPEC.loads('{"name":"train","command":["true"]}') == JobSpec("train", ("true",))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"command":[]}', "name: Field required"),
        (changed(colour="red"), "colour: Unexpected keyword argument"),
        (changed(retries="2"), "retries: Input should be a valid integer"),
        (changed(retries=True), "retries: Input should be a valid integer"),
        (changed(held=1), "held: Input should be a valid boolean"),
        (changed(command="true"), "command: Input should be a valid"),
        (changed(env=[["A"]]), "env.0.1: Field required"),
        (changed(priority="urgent"), "priority: Input should be 'high', 'medium' or 'low'"),
        (changed(config=None), "config: Input should be"),
        ("", "value: Invalid JSON"),
        ('{"name":"\\ud800', "escape"),
        (changed(name="\ud800", retries="2"), "retries: Input should be a valid integer"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(text: str, message: str) -> None:
    with pytest.raises(CodecError) as caught:
        SPEC.loads(text)
    assert message in str(caught.value)


def test_members_of_a_union_are_told_by_their_kind() -> None:
    codec = codec_for(JobState)
    running = Running(AttemptId("a"), "here", 1.0)
    assert json.loads(codec.dumps(running))["kind"] == "Running"
    assert codec.loads(codec.dumps(running)) == running
    assert codec.loads('{"kind":"Pending","since":1}') == Pending(1.0)
    with pytest.raises(CodecError):
        codec.loads('{"kind":"Paused","since":1}')
    with pytest.raises(CodecError):
        codec.loads('{"since":1}')


def test_events_keep_their_class_where_fields_are_equal() -> None:
    codec = codec_for(Event)
    event = JobStopRequested(1.0, JobId("j"))
    assert codec.loads(codec.dumps(event)).__class__ is JobStopRequested
    assert codec.loads(codec.dumps(AttemptLost(1.0, AttemptId("a"), "gone"))).reason == "gone"


def test_bytes_of_file_names_and_numbers_that_ran_away_survive() -> None:
    name = b"caf\xe9".decode("utf-8", "surrogateescape")
    spec = JobSpec(name, ("bash", name), config=Hyperparameters(learning_rate=math.inf))
    assert SPEC.loads(SPEC.dumps(spec)) == spec

    codec = codec_for(AttemptProgress)
    progress = AttemptProgress(AttemptId("a"), 1.0, None, None, (("loss", math.nan),))
    assert math.isnan(codec.loads(codec.dumps(progress)).latest[0][1])


def test_a_type_without_a_form_in_json_is_a_mistake_of_the_program() -> None:
    with pytest.raises(TypeError):
        codec_for(bytes)
