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
from tests.support.trail_doors import (
    ask_wrongly,
    fire_timer,
    sign_wrongly,
    start_sensor,
    use_tokens,
)
from tests.support.trail_keys import (
    ask_as_viewer,
    become_viewer,
    keep_keys,
    refer_to_keys,
)
from tests.support.trail_left import leave_everywhere
from tests.support.trail_shown import (
    ask_every_route,
    ask_on_command_line,
    following,
)


async def leave_trail(trail: Trail) -> None:
    """Send canaries through every door, watch them at work, and ask for all of it."""
    await log_in(trail)
    await define(trail)
    async with following(trail):
        await send_all(trail)
    await ask_for_everything(trail)
    trail.asked["admin"] = await ask_every_route(trail, "admin")
    await ask_on_command_line(trail)
    await become_viewer(trail)
    await ask_as_viewer(trail)
    trail.asked["viewer"] = await ask_every_route(trail, "viewer")


async def send_all(trail: Trail) -> None:
    """Send everything there is, and wait for the end of what it starts."""
    await keep_keys(trail)
    await start_sensor(trail)
    await knock_wrongly(trail)
    await ask_wrongly(trail)
    await use_tokens(trail)
    await sign_wrongly(trail)
    waiting = await start_actions(trail)
    await watch(trail)
    await asyncio.to_thread(trail.gate.touch)
    delivered = await deliver(trail)
    timed = await fire_timer(trail)
    wrong = await start_with_wrong_secret(trail)
    referring = await refer_to_keys(trail)
    trail.executions = [*waiting, *delivered, *timed, wrong, *referring]
    for execution_id in trail.executions:
        assert (await trail.person.ends(execution_id))["status"] == "failed"
    trail.executions.append(await leave_everywhere(trail))
