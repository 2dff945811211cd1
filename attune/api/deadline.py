"""An answer in time, even when what it waits for is silent.

Cancelling is not enough: a driver whose server is frozen takes seconds to give up its
connection. So the work is left behind, cancelled, and the caller is answered.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

from attune.domain.errors import Unavailable

T = TypeVar("T")

DEADLINE_SECONDS: Final = 4.0
"""How long a route may think; 5 s is what every caller is promised."""

_left_behind: set[asyncio.Task[Any]] = set()


async def in_time(work: Coroutine[Any, Any, T]) -> T:
    """Return what the work returns, or raise Unavailable at the deadline."""
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task}, timeout=DEADLINE_SECONDS)
    finally:
        if not task.done():
            _leave_behind(task)
    if task.done():
        return task.result()
    raise Unavailable("The request could not be answered in time")


def _leave_behind(task: asyncio.Task[Any]) -> None:
    task.cancel()
    _left_behind.add(task)
    task.add_done_callback(_forget)


def _forget(task: asyncio.Task[Any]) -> None:
    _left_behind.discard(task)
    if not task.cancelled():
        task.exception()
