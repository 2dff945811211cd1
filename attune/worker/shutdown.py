"""Ending a process in order: the first SIGTERM or SIGINT cancels what it serves."""

import asyncio
import contextlib
import signal
from collections.abc import Coroutine

import uvloop


def serve_until_stopped(serving: Coroutine[None, None, None]) -> None:
    """Serve on an event loop of its own until the process is asked to stop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_until_stopped(serving))


async def _until_stopped(serving: Coroutine[None, None, None]) -> None:
    """Serve until the process is asked to stop; a failure of the serving is raised."""
    task = asyncio.ensure_future(serving)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task
