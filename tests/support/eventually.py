"""Waiting for something to become true, with a bound."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable

LOOK_SECONDS = 0.02


async def eventually(
    condition: Callable[[], object | Awaitable[object]], *, seconds: float = 10
) -> None:
    """Return as soon as the condition holds; fail when it does not hold in time."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while True:
        result = condition()
        if inspect.isawaitable(result):
            result = await result
        if result:
            return
        if loop.time() > until:
            raise AssertionError(f"did not become true within {seconds} s")
        await asyncio.sleep(LOOK_SECONDS)
