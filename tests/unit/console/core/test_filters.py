"""The filter grammar."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.core.durations import format_duration, parse_duration
from console.core.filters import FIELDS, InvalidFilter, JobFacts, matches, parse
from console.domain.jobs import Priority, Status

JOB = JobFacts(
    name="BERT large, run 2",
    number=12,
    status=Status.FAILED,
    priority=Priority.HIGH,
    experiment="bert-sentiment",
    type="Hyperparameter Tuning",
    node="n3",
    cpus=4,
    memory_gb=16.0,
    gpus=2,
    age_s=3600.0,
    labels=(("team", "vision"),),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ("   ", True),
        ("bert", True),
        ("bert gpt", False),
        ("bert,gpt", True),
        ("gpt,", False),
        ("!gpt", True),
        ("!!bert", True),
        ("status:failed prio:high exp:bert node:n3 gpu>=2 age<2d", True),
        ("status:fail", True),
        ("status:failed,running", True),
        ("!status:failed,running", False),
        ("!status:pending,running", True),
        ("status:running,!failed", False),
        ("gpt,status:failed", True),
        ("node:n", False),
        ("node:n*", True),
        ("node:*3", True),
        ("node:*n*3*", True),
        ("node:n3*3", False),
        ("type:tuning", True),
        ("name:large", True),
        ("label:team", True),
        ("label:team=vision", True),
        ("label:team=nlp", False),
        ('"bert large, run"', True),
        ('"bert  large"', False),
        ('exp:"bert-s"', True),
        ("gpu:2", True),
        ("gpu=3", False),
        ("cpu<4", False),
        ("cpu<=4 mem>15.5", True),
        ("number:12", True),
        ("age>30m", True),
        ("age>1h", False),
    ],
)
def test_what_matches(text: str, expected: bool) -> None:
    assert matches(parse(text), JOB) is expected


def test_a_job_without_a_node_is_on_none() -> None:
    assert not matches(parse("node:*"), replace(JOB, node=None))


@pytest.mark.parametrize(
    ("text", "at", "part"),
    [
        ("bert staus:failed", 5, "did you mean status?"),
        ("status:done", 7, "pending, running, completed, failed"),
        ("gpu>=many", 5, "gpus is a number"),
        ("age<soon", 4, "age is a duration"),
        ("exp>3", 4, "experiment is a text"),
        ('a "b', 2, "no partner"),
        ("status:", 0, "a value is missing after status:"),
        ("a,,b", 0, "missing"),
        ("!", 0, "missing"),
        ("x" * 2001, 2000, "at most 2000"),
    ],
)
def test_errors_name_the_place(text: str, at: int, part: str) -> None:
    with pytest.raises(InvalidFilter) as caught:
        parse(text)
    assert caught.value.at == at
    assert part in str(caught.value)
    assert f"character {at + 1}" in str(caught.value)


pieces = st.sampled_from([*FIELDS, "failed", ":", "=", "<", ">=", "!", ",", " ", '"', "2d", "3", "*", "bert"])


@given(st.text() | st.lists(pieces).map("".join))
def test_any_text_is_a_filter_or_says_why_not(text: str) -> None:
    at = 0
    try:
        matches(parse(text), JOB)
    except InvalidFilter as invalid:
        at = invalid.at
    assert 0 <= at <= len(text)


@given(st.text(st.characters(exclude_characters='"')))
def test_a_quoted_text_means_itself(text: str) -> None:
    assert matches(parse(f'"{text}"'), JOB) is (text.casefold() in JOB.name.casefold())


@given(st.lists(pieces).map("".join))
def test_a_negated_term_is_the_opposite(text: str) -> None:
    try:
        plain, negated = parse(text), parse("!" + text)
    except InvalidFilter:
        return
    if len(plain.terms) == 1 and text[:1] != " ":
        assert matches(plain, JOB) is not matches(negated, JOB)


@pytest.mark.parametrize(
    ("text", "seconds"), [("2h", 7200), ("90m", 5400), ("1d12h", 129600), ("45s", 45), ("30", 30), ("1H 5M", 3900)]
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "h", "2x", "-3", "1m2h", "٣"])
def test_no_durations(text: str) -> None:
    with pytest.raises(ValueError):
        parse_duration(text)


@given(st.integers(0, 10**12).map(lambda ms: ms / 1000))
def test_a_formatted_duration_is_read_back(seconds: float) -> None:
    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds)
