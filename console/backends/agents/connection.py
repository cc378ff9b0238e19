"""One conversation with an agent: from the greeting to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from agent.protocol.errors import LocalProtocolError
from agent.protocol.messages import Changed, Hello, Ping, Push, Reply, Request, Welcome
from agent.protocol.session import Answered, Closed, ConsoleSession
from console.links.stream import ByteStream, LinkFailed

PING_S = 5.0
DEAD_AFTER_S = 15.0

# Far below what the protocol allows: pings take no turn.
MOST_OUTSTANDING = 64

# An agent tells a few messages per attempt and second; more than this means that something is wrong with it.
_MOST_EVENTS = 50_000
_WINDOW_S = 10.0


class Connection:
    """Sends requests and hands out what comes. `told` takes the welcome and whatever the agent tells by itself or in
    answer to an order, in order; a ValueError of it ends the conversation. `ended` takes
    the reason as soon as it is over."""

    def __init__(
        self, stream: ByteStream, told: Callable[[Welcome | Push], None], ended: Callable[[str], None]
    ) -> None:
        self._stream = stream
        self._ended = ended
        self._told = told
        self._session = ConsoleSession()
        self._answers: dict[int, asyncio.Future[Answered]] = {}
        self._turns = asyncio.Semaphore(MOST_OUTSTANDING)
        self._heard_at = 0.0
        self._reason: str | None = None
        self._events = 0
        self._window_at = 0.0

    @property
    def is_open(self) -> bool:
        """Whether a request would be sent."""
        return self._reason is None

    async def run(self, hello: Hello) -> str:
        """Talk until it is over; the reason as a sentence."""
        keepalive = asyncio.create_task(self._keep_alive())
        try:
            self._heard_at = asyncio.get_running_loop().time()
            await self._stream.write(self._session.hello(hello))
            while self._reason is None:
                received = await self._stream.read()
                if not received:
                    self.end("the agent closed the link")
                    break
                self._heard_at = asyncio.get_running_loop().time()
                self._receive(received)
        except LinkFailed as error:
            self.end(str(error))
        except ValueError as error:
            self.end(f"the agent said something impossible: {error}")
        finally:
            self.end("the link was closed here")
            keepalive.cancel()
            with suppress(asyncio.CancelledError):
                await keepalive
            await self._stream.close()
        assert self._reason is not None
        return self._reason

    def end(self, reason: str) -> None:
        """Let go; the first reason counts."""
        if self._reason is not None:
            return
        self._reason = reason
        self._ended(reason)
        for waiting in self._answers.values():
            if not waiting.done():
                waiting.set_exception(LinkFailed(reason))
                # Whoever has stopped waiting needs no warning about it.
                waiting.exception()
            self._turns.release()
        self._answers.clear()

    def new_id(self) -> int:
        """A number for the next request."""
        return self._session.next_id()

    async def send(self, request: Request) -> asyncio.Future[Answered]:
        """Send a request, in its turn if many wait for their answers; what is returned holds its answer some day, or
        LinkFailed."""
        await self._turns.acquire()
        if self._reason is not None:
            self._turns.release()
            raise LinkFailed(self._reason)
        answer: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
        try:
            encoded = self._session.request(request)
        except LocalProtocolError as error:
            self._turns.release()
            raise LinkFailed(str(error)) from error
        # From here on the turn is over when the answer comes or the link ends, whoever still waits for it.
        self._answers[request.id] = answer
        await self._stream.write(encoded)
        return answer

    async def ask(self, request: Request, timeout_s: float) -> Answered:
        """Send a request and wait for its answer. LinkFailed if none comes in time."""
        answer = await self.send(request)
        try:
            async with asyncio.timeout(timeout_s):
                return await asyncio.shield(answer)
        except TimeoutError:
            raise LinkFailed(f"the agent didn't answer within {timeout_s:.0f} s") from None

    def _receive(self, received: bytes) -> None:
        for event in self._session.receive(received):
            self._count()
            match event:
                case Closed():
                    self.end(event.reason)
                case Answered():
                    if isinstance(event.answer, Reply) and event.answer.report is not None:
                        # In its place among the changes: the task that waits for the answer would see it later.
                        self._told(Changed(event.answer.report))
                    self._settle(event)
                case _:
                    self._told(event)

    def _settle(self, answered: Answered) -> None:
        waiting = self._answers.pop(answered.answer.id, None)
        if waiting is None:
            return
        self._turns.release()
        if not waiting.done():
            waiting.set_result(answered)

    def _count(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._window_at > _WINDOW_S:
            self._window_at, self._events = now, 0
        self._events += 1
        if self._events > _MOST_EVENTS:
            raise LinkFailed(f"the agent sent more than {_MOST_EVENTS} messages in {_WINDOW_S:.0f} s")

    async def _keep_alive(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(PING_S)
            silent_s = loop.time() - self._heard_at
            if silent_s > DEAD_AFTER_S:
                self.end(f"nothing was heard from the agent for {silent_s:.0f} s")
                await self._stream.close()
                return
            if silent_s > PING_S and self._session.state == "open":
                await self._ping()

    async def _ping(self) -> None:
        # A peer that doesn't read lets no write return: this one may not hold up what finds that out. Its answer counts
        # as anything else that is heard, so nobody waits for it.
        with suppress(LinkFailed, LocalProtocolError, TimeoutError):
            async with asyncio.timeout(PING_S):
                await self._stream.write(self._session.request(Ping(self.new_id())))


def error_of(answered: Answered) -> Reply | None:
    """The reply if it says that something could not be done."""
    answer = answered.answer
    return answer if isinstance(answer, Reply) and answer.error else None
