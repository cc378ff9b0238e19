from __future__ import annotations

import json

import pytest

from agent.protocol.codec import Unknown, decode, encode
from agent.protocol.errors import RemoteProtocolError
from agent.protocol.framing import Frame, FrameDecoder
from agent.protocol.messages import (
    AttemptUse,
    Chunk,
    Exit,
    Fence,
    Launch,
    LogData,
    Message,
    NodeUse,
    Progressed,
    Report,
    Sampled,
    Value,
)
from agent.protocol.messages import Changed as ChangedMessage

USE = AttemptUse(1.0, 50.0, 3.5, None, None, 1.0, 2.0, [])


@pytest.mark.parametrize(
    "message",
    [
        Launch(3, Fence("db", 2, "c"), {"argv": ["a\udc80", "ü"], "deep": [{"x": None}]}),
        ChangedMessage(Report("A-1", "ended", 1.5, 2.5, Exit(None, 9, "stopped", 1.0, 3.0, 7), "r", acknowledged=True)),
        LogData(1, [Chunk("stdout", 5, 2, 1.5, 3)], 9, ended=True),
        Progressed("A-1", 2.0, 0.5, None, [Value("loss", -3.5), Value("lr", None)]),
        Sampled(NodeUse(1.0, None, 3, None, None, None, None, None, []), {"A-1": USE}),
    ],
    ids=lambda message: type(message).__name__,
)
def test_messages_survive_the_wire(message: Message) -> None:
    data = b"ab" if isinstance(message, LogData) else b""
    (frame,) = FrameDecoder().feed(encode(message, data))
    assert decode(frame) == message
    assert frame.data == data


def frame_of(fields: object) -> Frame:
    return Frame(1, json.dumps(fields).encode(), b"")


def test_fields_of_a_newer_peer_are_ignored_and_its_messages_unknown() -> None:
    assert decode(frame_of({"type": "ping", "id": 4, "colour": "red"})).__class__.__name__ == "Ping"
    assert decode(frame_of({"type": "dance", "id": 4})) == Unknown("dance", 4)
    assert decode(frame_of({"type": "dance", "id": True})) == Unknown("dance", None)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"type": "ping"}, "id is missing"),
        ({"type": "ping", "id": "1"}, "id must be a whole number"),
        ({"type": "ping", "id": True}, "id must be a whole number"),
        ({"type": "ping", "id": -1}, "id is out of range"),
        ({"type": "ping", "id": 2**60}, "id is out of range"),
        ({"type": "bye", "reason": None}, "reason must be text"),
        ({"type": "subscribe", "id": 1, "samples": 1}, "samples must be true or false"),
        ({"type": "changed", "report": []}, "report must be an object"),
        ({"type": "attempts", "reports": {}, "last": True}, "reports must be a list"),
        ({"type": "attempts", "reports": [{"attempt": 3, "phase": ""}], "last": True}, "reports[0].attempt must be"),
        ({"type": "sampled", "node": {}, "attempts": []}, "node.time is missing"),
        (["type"], "no type"),
        ({"type": 3}, "no type"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_field(fields: object, reason: str) -> None:
    with pytest.raises(RemoteProtocolError) as error:
        decode(frame_of(fields))
    assert reason in str(error.value)


@pytest.mark.parametrize(
    "text", [b"{", b"NaN", b'{"type":"progressed","attempt":"a","time":NaN}', b"\xff\xfe", b"[" * 10**5]
)
def test_what_is_not_json_is_refused(text: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        decode(Frame(1, text, b""))
