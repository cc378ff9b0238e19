"""What a link is to those who talk on it."""

from __future__ import annotations

from typing import Protocol


class LinkFailed(Exception):
    """No link could be made, or it broke; the message is a sentence. Trying again later may help."""


class LinkRefused(LinkFailed):
    """Trying again would give the same answer: somebody has to change something first."""


class ByteStream(Protocol):
    """Bytes to an agent and back."""

    async def read(self) -> bytes:
        """The next bytes, empty when the other side has closed. LinkFailed if it broke."""
        ...

    async def write(self, data: bytes) -> None:
        """Send bytes; waits while the other side doesn't keep up. LinkFailed if it broke."""
        ...

    async def close(self) -> None:
        """Let go of it. Does nothing to the agent."""
        ...


class Connector(Protocol):
    """Knows how to reach one node's agent."""

    async def connect(self) -> ByteStream:
        """A fresh stream that stands at the agent's first byte. LinkFailed says why there is none."""
        ...
