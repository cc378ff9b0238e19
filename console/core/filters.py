"""The filter grammar, the same for the table of the console and for `clusterdeck jobs`.

    filter  = term (" " term)*            all terms must match
    term    = ["!"] choice ("," choice)*  any of the choices; the ! in front turns the whole term around
    choice  = ["!"] word                  the name contains the word, in any case
            | ["!"] field ":" text        status:failed prio:high exp:bert node:n3 type:eval label:team=vision
            | ["!"] field op number       gpu>=2 cpu<8 mem>16 number:12, with : = > >= < <=
            | ["!"] "age" op duration     age<2d

A choice without a field after one with a field is about the same field: `status:failed,running`. Double quotes keep
spaces, commas, colons and a leading ! as plain characters: `"bert large"`, `exp:"a, b"`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from operator import eq, ge, gt, le, lt
from typing import assert_never

from console.core.durations import parse_duration
from console.domain.errors import InvalidInput
from console.domain.jobs import Job, Priority, Status

MAX_LENGTH = 2000


@dataclass(frozen=True, slots=True)
class JobFacts:
    """What a filter may ask about a job; memory in GiB, age in seconds."""

    name: str
    number: int
    status: Status
    priority: Priority
    experiment: str
    type: str
    node: str | None
    cpus: int
    memory_gb: float
    gpus: int
    age_s: float
    labels: tuple[tuple[str, str], ...] = ()


def facts_of(job: Job, now: float) -> JobFacts:
    """What a filter may ask about a job at a moment."""
    spec = job.spec
    last = job.last_attempt
    return JobFacts(
        name=spec.name,
        number=job.number,
        status=job.status,
        priority=spec.priority,
        experiment=spec.experiment,
        type=spec.type.value,
        node=last.node if last else None,
        cpus=spec.resources.cpus,
        memory_gb=spec.resources.memory_gb,
        gpus=spec.resources.gpus,
        age_s=now - job.submitted_at,
        labels=spec.labels,
    )


@dataclass(frozen=True, slots=True)
class TextTest:
    """A test of a text; `value` is case-folded."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class NumberTest:
    """A comparison with a number."""

    field: str
    operator: str
    value: float


@dataclass(frozen=True, slots=True)
class Choice:
    """One test, or its opposite."""

    test: TextTest | NumberTest
    negated: bool


@dataclass(frozen=True, slots=True)
class Term:
    """Choices of which one must match; none of them if negated."""

    choices: tuple[Choice, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class Filter:
    """Terms that must all match; without terms everything does."""

    terms: tuple[Term, ...]


class InvalidFilter(InvalidInput):
    """A text is not a filter; `at` is the index of the character where the trouble starts."""

    def __init__(self, at: int, problem: str) -> None:
        super().__init__(f"Filter, character {at + 1}: {problem}")
        self.at = at


_ALIASES = {
    "status": "status",
    "prio": "priority",
    "priority": "priority",
    "exp": "experiment",
    "experiment": "experiment",
    "node": "node",
    "type": "type",
    "name": "name",
    "label": "label",
    "gpu": "gpus",
    "gpus": "gpus",
    "cpu": "cpus",
    "cpus": "cpus",
    "mem": "memory",
    "memory": "memory",
    "age": "age",
    "number": "number",
}
FIELDS = tuple(_ALIASES)
_NUMBERS: dict[str, Callable[[JobFacts], float]] = {
    "gpus": lambda facts: facts.gpus,
    "cpus": lambda facts: facts.cpus,
    "memory": lambda facts: facts.memory_gb,
    "age": lambda facts: facts.age_s,
    "number": lambda facts: facts.number,
}
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ":": eq, "=": eq, ">": gt, ">=": ge, "<": lt, "<=": le,
}  # fmt: skip
_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?")


def parse(text: str) -> Filter:
    """The filter that a text means. InvalidFilter, and nothing else, for any text that is none."""
    if len(text) > MAX_LENGTH:
        raise InvalidFilter(MAX_LENGTH, f"a filter may have at most {MAX_LENGTH} characters.")
    return Filter(tuple(_parse_term(term) for term in _split(_scan(text), " ")))


def matches(wanted: Filter, facts: JobFacts) -> bool:
    """Whether a job passes the filter."""
    return all(
        any(_passes(choice.test, facts) is not choice.negated for choice in term.choices) is not term.negated
        for term in wanted.terms
    )


@dataclass(frozen=True, slots=True)
class _Char:
    """A character with its index; `plain` if it stood in quotes. An empty one marks a quote."""

    at: int
    char: str
    plain: bool = False


def _scan(text: str) -> list[_Char]:
    chars: list[_Char] = []
    opened: int | None = None
    for at, char in enumerate(text):
        if char == '"':
            opened = at if opened is None else None
            chars.append(_Char(at, "", plain=True))
        elif opened is None:
            chars.append(_Char(at, " " if char.isspace() else char))
        else:
            chars.append(_Char(at, char, plain=True))
    if opened is not None:
        raise InvalidFilter(opened, 'this quote has no partner: add a " where the text ends.')
    return chars


def _split(chars: list[_Char], separator: str) -> list[list[_Char]]:
    parts: list[list[_Char]] = [[]]
    for char in chars:
        if char.char == separator and not char.plain:
            parts.append([])
        else:
            parts[-1].append(char)
    return [part for part in parts if part] if separator == " " else parts


def _parse_term(chars: list[_Char]) -> Term:
    start = chars[0].at
    rest, negated = _strip_negation(chars)
    parts = _split(rest, ",")
    # A comma at the end is what a person who types the next choice has so far.
    if len(parts) > 1 and not parts[-1]:
        parts.pop()
    choices: list[Choice] = []
    field: str | None = None
    operator = ":"
    at = start
    for part in parts:
        body, turned = _strip_negation(part)
        at = body[0].at if body else at
        found = _find_operator(body)
        if found is not None:
            index, operator = found
            field = _field("".join(char.char for char in body[:index]), at)
            body = body[index + len(operator) :]
        value = "".join(char.char for char in body)
        if not value and not any(char.plain for char in body):
            raise InvalidFilter(at, _what_is_missing(field, operator))
        choices.append(Choice(_test(field, operator, value, body[0].at), turned))
    return Term(tuple(choices), negated)


def _what_is_missing(field: str | None, operator: str) -> str:
    if field is None:
        return "a word or a field such as status:failed is missing here."
    return f"a value is missing after {field}{operator}."


def _strip_negation(chars: list[_Char]) -> tuple[list[_Char], bool]:
    negated = False
    index = 0
    while index < len(chars) and chars[index].char == "!" and not chars[index].plain:
        negated = not negated
        index += 1
    return chars[index:], negated


def _find_operator(chars: list[_Char]) -> tuple[int, str] | None:
    for index, char in enumerate(chars):
        if char.plain:
            return None
        if char.char and char.char in ":=<>":
            follower = chars[index + 1] if index + 1 < len(chars) else None
            if char.char in "<>" and follower is not None and follower.char == "=" and not follower.plain:
                return index, char.char + "="
            return index, char.char
    return None


def _field(name: str, at: int) -> str:
    field = _ALIASES.get(name.casefold())
    if field is None:
        near = difflib.get_close_matches(name.casefold(), FIELDS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(set(_ALIASES.values())))}."
        raise InvalidFilter(at, f'there is no field "{name}"; {hint} Quote it to search names for it.')
    return field


def _test(field: str | None, operator: str, value: str, at: int) -> TextTest | NumberTest:
    if field is None:
        return TextTest("name", value.casefold())
    if field in _NUMBERS:
        return NumberTest(field, operator, _amount(field, value, at))
    if operator not in (":", "="):
        raise InvalidFilter(at, f"{field} is a text and takes : only, such as {field}:{value or 'x'}.")
    folded = value.casefold()
    allowed = {"status": tuple(Status), "priority": tuple(Priority)}.get(field)
    if allowed is not None:
        near = [member.value for member in allowed if folded and member.value.startswith(folded)]
        if len(near) != 1:
            raise InvalidFilter(at, f'{field} is one of {", ".join(allowed)}, not "{value}".')
        folded = near[0]
    return TextTest(field, folded)


def _amount(field: str, value: str, at: int) -> float:
    if field == "age":
        try:
            return parse_duration(value)
        except ValueError as error:
            raise InvalidFilter(at, f'age is a duration such as 2d, 3h or 90m, not "{value}".') from error
    if _NUMBER.fullmatch(value) is None:
        raise InvalidFilter(at, f'{field} is a number, not "{value}".')
    return float(value)


def _passes(test: TextTest | NumberTest, facts: JobFacts) -> bool:
    match test:
        case NumberTest(field, operator, value):
            return _COMPARE[operator](_NUMBERS[field](facts), value)
        case TextTest("status", value):
            return facts.status.value == value
        case TextTest("priority", value):
            return facts.priority.value == value
        case TextTest("node", value):
            return facts.node is not None and _glob(value, facts.node.casefold())
        case TextTest("label", value):
            return any(value in (key.casefold(), f"{key}={text}".casefold()) for key, text in facts.labels)
        case TextTest("experiment", value):
            return value in facts.experiment.casefold()
        case TextTest("type", value):
            return value in facts.type.casefold()
        case TextTest(_, value):
            return value in facts.name.casefold()
        case _:
            assert_never(test)


def _glob(pattern: str, text: str) -> bool:
    """Whether a text has the form of a pattern, whose * stand for anything. Linear, whatever the pattern."""
    first, *others = pattern.split("*")
    if not others:
        return text == first
    last = others.pop()
    if not text.startswith(first) or not text.endswith(last) or len(text) < len(first) + len(last):
        return False
    middle = text[len(first) : len(text) - len(last)]
    place = 0
    for part in others:
        found = middle.find(part, place)
        if found < 0:
            return False
        place = found + len(part)
    return True
