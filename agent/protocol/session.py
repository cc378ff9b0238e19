"""The order of messages on one link: a state machine without I/O, one object on each side.

    side     greeting ──► open ──► closed
    console  sends Hello, waits for Welcome; then requests out, answers and pushes in
    agent    waits for Hello, sends Welcome; then requests in, answers and pushes out

Closed is entered by Bye in either direction and by the first thing that breaks a rule; nothing is read after that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Set, Union

from agent.protocol.codec import Unknown, decode, encode
from agent.protocol.errors import LocalProtocolError, RemoteProtocolError
from agent.protocol.framing import Frame, FrameDecoder
from agent.protocol.messages import (
    ANSWERS,
    INVALID,
    PROTOCOL_VERSION,
    PUSHES,
    REQUESTS,
    Answer,
    Bye,
    Hello,
    Message,
    Push,
    Reply,
    Request,
    Welcome,
)

GREETING = "greeting"
OPEN = "open"
CLOSED = "closed"

MOST_PENDING = 256
"""Requests that may wait for their answers on one link."""


@dataclass(frozen=True)
class Answered:
    """An answer came; `data` are its raw bytes."""

    answer: Answer
    data: bytes


@dataclass(frozen=True)
class Closed:
    """The link is over; `reason` is a sentence."""

    reason: str


ConsoleEvent = Union[Welcome, Answered, Push, Closed]
AgentEvent = Union[Hello, Request, Closed]


class _Session:
    def __init__(self) -> None:
        self.state = GREETING
        self._decoder = FrameDecoder()

    def bye(self, reason: str) -> bytes:
        """Close from this side, telling why."""
        self.state = CLOSED
        return encode(Bye(reason[:2000]))

    def _frames(self, received: bytes) -> List[Frame]:
        return self._decoder.feed(received)

    def _require(self, state: str) -> None:
        if self.state != state:
            raise LocalProtocolError(f"this can't be sent while the link is in state {self.state}")


class ConsoleSession(_Session):
    """The console's side of a link."""

    def __init__(self) -> None:
        super().__init__()
        self._next = 1
        self._pending: Set[int] = set()

    def hello(self, hello: Hello) -> bytes:
        """The first bytes to send."""
        self._require(GREETING)
        return encode(hello)

    def next_id(self) -> int:
        """A number for a request that no other request of this link has."""
        self._next += 1
        return self._next

    def request(self, request: Request) -> bytes:
        """A request's bytes; its answer comes as Answered."""
        self._require(OPEN)
        if request.id in self._pending:
            raise LocalProtocolError(f"request {request.id} waits for its answer already")
        if len(self._pending) >= MOST_PENDING:
            raise LocalProtocolError(f"{MOST_PENDING} requests wait for their answers already")
        encoded = encode(request)
        self._pending.add(request.id)
        return encoded

    def receive(self, received: bytes) -> List[ConsoleEvent]:
        """What these bytes tell. Closed is the last of all events."""
        if self.state == CLOSED:
            return []
        events: List[ConsoleEvent] = []
        try:
            for frame in self._frames(received):
                event = self._event(decode(frame), frame.data)
                if event is not None:
                    events.append(event)
                if isinstance(event, Closed):
                    break
        except RemoteProtocolError as error:
            events.append(Closed(f"the agent broke the protocol: {error}"))
        if events and isinstance(events[-1], Closed):
            self.state = CLOSED
        return events

    def _event(self, message: Union[Message, Unknown], data: bytes) -> Union[ConsoleEvent, None]:
        if isinstance(message, Bye):
            return Closed(message.reason)
        if self.state == GREETING:
            if not isinstance(message, Welcome):
                raise RemoteProtocolError("its first message is no welcome")
            if message.protocol != PROTOCOL_VERSION:
                return Closed(_version_reason(message.protocol, "agent"))
            self.state = OPEN
            return message
        if isinstance(message, Unknown):
            return None
        if isinstance(message, ANSWERS):
            if message.id not in self._pending:
                raise RemoteProtocolError(f"it answered request {message.id}, which nobody asked")
            self._pending.discard(message.id)
            return Answered(message, data)
        if isinstance(message, PUSHES):
            return message
        raise RemoteProtocolError("it sent a message that only a console may send")


class AgentSession(_Session):
    """The agent's side of a link."""

    def __init__(self) -> None:
        super().__init__()
        self._pending: Set[int] = set()
        self._greeted = False
        self._unknown: List[Reply] = []

    def welcome(self, welcome: Welcome) -> bytes:
        """The answer to Hello."""
        self._require(GREETING)
        if not self._greeted:
            raise LocalProtocolError("a welcome answers a hello, and none came")
        self.state = OPEN
        return encode(welcome)

    def answer(self, answer: Answer, data: bytes = b"") -> bytes:
        """The answer to a request that came and has none yet."""
        self._require(OPEN)
        if answer.id not in self._pending:
            raise LocalProtocolError(f"request {answer.id} doesn't wait for an answer")
        encoded = encode(answer, data)
        self._pending.discard(answer.id)
        return encoded

    def push(self, message: Push) -> bytes:
        """Something that the agent tells by itself."""
        self._require(OPEN)
        return encode(message)

    def unknown(self) -> List[Reply]:
        """Answers that are due to requests of unknown types since the last call."""
        due, self._unknown = self._unknown, []
        return due

    def receive(self, received: bytes) -> List[AgentEvent]:
        """What these bytes tell. Closed is the last of all events."""
        if self.state == CLOSED:
            return []
        events: List[AgentEvent] = []
        try:
            for frame in self._frames(received):
                event = self._event(decode(frame))
                if event is not None:
                    events.append(event)
                if isinstance(event, Closed):
                    break
        except RemoteProtocolError as error:
            events.append(Closed(f"the console broke the protocol: {error}"))
        if events and isinstance(events[-1], Closed):
            self.state = CLOSED
        return events

    def _event(self, message: Union[Message, Unknown]) -> Union[AgentEvent, None]:
        if isinstance(message, Bye):
            return Closed(message.reason)
        if isinstance(message, Hello):
            if self._greeted:
                raise RemoteProtocolError("it greeted twice")
            if message.protocol != PROTOCOL_VERSION:
                return Closed(_version_reason(message.protocol, "console"))
            self._greeted = True
            return message
        if not self._greeted:
            raise RemoteProtocolError("its first message is no hello")
        if isinstance(message, Unknown):
            if message.id is not None:
                self._expect(message.id)
                sentence = f"this agent doesn't know the request '{message.type}': it is older than the console"
                self._unknown.append(Reply(message.id, sentence, INVALID))
            return None
        if isinstance(message, REQUESTS):
            self._expect(message.id)
            return message
        raise RemoteProtocolError("it sent a message that only an agent may send")

    def _expect(self, number: int) -> None:
        if number in self._pending or len(self._pending) >= MOST_PENDING:
            raise RemoteProtocolError(f"request {number} came twice, or more than {MOST_PENDING} wait")
        self._pending.add(number)


def _version_reason(theirs: int, side: str) -> str:
    return (
        f"the {side} speaks version {theirs} of the protocol and this side version {PROTOCOL_VERSION}: "
        "run the same version of clusterdeck on both"
    )
