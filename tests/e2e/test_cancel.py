"""A cancel ends the whole tree of processes, in every state and within 10 seconds."""

import time

import pytest

from tests.e2e.conftest import Names
from tests.support.api import Person
from tests.support.survivors import new_mark, survivors

STUBBORN = """
trap '' TERM
( trap '' TERM; setsid sh -c 'trap "" TERM; sleep {mark} & sleep {mark}' & ) &
nohup sleep {mark} > /dev/null 2>&1 &
echo ready
while true; do sleep 1; done
"""


async def test_a_stubborn_tree_is_gone_within_10_seconds(
    person: Person, names: Names
) -> None:
    pack, mark = names.pack(), new_mark()
    await person.make_pack(pack)
    code = STUBBORN.format(mark=mark)
    stubborn = await person.make_action(f"{pack}.stubborn", code)
    execution_id = await person.execute(stubborn)
    await person.reaches(execution_id, "running")
    await _has_written(person, execution_id)
    assert survivors(mark)
    begun_at = time.monotonic()

    cancelled = await person.post(f"/api/v1/executions/{execution_id}/cancel")

    assert cancelled["data"]["status"] in {"canceling", "cancelled"}
    ended = await person.ends(execution_id, seconds=10)
    assert ended["status"] == "cancelled"
    assert ended["result"]["cancelled"] is True
    assert survivors(mark) == []
    assert time.monotonic() - begun_at < 10


async def test_repeating_a_cancel_is_harmless_and_too_late_is_refused(
    person: Person, names: Names
) -> None:
    pack = names.pack()
    await person.make_pack(pack)
    slow = await person.make_action(f"{pack}.slow", "trap '' TERM; sleep 60")
    execution_id = await person.execute(slow)
    await person.reaches(execution_id, "running")
    path = f"/api/v1/executions/{execution_id}/cancel"

    first = await person.http.post(path)
    second = await person.http.post(path)
    await person.ends(execution_id, seconds=10)
    late = await person.http.post(path)

    assert (first.status_code, second.status_code, late.status_code) == (200, 200, 409)


@pytest.mark.parametrize("part", ["orchestrator", "worker"])
async def test_what_waits_is_cancelled_at_once(
    person: Person, names: Names, part: str
) -> None:
    pack = names.pack()
    await person.make_pack(pack)
    touch = await person.make_action(f"{pack}.touch", "echo ran")
    await person.stack.stop(part)
    try:
        execution_id = await person.execute(touch)

        answer = await person.post(f"/api/v1/executions/{execution_id}/cancel")
    finally:
        await person.stack.start(part)

    assert answer["data"]["status"] == "cancelled"
    await person.worker_is_there()
    await person.ends(await person.execute(touch))
    kept = await person.execution(execution_id)
    assert kept["status"] == "cancelled"
    assert kept.get("started_at") is None


async def _has_written(person: Person, execution_id: int) -> None:
    path = f"/api/v1/executions/{execution_id}/logs/stdout/stream"
    async with person.http.stream("GET", path) as response:
        async for line in response.aiter_lines():
            if "ready" in line:
                return
