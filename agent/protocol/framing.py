"""Bytes -> frames and back.

A frame is its length (4 bytes, big endian, what follows them), a kind (1 byte) and a body. A body of kind JSON is one
JSON object; one of kind DATA is the length of a JSON header (4 bytes), the header, and raw bytes. Nothing is kept
beyond one frame, and a length is checked before a byte of its frame is waited for.
"""

from __future__ import annotations

import struct
from typing import List, NamedTuple

from agent.protocol.errors import LocalProtocolError, RemoteProtocolError

MAX_FRAME = 1 << 20
KIND_JSON = 1
KIND_DATA = 2

_LENGTH = struct.Struct("!I")


class Frame(NamedTuple):
    """One frame: `text` is the JSON object's bytes, `data` the raw bytes of a DATA frame (empty for JSON)."""

    kind: int
    text: bytes
    data: bytes


def encode_frame(text: bytes, data: bytes = b"", *, has_data: bool = False) -> bytes:
    """A frame on the wire. LocalProtocolError if it is larger than MAX_FRAME."""
    body = _LENGTH.pack(len(text)) + text + data if has_data else text
    if len(body) + 1 > MAX_FRAME:
        raise LocalProtocolError(f"a message of {len(body)} bytes is larger than a frame ({MAX_FRAME} bytes)")
    return b"".join((_LENGTH.pack(len(body) + 1), bytes((KIND_DATA if has_data else KIND_JSON,)), body))


class FrameDecoder:
    """Puts frames together from reads of any size."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, received: bytes) -> List[Frame]:
        """The frames that these bytes complete. RemoteProtocolError for a wrong length or kind."""
        self._buffer += received
        frames: List[Frame] = []
        start = 0
        while len(self._buffer) - start >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer, start)
            if not 2 <= length <= MAX_FRAME:
                raise RemoteProtocolError(f"a frame of {length} bytes was announced; 2 to {MAX_FRAME} are possible")
            end = start + _LENGTH.size + length
            if len(self._buffer) < end:
                break
            frames.append(_frame(bytes(self._buffer[start + _LENGTH.size : end])))
            start = end
        del self._buffer[:start]
        return frames

    @property
    def is_between_frames(self) -> bool:
        """Whether the stream may end here without something being cut off."""
        return not self._buffer


def _frame(content: bytes) -> Frame:
    kind = content[0]
    if kind == KIND_JSON:
        return Frame(kind, content[1:], b"")
    if kind != KIND_DATA:
        raise RemoteProtocolError(f"a frame of unknown kind {kind} was received")
    if len(content) < 1 + _LENGTH.size:
        raise RemoteProtocolError("a data frame without a header was received")
    (length,) = _LENGTH.unpack_from(content, 1)
    begin = 1 + _LENGTH.size
    if begin + length > len(content):
        raise RemoteProtocolError(f"a data frame's header of {length} bytes is larger than its frame")
    return Frame(kind, content[begin : begin + length], content[begin + length :])
