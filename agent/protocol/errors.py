"""What can go wrong between console and agent.

ProtocolError
├── LocalProtocolError   this side broke the rules: a mistake in our own code
└── RemoteProtocolError  the other side did: close that link, say why
"""

from __future__ import annotations


class ProtocolError(Exception):
    """The rules of the protocol were broken; the message is a sentence for a person."""


class LocalProtocolError(ProtocolError):
    """This side asked for something that the protocol doesn't allow now."""


class RemoteProtocolError(ProtocolError):
    """What came from the other side can't be taken; nothing more is read from it."""
