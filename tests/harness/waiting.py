"""Waiting for what becomes true by itself."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

_DEADLINE_S = 15.0
_LOOK_S = 0.005


async def eventually(condition: Callable[[], T | Awaitable[T]], what: str = "", timeout_s: float = _DEADLINE_S) -> T:
    """The condition's first true value; an assertion that names it if there is none in time."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    while True:
        value = condition()
        if inspect.isawaitable(value):
            value = await value
        if value:
            return value
        if loop.time() > deadline:
            raise AssertionError(f"waited {timeout_s} s in vain for {what or inspect.getsource(condition).strip()}")
        await asyncio.sleep(_LOOK_S)
