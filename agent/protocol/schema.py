"""JSON objects -> dataclasses, with every value checked.

Both sides use it, so a field is written down once, in `agent.protocol.messages`. Rules beyond the type hints: numbers
are finite, within ±2**53 and not negative unless the field says `signed()`; fields that aren't known are ignored, so
that a newer peer may send more; fields with a default may be missing.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Dict, Mapping, Tuple, Type, TypeVar, Union, get_type_hints

T = TypeVar("T")

LARGEST = 2**53
_SIGNED = {"signed": True}


class SchemaError(ValueError):
    """A value doesn't fit; the message names the field."""


def signed() -> Any:
    """A dataclass field whose numbers may be negative."""
    return dataclasses.field(metadata=_SIGNED)


def build(cls: Type[T], data: Any, where: str = "") -> T:
    """An instance of a dataclass from a JSON object. SchemaError names the first field that is wrong."""
    if not isinstance(data, Mapping):
        raise SchemaError(f"{where or cls.__name__} must be an object")
    arguments: Dict[str, Any] = {}
    for name, (hint, field) in _fields(cls).items():
        place = f"{where}.{name}" if where else name
        if name in data:
            arguments[name] = _check(hint, data[name], place, "signed" in field.metadata)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise SchemaError(f"{place} is missing")
    return cls(**arguments)


def plain(value: Any) -> Any:
    """What `build` reads: a dataclass as plain JSON values."""
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {name: plain(item) for name, item in value.items()}
    return value


_known: Dict[type, Dict[str, Tuple[Any, Any]]] = {}


def _fields(cls: Any) -> Dict[str, Tuple[Any, Any]]:
    if cls not in _known:
        hints = get_type_hints(cls)
        _known[cls] = {field.name: (hints[field.name], field) for field in dataclasses.fields(cls)}
    return _known[cls]


def _check(hint: Any, value: Any, where: str, is_signed: bool) -> Any:
    if hint is Any:
        return value
    if dataclasses.is_dataclass(hint):
        return build(hint, value, where)  # type: ignore[arg-type]
    origin = getattr(hint, "__origin__", None)
    if origin is not None:
        return _check_generic(hint, origin, value, where, is_signed)
    if hint in (int, float):
        return _check_number(hint, value, where, is_signed)
    if not isinstance(value, hint):
        raise SchemaError(f"{where} must be {_WORDS[hint]}")
    return value


def _check_generic(hint: Any, origin: Any, value: Any, where: str, is_signed: bool) -> Any:
    arguments = hint.__args__
    if origin is Union:
        return None if value is None else _check(arguments[0], value, where, is_signed)
    if origin is dict:
        if not isinstance(value, Mapping):
            raise SchemaError(f"{where} must be an object")
        return {name: _check(arguments[1], item, f"{where}.{name[:40]}", is_signed) for name, item in value.items()}
    if not isinstance(value, list):
        raise SchemaError(f"{where} must be a list")
    return [_check(arguments[0], item, f"{where}[{place}]", is_signed) for place, item in enumerate(value)]


def _check_number(hint: Any, value: Any, where: str, is_signed: bool) -> Any:
    accepted = int if hint is int else (int, float)
    if isinstance(value, bool) or not isinstance(value, accepted):
        raise SchemaError(f"{where} must be {_WORDS[hint]}")
    if not (isinstance(value, int) or math.isfinite(value)) or abs(value) > LARGEST or (value < 0 and not is_signed):
        raise SchemaError(f"{where} is out of range")
    return hint(value)


_WORDS = {str: "text", bool: "true or false", int: "a whole number", float: "a number"}
