"""Follows all live attempts in turn, so that a flood in one delays the others by one block."""

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

_log = logging.getLogger("agent.logtail")


@dataclass
class _Followed:
    tail: Tail
    epochs: Optional[int]
    interval_s: float = _FASTEST_S
    due: float = 0.0
    is_over: bool = False
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
        """Whether more of an attempt's output may still come."""
        return attempt_id in self._followed

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
        while True:
            now = time.monotonic()
            for attempt_id, followed in list(self._followed.items()):
                if followed.due <= now and attempt_id in self._followed:
                    self._poll(attempt_id, followed)
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

    def _poll(self, attempt_id: str, followed: _Followed) -> None:
        now = time.monotonic()
        try:
            is_new = followed.tail.poll(time.time())
            if not is_new and followed.is_over:
                followed.tail.finish(time.time())
                self._tell_reading(attempt_id, followed, now)
                self.drop(attempt_id)
                return
            if followed.is_dirty and now - followed.saved_at >= _SAVE_S:
                followed.tail.save()
                followed.saved_at, followed.is_dirty = now, False
        except OSError as error:
            _log.warning("reading the output of %s is put off: %s", attempt_id, error)
            self._begin_anew(attempt_id, followed)
            return
        if is_new:
            followed.is_dirty = True
            followed.interval_s = _FASTEST_S
            followed.due = now if followed.is_over else now + _FASTEST_S / 10
            followed.news.set()
        else:
            followed.interval_s = min(followed.interval_s * 1.5, _SLOWEST_S)
            followed.due = now + followed.interval_s
        if now - followed.told_at >= _TELL_S:
            self._tell_reading(attempt_id, followed, now)

    def _begin_anew(self, attempt_id: str, followed: _Followed) -> None:
        """The disk didn't take what was read: go back to what it has, and try again in a while."""
        followed.tail.close()
        try:
            followed.tail = Tail(self._directory_of(attempt_id), followed.epochs)
            followed.due = time.monotonic() + _RETRY_S
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
