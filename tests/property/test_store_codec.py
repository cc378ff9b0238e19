"""What is stored is what was given."""

from __future__ import annotations

import dataclasses
import types
import typing
from enum import Enum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.domain.events import Event
from console.domain.jobs import Job, JobSpec
from console.domain.nodes import AttemptProgress, AttemptSample, Node
from console.domain.requests import Request
from console.ports import NodeSampled
from console.store.codec import CodecError, codec_for

STORED = [*typing.get_args(Event), *typing.get_args(Request), Job, JobSpec, Node, NodeSampled, AttemptProgress]
ANY_TEXT = st.text(st.characters(), max_size=12)
SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    str: ANY_TEXT,
    int: st.integers(-(2**63), 2**63 - 1),
    float: st.floats(allow_nan=False),
    bool: st.booleans(),
    type(None): st.none(),
}


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of an annotation."""
    if isinstance(hint, typing.NewType):
        return values(hint.__supertype__)
    if hint in SCALARS:
        return SCALARS[hint]
    if typing.get_origin(hint) is tuple:
        parts = typing.get_args(hint)
        if parts[-1] is Ellipsis:
            return st.lists(values(parts[0]), max_size=2).map(tuple)
        return st.tuples(*map(values, parts))
    if isinstance(hint, types.UnionType):
        return st.one_of(*map(values, typing.get_args(hint)))
    if issubclass(hint, Enum):
        return st.sampled_from(list(hint))
    hints = typing.get_type_hints(hint)
    return st.builds(hint, **{field.name: values(hints[field.name]) for field in dataclasses.fields(hint)})


@pytest.mark.parametrize("kind", STORED, ids=lambda kind: kind.__name__)
@given(st.data())
def test_a_stored_value_comes_back_equal(kind: type, data: st.DataObject) -> None:
    value = data.draw(values(kind))
    codec = codec_for(kind)
    back = codec.loads(codec.dumps(value))
    assert back == value
    assert back.__class__ is kind


@given(values(Event))
def test_an_event_comes_back_as_what_it_was(event: Event) -> None:
    codec = codec_for(Event)
    back = codec.loads(codec.dumps(event))
    assert back == event
    assert back.__class__ is event.__class__


@given(st.text(max_size=40))
def test_anything_else_is_refused_as_such(text: str) -> None:
    with pytest.raises(CodecError):
        codec_for(AttemptSample).loads(text)
