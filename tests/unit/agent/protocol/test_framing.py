from __future__ import annotations

import struct

import pytest

from agent.protocol.errors import LocalProtocolError, RemoteProtocolError
from agent.protocol.framing import MAX_FRAME, FrameDecoder, encode_frame


def test_frames_come_out_as_they_went_in_whatever_the_reads() -> None:
    wire = encode_frame(b'{"a":1}') + encode_frame(b"{}", b"\0\xff\n", has_data=True) + encode_frame(b"{}")
    decoder = FrameDecoder()
    frames = [frame for byte in wire for frame in decoder.feed(bytes((byte,)))]
    assert [(frame.text, frame.data) for frame in frames] == [(b'{"a":1}', b""), (b"{}", b"\0\xff\n"), (b"{}", b"")]
    assert decoder.is_between_frames


@pytest.mark.parametrize("length", [0, 1, MAX_FRAME + 1, 1 << 30, 2**32 - 1])
def test_a_length_that_cannot_be_is_refused_before_its_bytes_come(length: int) -> None:
    with pytest.raises(RemoteProtocolError, match="announced"):
        FrameDecoder().feed(struct.pack("!I", length))


@pytest.mark.parametrize(
    "content", [b"\x03{}", b"\x00{}", b"\x02\0\0", b"\x02\0\0\0\x09{}"], ids=["kind 3", "kind 0", "no header", "short"]
)
def test_a_wrong_content_is_refused(content: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        FrameDecoder().feed(struct.pack("!I", len(content)) + content)


def test_a_message_that_is_too_large_is_our_own_mistake() -> None:
    with pytest.raises(LocalProtocolError, match="larger than a frame"):
        encode_frame(b"x" * MAX_FRAME)
