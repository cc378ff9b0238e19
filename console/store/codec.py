"""Frozen dataclasses to JSON and back, by their annotations.

Written: every field under its name; a member of a union also under `kind`, its class's name; enums by value; tuples as
arrays. Read strictly: another type or an unknown key is a CodecError. A field that isn't there takes its default, so
that a field with a default may be added without touching what is stored.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import types
import typing
from collections.abc import Callable
from enum import Enum
from typing import Any, Literal, NewType, Union, cast

KIND = "kind"

Encoder = Callable[[Any], Any]
Decoder = Callable[[Any], Any]


class CodecError(ValueError):
    """Stored JSON that isn't what its place in the database holds."""


@dataclasses.dataclass(frozen=True, slots=True)
class Codec:
    """Both directions of one type. Texts are ASCII, so that lone surrogates (bytes of file names) survive."""

    encode: Encoder
    decode: Decoder

    def dumps(self, value: object) -> str:
        """The JSON text of a value."""
        return json.dumps(self.encode(value), separators=(",", ":"))

    def loads(self, text: str) -> Any:
        """The value in a JSON text; CodecError if it holds anything else."""
        try:
            return self.decode(json.loads(text))
        except CodecError:
            raise
        except (ValueError, RecursionError) as error:
            raise CodecError(f"no JSON: {error}") from error


@functools.cache
def codec_for(hint: Any) -> Codec:
    """The codec of an annotation: scalars, enums, tuples, dataclasses, optional values, unions of dataclasses."""
    if isinstance(hint, NewType):
        return codec_for(hint.__supertype__)
    origin = typing.get_origin(hint)
    if hint in (str, int, bool, type(None)):
        return Codec(_same, _exactly(hint))
    if hint is float:
        return Codec(_same, _number)
    if origin is Literal:
        return Codec(_same, _one_of(typing.get_args(hint)))
    if origin is tuple:
        return _tuple_codec(typing.get_args(hint))
    if origin in (Union, types.UnionType):
        return _union_codec(typing.get_args(hint))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _enum_codec(hint)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _record_codec(hint)
    raise TypeError(f"no codec for {hint!r}")


def _same(value: Any) -> Any:
    return value


def _exactly(kind: type) -> Decoder:
    def decode(value: Any) -> Any:
        if value.__class__ is not kind:
            raise CodecError(f"{_short(value)} is no {kind.__name__}")
        return value

    return decode


def _number(value: Any) -> float:
    if value.__class__ is float:
        return cast(float, value)
    if value.__class__ is not int:
        raise CodecError(f"{_short(value)} is no number")
    try:
        return float(value)
    except OverflowError as error:
        raise CodecError(f"{_short(value)} is too large") from error


def _one_of(choices: tuple[object, ...]) -> Decoder:
    def decode(value: Any) -> Any:
        if value not in choices:
            raise CodecError(f"{_short(value)} is none of {', '.join(map(str, choices))}")
        return value

    return decode


def _enum_codec(kind: type[Enum]) -> Codec:
    members = {member.value: member for member in kind}

    def decode(value: Any) -> Enum:
        try:
            return members[value]
        except (KeyError, TypeError) as error:
            raise CodecError(f"{_short(value)} is no {kind.__name__}") from error

    return Codec(lambda member: member.value, decode)


def _tuple_codec(parts: tuple[Any, ...]) -> Codec:
    if len(parts) == 2 and parts[1] is Ellipsis:
        item = codec_for(parts[0])

        def decode_many(value: Any) -> tuple[Any, ...]:
            if value.__class__ is not list:
                raise CodecError(f"{_short(value)} is no array")
            return tuple([item.decode(each) for each in value]) if value else ()

        return Codec(lambda value: [item.encode(each) for each in value], decode_many)

    items = [codec_for(part) for part in parts]

    def decode_fixed(value: Any) -> tuple[Any, ...]:
        if value.__class__ is not list or len(value) != len(items):
            raise CodecError(f"{_short(value)} is no array of {len(items)}")
        return tuple([each.decode(part) for each, part in zip(items, value, strict=True)])

    return Codec(
        lambda value: [each.encode(part) for each, part in zip(items, value, strict=True)],
        decode_fixed,
    )


def _union_codec(parts: tuple[Any, ...]) -> Codec:
    rest = [part for part in parts if part is not type(None)]
    if len(rest) == len(parts):
        return _tagged_codec(rest)
    inner = codec_for(rest[0]) if len(rest) == 1 else _tagged_codec(rest)
    if inner.encode is _same:
        return Codec(_same, lambda value: None if value is None else inner.decode(value))
    return Codec(
        lambda value: None if value is None else inner.encode(value),
        lambda value: None if value is None else inner.decode(value),
    )


def _tagged_codec(parts: list[Any]) -> Codec:
    by_class = {part: codec_for(part).encode for part in parts}
    by_name = {part.__name__: codec_for(part).decode for part in parts}

    def encode(value: Any) -> dict[str, Any]:
        return {KIND: value.__class__.__name__, **by_class[value.__class__](value)}

    def decode(value: Any) -> Any:
        if value.__class__ is not dict or not isinstance(kind := value.pop(KIND, None), str) or kind not in by_name:
            raise CodecError(f"{_short(value)} is none of {', '.join(by_name)}")
        return by_name[kind](value)

    return Codec(encode, decode)


def _record_codec(kind: type) -> Codec:
    hints = typing.get_type_hints(kind)
    fields = [(field.name, codec_for(hints[field.name])) for field in dataclasses.fields(kind)]
    encoders = [(name, codec.encode) for name, codec in fields]
    decoders = [(name, codec.decode) for name, codec in fields]
    names = {name for name, _ in fields}
    required = {
        field.name
        for field in dataclasses.fields(kind)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    }

    def encode(value: Any) -> dict[str, Any]:
        return {name: encoder(getattr(value, name)) for name, encoder in encoders}

    def decode(value: Any) -> Any:
        if value.__class__ is not dict:
            raise CodecError(f"{_short(value)} is no {kind.__name__}")
        keys = value.keys()
        if keys == names:
            return kind(*[decoder(value[name]) for name, decoder in decoders])
        if wrong := keys - names:
            raise CodecError(f"{kind.__name__} has no {', '.join(sorted(wrong))}")
        if missing := required - keys:
            raise CodecError(f"{kind.__name__} without {', '.join(sorted(missing))}")
        return kind(**{name: decoder(value[name]) for name, decoder in decoders if name in keys})

    return Codec(encode, decode)


def _short(value: object) -> str:
    return repr(value)[:80]
