"""Without Temporal everything is accepted, and runs once it is back."""

import asyncio

from attune.stack.stack import Stack
from tests.support.api import Person

RECOVERY_SECONDS = 30


async def test_what_is_accepted_without_temporal_runs_after_it_is_back(
    stack: Stack, person: Person
) -> None:
    await person.make_pack("outage")
    hook = await person.make_hook("outage.arrived", "core.noop")
    await stack.stop("temporal")

    for _ in range(20):
        await person.post(hook, {"payload": {}})
    direct = await person.execute("core.noop")
    doomed = await person.execute("core.noop")
    cancelled = await person.post(f"/api/v1/executions/{doomed}/cancel")

    waiting = await person.executions_of("outage.arrived_rule")
    assert {each["status"] for each in waiting} == {"requested"}
    assert cancelled["data"]["status"] == "cancelled"
    await stack.start("temporal")
    ids = [direct, *(each["id"] for each in waiting)]
    async with asyncio.timeout(RECOVERY_SECONDS):
        ends = await asyncio.gather(*(person.ends(each) for each in ids))
    assert [end["status"] for end in ends] == ["completed"] * 21
    assert (await person.execution(doomed))["status"] == "cancelled"


async def test_an_action_that_runs_through_an_outage_is_recorded(
    stack: Stack, person: Person
) -> None:
    await person.make_pack("through")
    slow = await person.make_action("through.slow", "sleep 6; echo done")
    execution_id = await person.execute(slow)
    await person.reaches(execution_id, "running")

    stack.kill("temporal")

    ended = await person.ends(execution_id)
    assert ended["status"] == "completed"
    assert ended["result"]["stdout"] == "done\n"
