"""Waiting for what becomes true by itself."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

_DEADLINE_S = 15.0
_LOOK_S = 0.005


async def eventually(condition: Callable[[], Any], what: str = "", timeout_s: float = _DEADLINE_S) -> Any:
    """The first true value of a condition, which may be a coroutine function. One that stays false is named."""
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
