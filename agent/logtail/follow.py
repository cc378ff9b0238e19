"""Follows all live attempts: what they write is noted at once, and read for what it says a little at a time in turn.

So output can be given out as fast as it comes, and a flood in one attempt doesn't delay the others.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from dataclasses import dataclass, field
from typing import Callable, Dict, Optional

from agent.logtail.tail import Reading, Tail, is_done

_FASTEST_S = 0.05
_SLOWEST_S = 0.2
_SAVE_S = 10.0
_TELL_S = 0.5
_RETRY_S = 5.0
_GIVING_S = 0.1
_WAY = 4.0
"""How many times longer than it takes reading makes way while output is given out."""

_log = logging.getLogger("agent.logtail")


@dataclass
class _Followed:
    tail: Tail
    epochs: Optional[int]
    interval_s: float = _FASTEST_S
    due: float = 0.0
    is_over: bool = False
    is_whole: bool = False
    is_unread: bool = False
    saved_at: float = 0.0
    is_dirty: bool = False
    told_at: float = 0.0
    told: Optional[Reading] = None
    news: asyncio.Event = field(default_factory=asyncio.Event)


class LogTail:
    """Runs in the agent's event loop. `directory_of` gives an attempt's directory; `tell` takes what was read."""

    def __init__(self, directory_of: Callable[[str], str], tell: Callable[[str, Reading], None]) -> None:
        self._directory_of = directory_of
        self._tell = tell
        self._followed: Dict[str, _Followed] = {}
        self._wake = asyncio.Event()
        self._unread = asyncio.Event()
        self._given_at = 0.0

    def follow(self, attempt_id: str, epochs: Optional[int]) -> None:
        """Read an attempt's output from now on, unless all of it was read before."""
        directory = self._directory_of(attempt_id)
        if attempt_id not in self._followed and not is_done(directory):
            self._followed[attempt_id] = _Followed(Tail(directory, epochs), epochs)
            self._wake.set()

    def end(self, attempt_id: str) -> None:
        """The attempt is over: read what is left, then be done with it."""
        if attempt_id in self._followed:
            self._followed[attempt_id].is_over = True
            self._followed[attempt_id].due = 0.0
            self._wake.set()

    def drop(self, attempt_id: str) -> None:
        """The attempt's directory is about to go."""
        followed = self._followed.pop(attempt_id, None)
        if followed is not None:
            followed.tail.close()
            followed.news.set()

    def is_reading(self, attempt_id: str) -> bool:
        """Whether more may still be read out of an attempt's output."""
        return attempt_id in self._followed

    def is_growing(self, attempt_id: str) -> bool:
        """Whether more of an attempt's output may still come."""
        followed = self._followed.get(attempt_id)
        return followed is not None and not followed.is_whole

    def gave(self) -> None:
        """Output was given out: whoever asked for it will ask for more, and goes first."""
        self._given_at = time.monotonic()

    def latest(self, attempt_id: str) -> Optional[Reading]:
        """The latest that was read of a followed attempt."""
        followed = self._followed.get(attempt_id)
        return None if followed is None else followed.tail.reading(time.time())

    async def wait(self, attempt_id: str, timeout_s: float) -> None:
        """Wait until there is more of an attempt's output, or no more will come, or the time is over."""
        followed = self._followed.get(attempt_id)
        if followed is None:
            # Not begun yet: it is followed from the moment at which it runs.
            await asyncio.sleep(min(timeout_s, _FASTEST_S))
            return
        try:
            await asyncio.wait_for(followed.news.wait(), timeout_s)
        except asyncio.TimeoutError:
            return

    def news(self, attempt_id: str) -> None:
        """Forget earlier news: `wait` returns for what comes from now on."""
        followed = self._followed.get(attempt_id)
        if followed is not None:
            followed.news.clear()

    async def run(self) -> None:
        """Follow until cancelled."""
        reading = asyncio.ensure_future(self._read_on())
        seeing = asyncio.ensure_future(self._see_on())
        try:
            await asyncio.gather(reading, seeing)
        finally:
            reading.cancel()
            seeing.cancel()

    async def _read_on(self) -> None:
        while True:
            self._unread.clear()
            is_any = False
            for attempt_id, followed in list(self._followed.items()):
                if self._followed.get(attempt_id) is followed and followed.is_unread:
                    is_any = True
                    began = time.monotonic()
                    self._read(attempt_id, followed)
                    ended = time.monotonic()
                    is_given = ended - self._given_at < _GIVING_S
                    await asyncio.sleep(_WAY * (ended - began) if is_given else 0)
            if not is_any:
                await self._unread.wait()

    async def _see_on(self) -> None:
        while True:
            now = time.monotonic()
            for attempt_id, followed in list(self._followed.items()):
                if followed.due <= now and self._followed.get(attempt_id) is followed:
                    self._see(attempt_id, followed)
                    await asyncio.sleep(0)
            due = min((followed.due for followed in self._followed.values()), default=now + 60.0)
            self._wake.clear()
            try:
                await asyncio.wait_for(self._wake.wait(), max(0.0, due - time.monotonic()))
            except asyncio.TimeoutError:
                continue

    def close(self) -> None:
        """Keep where the reading of each attempt stands."""
        for followed in self._followed.values():
            if followed.is_dirty:
                followed.tail.save()
            followed.tail.close()

    def _see(self, attempt_id: str, followed: _Followed) -> None:
        now = time.monotonic()
        try:
            is_new = followed.tail.see(time.time())
        except OSError as error:
            self._put_off(attempt_id, followed, error)
            return
        if is_new:
            followed.interval_s = _FASTEST_S
            followed.due = now if followed.is_over else now + _FASTEST_S / 10
            followed.news.set()
        elif followed.is_over:
            followed.is_whole = True
            followed.due = now + _RETRY_S
            followed.news.set()
        else:
            followed.interval_s = min(followed.interval_s * 1.5, _SLOWEST_S)
            followed.due = now + followed.interval_s
        # What the script writes to its own file makes no news here: it is looked at as often.
        followed.is_unread = True
        self._unread.set()

    def _read(self, attempt_id: str, followed: _Followed) -> None:
        now = time.monotonic()
        try:
            followed.is_unread = followed.tail.read(time.time())
            followed.is_dirty = followed.is_dirty or followed.is_unread
            if not followed.is_unread and followed.is_whole:
                followed.tail.finish(time.time())
                self._tell_reading(attempt_id, followed, now)
                self.drop(attempt_id)
                return
            if followed.is_dirty and now - followed.saved_at >= _SAVE_S:
                followed.tail.save()
                followed.saved_at, followed.is_dirty = now, False
        except OSError as error:
            self._put_off(attempt_id, followed, error)
            return
        if now - followed.told_at >= _TELL_S:
            self._tell_reading(attempt_id, followed, now)

    def _put_off(self, attempt_id: str, followed: _Followed, error: OSError) -> None:
        _log.warning("reading the output of %s is put off: %s", attempt_id, error)
        self._begin_anew(attempt_id, followed)

    def _begin_anew(self, attempt_id: str, followed: _Followed) -> None:
        """The disk didn't take what was read: go back to what it has, and try again in a while."""
        followed.tail.close()
        try:
            followed.tail = Tail(self._directory_of(attempt_id), followed.epochs)
            followed.due = time.monotonic() + _RETRY_S
            followed.is_unread = followed.is_whole = False
            is_there = os.path.isdir(self._directory_of(attempt_id))
        except OSError:
            is_there = False
        if not is_there:
            self.drop(attempt_id)

    def _tell_reading(self, attempt_id: str, followed: _Followed, now: float) -> None:
        reading = followed.tail.reading(time.time())
        if reading is not None and (followed.told is None or reading.time != followed.told.time):
            followed.told, followed.told_at = reading, now
            self._tell(attempt_id, reading)
