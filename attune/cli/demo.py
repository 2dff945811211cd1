"""The demonstration: a stack of its own, and scenes that are played on it."""

import asyncio
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from attune.cli.demo_release import show_release
from attune.cli.demo_stage import administrator, say, step
from attune.cli.demo_webhook import show_webhook
from attune.cli.exit_code import ExitCode
from attune.log import set_up_logging

if TYPE_CHECKING:
    from attune.stack.stack import Stack

SCENES = (show_webhook, show_release)
"""Each takes a client and returns the status of what it showed."""


def demo() -> None:
    """Show events and workflows on a stack of its own, which is gone afterwards."""
    set_up_logging("error", "text", part="demo")
    try:
        status = asyncio.run(_demo())
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    raise typer.Exit(ExitCode.of_status(status))


async def _demo() -> str:
    from attune.stack.stack import Stack  # noqa: PLC0415 - slow, and only needed here

    _end_as_with_interrupt(signal.SIGTERM, signal.SIGHUP)
    begun_at = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="attune-demo-") as directory:
        say("Starting PostgreSQL, Temporal, API, orchestrator and worker")
        async with Stack(Path(directory), report=step) as stack:
            # The stack needs this thread's loop; the demonstration waits in another.
            status = await _beside(lambda: _show(stack))
    say(f"All stopped and gone, after {time.monotonic() - begun_at:.0f} s in all")
    return status


def _end_as_with_interrupt(*signals: signal.Signals) -> None:
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    for number in signals:
        loop.add_signal_handler(number, task.cancel if task else loop.stop)


async def _beside(work: Callable[[], str]) -> str:
    """Do this in a thread, and wait for it no longer than we are wanted ourselves."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    outcome: list[str | BaseException] = []

    def run() -> None:
        try:
            outcome.append(work())
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            outcome.append(error)
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(done.set)

    threading.Thread(target=run, daemon=True).start()
    await done.wait()
    if isinstance(outcome[0], BaseException):
        raise outcome[0]
    return outcome[0]


def _show(stack: "Stack") -> str:
    say("Where to look, while this runs")
    _places(stack.api_url, stack.temporal_ui_url)
    with administrator(stack) as client:
        statuses = [show(client) for show in SCENES]
    say("Go on with `make up`, which starts a stack that stays:")
    _places("http://127.0.0.1:8080", "http://127.0.0.1:8233")
    return next((each for each in statuses if each != "completed"), "completed")


def _places(api_url: str, temporal_ui_url: str) -> None:
    step(f"API document     {api_url}/docs")
    step(f"Temporal Web UI  {temporal_ui_url}")
