"""Parents cancelled while their children finish, the orchestrator down for half of them."""

import asyncio
import signal
from collections import Counter

import pytest

from attune.stack.stack import Stack
from tests.support.api import Person
from tests.support.constructs import children_of, make_actions, make_workflow, task

PARENTS = 200


@pytest.mark.timeout(300)
async def test_every_cancelled_parent_ends(stack: Stack, person: Person) -> None:
    await make_actions(person, "cancelled")
    ref = await make_workflow(
        person,
        "cancelled.parent",
        [
            task("start", do=["a"]),
            task("a", "nap", input={"seconds": 0.2}, do=["b"]),
            task("b", do=["c"]),
            task("c", "nap", input={"seconds": 0.2}, do=["a"]),
        ],
        # It never ends by itself.
        vars={},
    )
    parents = await asyncio.gather(*(person.execute(ref) for _ in range(PARENTS // 2)))
    await person.reaches(parents[0], "running")
    await _cancel(person, parents)

    late = await asyncio.gather(*(person.execute(ref) for _ in range(PARENTS // 2)))
    await person.reaches(late[-1], "running", seconds=60)
    stack.kill("orchestrator", signal.SIGKILL)
    await _cancel(person, late)
    await stack.wait_ready("orchestrator")

    statuses: Counter[str] = Counter()
    for parent in (*parents, *late):
        statuses[(await person.ends(parent, seconds=90))["status"]] += 1
    assert statuses == {"cancelled": PARENTS}
    for parent in (parents[0], parents[-1], late[0], late[-1]):
        for child in await children_of(person, parent):
            await person.ends(child["id"])


async def _cancel(person: Person, executions: list[int]) -> None:
    paths = [f"/api/v1/executions/{each}/cancel" for each in executions]
    await asyncio.gather(*(person.post(path) for path in paths))
