"""Frozen dataclasses to JSON and back, by their annotations.

Written: every field under its name; a member of a union also under `kind`, its class's name; enums by value; tuples as
arrays. Read strictly: another type, and but for members of unions an unknown key, is a CodecError. A field that isn't
there takes its default, so that a field with a default may be added without touching what is stored.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import types
import typing
from collections.abc import Callable
from enum import Enum
from typing import Any, Literal, NewType, Union

from pydantic_core import SchemaValidator, ValidationError, core_schema
from pydantic_core.core_schema import CoreSchema

KIND = "kind"

Encoder = Callable[[Any], Any]


class CodecError(ValueError):
    """Stored JSON that isn't what its place in the database holds."""


class Codec:
    """Both directions of one type: scalars, enums, tuples, dataclasses, optional values, unions of dataclasses.

    Texts are ASCII, so that lone surrogates (bytes of file names that are no UTF-8) survive.
    """

    def __init__(self, hint: Any) -> None:
        self._encode = _encoder(hint)
        self._validator = SchemaValidator(_schema(hint))

    def dumps(self, value: object) -> str:
        """The JSON text of a value."""
        return json.dumps(self._encode(value), separators=(",", ":"))

    def loads(self, text: str) -> Any:
        """The value in a JSON text; CodecError if it holds anything else."""
        try:
            return self._validator.validate_json(text)
        except ValidationError as error:
            if "\\ud" not in text:
                raise CodecError(_first(error)) from error
        return self._loads_with_surrogates(text)

    def _loads_with_surrogates(self, text: str) -> Any:
        """The fast parser takes no lone surrogates."""
        try:
            return self._validator.validate_python(json.loads(text))
        except ValidationError as error:
            raise CodecError(_first(error)) from error
        except (ValueError, RecursionError) as error:
            raise CodecError(str(error)) from error


codec_for = functools.cache(Codec)


def _first(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, found['loc'])) or 'value'}: {found['msg']}"


def _encoder(hint: Any) -> Encoder:
    origin = typing.get_origin(hint)
    if isinstance(hint, NewType):
        return _encoder(hint.__supertype__)
    if origin is tuple:
        return _tuple_encoder(typing.get_args(hint))
    if origin in (Union, types.UnionType):
        return _union_encoder(typing.get_args(hint))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return lambda member: member.value
    if dataclasses.is_dataclass(hint):
        hints = typing.get_type_hints(hint)
        fields = [(field.name, _encoder(hints[field.name])) for field in dataclasses.fields(hint)]
        return lambda value: {name: encode(getattr(value, name)) for name, encode in fields}
    return _same


def _same(value: Any) -> Any:
    return value


def _tuple_encoder(parts: tuple[Any, ...]) -> Encoder:
    if parts[-1] is Ellipsis:
        item = _encoder(parts[0])
        return lambda value: [item(each) for each in value]
    items = [_encoder(part) for part in parts]
    return lambda value: [encode(part) for encode, part in zip(items, value, strict=True)]


def _union_encoder(parts: tuple[Any, ...]) -> Encoder:
    members = [part for part in parts if part is not type(None)]
    if len(members) == 1:
        inner = _encoder(members[0])
        return _same if inner is _same else lambda value: None if value is None else inner(value)
    by_class = {member: _encoder(member) for member in members}
    return lambda value: {KIND: value.__class__.__name__, **by_class[value.__class__](value)}


def _schema(hint: Any, *, is_tagged: bool = False) -> CoreSchema:
    origin = typing.get_origin(hint)
    if isinstance(hint, NewType):
        return _schema(hint.__supertype__)
    if hint in _SCALARS:
        return _SCALARS[hint]
    if origin is Literal:
        return core_schema.literal_schema(list(typing.get_args(hint)))
    if origin is tuple:
        return _tuple_schema(typing.get_args(hint))
    if origin in (Union, types.UnionType):
        members = [part for part in typing.get_args(hint) if part is not type(None)]
        if len(members) == 1:
            return core_schema.nullable_schema(_schema(members[0]))
        return core_schema.tagged_union_schema({each.__name__: _schema(each, is_tagged=True) for each in members}, KIND)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return core_schema.enum_schema(hint, list(hint))
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return _record_schema(hint, is_tagged=is_tagged)
    raise TypeError(f"no codec for {hint!r}")


_SCALARS: dict[Any, CoreSchema] = {
    str: core_schema.json_or_python_schema(core_schema.str_schema(strict=True), core_schema.is_instance_schema(str)),
    int: core_schema.int_schema(strict=True),
    float: core_schema.float_schema(strict=True),
    bool: core_schema.bool_schema(strict=True),
}


def _tuple_schema(parts: tuple[Any, ...]) -> CoreSchema:
    if parts[-1] is Ellipsis:
        return core_schema.tuple_schema([_schema(parts[0])], variadic_item_index=0)
    return core_schema.tuple_schema([_schema(part) for part in parts])


def _record_schema(kind: type, *, is_tagged: bool) -> CoreSchema:
    hints = typing.get_type_hints(kind)
    fields = dataclasses.fields(kind)
    arguments = [core_schema.dataclass_field(each.name, _field_schema(each, hints[each.name])) for each in fields]
    return core_schema.dataclass_schema(
        kind,
        # The tag is a key that a member of a union doesn't know.
        core_schema.dataclass_args_schema(kind.__name__, arguments),
        [each.name for each in fields],
        slots=True,
        config={"extra_fields_behavior": "ignore" if is_tagged else "forbid"},
    )


def _field_schema(field: dataclasses.Field[Any], hint: Any) -> CoreSchema:
    schema = _schema(hint)
    if field.default is not dataclasses.MISSING:
        return core_schema.with_default_schema(schema, default=field.default)
    if field.default_factory is not dataclasses.MISSING:
        return core_schema.with_default_schema(schema, default_factory=field.default_factory)
    return schema
