"""The way of secrets through a stack, from the first door to the last answer."""

import asyncio

from tests.support.trail import (
    Trail,
    ask_for_everything,
    define,
    deliver,
    knock_wrongly,
    log_in,
    start_actions,
    start_with_wrong_secret,
    watch,
)
from tests.support.trail_keys import (
    ask_as_viewer,
    become_viewer,
    keep_keys,
    refer_to_keys,
)


async def leave_trail(trail: Trail) -> None:
    """Send canaries through every door, watch them at work, and ask for all of it."""
    await log_in(trail)
    await define(trail)
    await keep_keys(trail)
    await knock_wrongly(trail)
    waiting = await start_actions(trail)
    await watch(trail)
    await asyncio.to_thread(trail.gate.touch)
    delivered = await deliver(trail)
    wrong = await start_with_wrong_secret(trail)
    referring = await refer_to_keys(trail)
    trail.executions = [*waiting, *delivered, wrong, *referring]
    for execution_id in trail.executions:
        assert (await trail.person.ends(execution_id))["status"] == "failed"
    await ask_for_everything(trail)
    await become_viewer(trail)
    await ask_as_viewer(trail)
