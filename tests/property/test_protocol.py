"""Whatever comes, a session gives events or one reason, and never anything else."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from agent.protocol.codec import decode, encode
from agent.protocol.framing import FrameDecoder, encode_frame
from agent.protocol.messages import PROTOCOL_VERSION, Chunk, Hello, LogData, ReadLog, Stop
from agent.protocol.messages import Fence as FenceMessage
from agent.protocol.session import AgentSession, Closed, ConsoleSession

NUMBERS = st.integers(0, 2**53)
TEXT = st.text(max_size=40)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.tuples(TEXT, st.none() | st.binary(max_size=100)), max_size=6), st.lists(st.integers(1, 50)))
def test_frames_do_not_depend_on_how_they_were_cut(bodies: list[tuple[str, bytes | None]], cuts: list[int]) -> None:
    texts = [text.encode("utf-8", "surrogatepass") or b"{}" for text, _ in bodies]
    wire = b"".join(
        encode_frame(text, data or b"", has_data=data is not None)
        for text, (_, data) in zip(texts, bodies, strict=True)
    )
    decoder = FrameDecoder()
    frames = []
    for cut in cuts:
        frames += decoder.feed(wire[:cut])
        wire = wire[cut:]
    frames += decoder.feed(wire)
    assert [frame.text for frame in frames] == texts
    assert [frame.data for frame in frames] == [data or b"" for _, data in bodies]


@given(NUMBERS, st.builds(FenceMessage, TEXT, NUMBERS, TEXT), TEXT, TEXT)
def test_orders_survive_the_wire(number: int, fence: FenceMessage, attempt: str, reason: str) -> None:
    for message in (Stop(number, fence, attempt, reason), ReadLog(number, attempt, 0, 5, [reason], 3, 1.5)):
        (frame,) = FrameDecoder().feed(encode(message))
        assert decode(frame) == message


@given(st.lists(st.binary(max_size=200), max_size=5))
def test_an_agent_survives_any_bytes(pieces: list[bytes]) -> None:
    session = AgentSession()
    for piece in pieces:
        session.receive(piece)


@given(
    st.dictionaries(st.sampled_from(["type", "id", "fence", "spec", "attempt", "reason", "protocol", "chunks"]), JSON),
    st.sampled_from(["hello", "launch", "stop", "log_data", "welcome", "sampled", "reply"]),
)
def test_a_session_survives_any_object(fields: dict[str, object], name: str) -> None:
    text = json.dumps({**fields, "type": name}).encode()
    console, agent = ConsoleSession(), AgentSession()
    console.hello(Hello(PROTOCOL_VERSION, "x"))
    assert isinstance(console.receive(encode_frame(text))[-1], Closed) or name == "welcome"
    agent.receive(encode_frame(text))


@given(st.lists(st.tuples(st.sampled_from(["stdout", "stderr"]), NUMBERS, st.binary(max_size=50)), max_size=5))
def test_log_bytes_survive_the_wire(chunks: list[tuple[str, int, bytes]]) -> None:
    message = LogData(1, [Chunk(stream, offset, len(data), 0.5) for stream, offset, data in chunks], 0, ended=False)
    (frame,) = FrameDecoder().feed(encode(message, b"".join(data for _, _, data in chunks)))
    assert decode(frame) == message
    assert frame.data == b"".join(data for _, _, data in chunks)
