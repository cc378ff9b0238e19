"""Two sessions joined, as on a link."""

from __future__ import annotations

import pytest

from agent.protocol.codec import encode
from agent.protocol.errors import LocalProtocolError
from agent.protocol.framing import encode_frame
from agent.protocol.messages import PROTOCOL_VERSION, Attempts, Bye, Hello, Ping, Reply, Welcome
from agent.protocol.session import CLOSED, MOST_PENDING, OPEN, AgentSession, Answered, Closed, ConsoleSession

HELLO = Hello(PROTOCOL_VERSION, "1.0", "db", 1)
WELCOME = Welcome(PROTOCOL_VERSION, "1.0", "key", "boot", "host", 2, 1024)


def joined() -> tuple[ConsoleSession, AgentSession]:
    console, agent = ConsoleSession(), AgentSession()
    assert agent.receive(console.hello(HELLO)) == [HELLO]
    assert console.receive(agent.welcome(WELCOME)) == [WELCOME]
    assert console.state == agent.state == OPEN
    return console, agent


def test_requests_answers_and_pushes_pass_between_two_sessions() -> None:
    console, agent = joined()
    first, second = Ping(console.next_id()), Ping(console.next_id())
    assert first.id != second.id
    assert agent.receive(console.request(first) + console.request(second)) == [first, second]
    push = Attempts([], last=True)
    received = agent.answer(Reply(second.id)) + agent.push(push) + agent.answer(Reply(first.id))
    assert console.receive(received) == [Answered(Reply(second.id), b""), push, Answered(Reply(first.id), b"")]


def test_bye_ends_both_sides_with_the_reason() -> None:
    console, agent = joined()
    assert console.receive(agent.bye("enough")) == [Closed("enough")]
    assert console.state == agent.state == CLOSED
    assert console.receive(encode(Attempts([], last=True))) == []


@pytest.mark.parametrize("theirs", [PROTOCOL_VERSION + 1, 0])
def test_another_version_is_said_on_either_side(theirs: int) -> None:
    agent = AgentSession()
    (closed,) = agent.receive(encode(Hello(theirs, "9.0")))
    assert isinstance(closed, Closed)
    assert f"version {theirs}" in closed.reason
    console = ConsoleSession()
    console.hello(HELLO)
    (closed,) = console.receive(encode(Welcome(theirs, "9.0", "k", "b", "h", 1, 1)))
    assert isinstance(closed, Closed)
    assert "same version" in closed.reason


@pytest.mark.parametrize(
    "wire",
    [encode(Ping(1)), encode(WELCOME), encode(HELLO) * 2, encode(HELLO) + encode(Reply(1)), encode_frame(b"{}")],
    ids=["request first", "welcome", "two hellos", "answer", "no type"],
)
def test_a_console_that_breaks_the_rules_is_cut_off(wire: bytes) -> None:
    agent = AgentSession()
    events = agent.receive(wire)
    assert isinstance(events[-1], Closed)
    assert agent.state == CLOSED


@pytest.mark.parametrize("message", [Reply(77), Ping(1), HELLO], ids=["not asked", "request", "hello"])
def test_an_agent_that_breaks_the_rules_is_cut_off(message: Reply | Ping | Hello) -> None:
    console, _ = joined()
    (closed,) = console.receive(encode(message))
    assert isinstance(closed, Closed)
    assert "broke the protocol" in closed.reason


def test_a_request_of_a_newer_console_gets_an_answer() -> None:
    console, agent = joined()
    assert agent.receive(encode_frame(b'{"type":"dance","id":5}')) == []
    (reply,) = agent.unknown()
    assert "older than the console" in reply.error
    assert agent.unknown() == []
    assert agent.answer(reply)
    assert console.receive(encode_frame(b'{"type":"news"}')) == []


def test_our_own_mistakes_are_told_apart() -> None:
    console, agent = ConsoleSession(), AgentSession()
    with pytest.raises(LocalProtocolError, match="state greeting"):
        console.request(Ping(1))
    with pytest.raises(LocalProtocolError, match="none came"):
        agent.welcome(WELCOME)
    console, agent = joined()
    with pytest.raises(LocalProtocolError, match="doesn't wait"):
        agent.answer(Reply(3))
    for number in range(MOST_PENDING):
        console.request(Ping(number))
    with pytest.raises(LocalProtocolError, match="wait for their answers"):
        console.request(Ping(MOST_PENDING))
    with pytest.raises(LocalProtocolError, match="already"):
        console.request(Ping(0))


def test_too_many_open_requests_are_refused() -> None:
    _, agent = joined()
    events = agent.receive(b"".join(encode(Ping(number)) for number in range(MOST_PENDING + 1)))
    assert isinstance(events[-1], Closed)
    assert len(events) == MOST_PENDING + 1


def test_the_farewell_is_a_message() -> None:
    assert AgentSession().bye("x" * 5000) == encode(Bye("x" * 2000))
