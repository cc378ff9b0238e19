"""Messages <-> frames."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import NoReturn, Optional, Union, cast

from agent.protocol.errors import RemoteProtocolError
from agent.protocol.framing import Frame, encode_frame
from agent.protocol.messages import NAMES, HistoryData, LogData, Message
from agent.protocol.schema import SchemaError, build, plain

_TYPES = {cls: name for name, cls in NAMES.items()}


@dataclass(frozen=True)
class Unknown:
    """A message that this side has no name for, from a newer peer; `id` is set if it looks like a request."""

    type: str
    id: Optional[int]


def encode(message: Message, data: bytes = b"") -> bytes:
    """A message as a frame; only LogData and HistoryData carry `data`. LocalProtocolError if it is too large."""
    fields = {"type": _TYPES[type(message)], **plain(message)}
    text = json.dumps(fields, separators=(",", ":"), allow_nan=False).encode("ascii")
    return encode_frame(text, data, has_data=isinstance(message, (LogData, HistoryData)))


def decode(frame: Frame) -> Union[Message, Unknown]:
    """The message in a frame. RemoteProtocolError says what is wrong with it."""
    try:
        fields = json.loads(frame.text, parse_constant=_refuse_constant)
    except RecursionError:
        raise RemoteProtocolError("a message is nested too deep") from None
    except ValueError as error:
        raise RemoteProtocolError(f"a message is not JSON: {error}") from None
    if not isinstance(fields, dict) or not isinstance(fields.get("type"), str):
        raise RemoteProtocolError("a message has no type")
    name = fields["type"]
    cls = NAMES.get(name)
    if cls is None:
        number = fields.get("id")
        return Unknown(name[:80], number if isinstance(number, int) and not isinstance(number, bool) else None)
    try:
        return cast(Message, build(cls, fields))
    except (SchemaError, RecursionError) as error:
        raise RemoteProtocolError(f"a message of type {name} is wrong: {error}") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number of JSON")
