"""The last of several ends: whoever reports it takes note of all of them."""

from typing import Any

import pytest

from attune.db.database import Database
from attune.domain.execution import ExecutionStatus as Status
from attune.services.workflow import succession
from tests.support.succession import Flow, make_flow, over_a_list, sequence

BRANCHES: list[dict[str, Any]] = [
    {"name": name, "action": "echo", "next": [{"do": ["joined"]}]} for name in "abc"
]
JOINED = [*BRANCHES, {"name": "joined", "action": "echo", "join": "all"}]


async def finish_all_but_one(flow: Flow) -> int:
    """Finish all that has begun but the last, which nothing follows; returns that."""
    *others, last = await flow.begin()
    for execution_id in others:
        record = await flow.finish(execution_id)
        assert (record.next, record.unsure) == (None, False)
    return last


async def test_the_last_branch_goes_on_with_what_they_lead_to(
    database: Database,
) -> None:
    flow = await make_flow(database, JOINED)
    last = await finish_all_but_one(flow)

    record = await flow.finish(last)

    following = await flow.child("joined")
    assert record.next is not None
    assert record.next.execution_id == following.id
    assert [each.is_awaited for each in await flow.children()] == [False] * 3 + [True]


async def test_the_last_of_several_ends_the_workflow(database: Database) -> None:
    flow = await make_flow(
        database, [{"name": name, "action": "echo"} for name in "abc"]
    )
    last = await finish_all_but_one(flow)

    await flow.finish(last)

    assert await flow.status() == Status.COMPLETED


async def test_the_run_hears_of_the_same_ends_and_orders_nothing_anew(
    database: Database,
) -> None:
    flow = await make_flow(database, JOINED)
    last = await finish_all_but_one(flow)
    await flow.finish(last)
    ended = [each.id for each in await flow.children()][:3]

    orders = await flow.advance(*ended)

    assert [order.activity_of for order in orders.run] == [last]


@pytest.mark.parametrize("most", [2, 3])
async def test_very_many_ends_are_left_to_the_run(
    database: Database, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(succession, "MOST_ENDS", most)
    flow = await make_flow(database, JOINED)

    record = await flow.finish(await finish_all_but_one(flow))

    assert (record.next is None) is (most == 2)


async def test_ends_over_a_list_among_them_are_left_to_the_run(
    database: Database,
) -> None:
    tasks = [*over_a_list(2), *sequence("t0", "t1")]
    flow = await make_flow(database, tasks)
    last = await finish_all_but_one(flow)

    record = await flow.finish(last)

    assert (await flow.child("t0")).id == last
    assert (record.next, record.unsure) == (None, False)
