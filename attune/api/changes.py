"""What other processes changed, heard through PostgreSQL's channels."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from attune.db.listener import Listener

Reaction = Callable[[], None]


@asynccontextmanager
async def follow(
    listener: Listener, reactions: Mapping[str, Reaction]
) -> AsyncIterator[None]:
    """React to each channel's messages until the end.

    After a reconnection anything may have been missed, so everything reacts.
    """
    following = asyncio.create_task(_react(listener, reactions))
    try:
        yield
    finally:
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following


async def _react(listener: Listener, reactions: Mapping[str, Reaction]) -> None:
    async for channel, _ in listener:
        if channel in reactions:
            reactions[channel]()
        else:
            for reaction in reactions.values():
                reaction()
