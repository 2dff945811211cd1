"""When nothing follows an end at once: the run of the workflow hears of it instead."""

from collections.abc import Mapping
from typing import Any

import pytest

from attune.db.database import Database
from attune.db.repositories.succession import PlaceInWorkflow, SuccessionRepository
from attune.domain.execution import ExecutionStatus as Status
from attune.services.workflow import succession
from tests.support.builders import make_policy
from tests.support.succession import (
    CHANGES,
    UNFIT,
    Flow,
    make_flow,
    over_a_list,
    sequence,
)

TWO_TARGETS: Any = [
    {"name": "t0", "action": "echo", "next": [{"do": ["t1", "t2"]}]},
    {"name": "t1", "action": "echo"},
    {"name": "t2", "action": "echo"},
]
SIBLINGS: Any = [*sequence("t0", "t1"), {"name": "sibling", "action": "echo"}]


async def declined(flow: Flow, **how: Any) -> None:
    """Begin the workflow and end its first task; nothing is to follow that."""
    first, *_ = await flow.begin()

    record = await flow.finish(first, **how)

    assert record.status is Status.COMPLETED
    assert record.next is None
    assert not record.unsure


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
async def test_no_task_follows_when(database: Database, change: str) -> None:
    flow = await make_flow(database, sequence("t0", "t1"))
    [first] = await flow.begin()
    await flow.change(change)

    record = await flow.finish(first)

    assert (record.next, record.unsure) == (None, False)
    assert [each.task for each in await flow.children()] == ["t0"]


@pytest.mark.parametrize("action", UNFIT.values(), ids=UNFIT.keys())
async def test_a_task_that_does_not_fit_is_left_to_the_run(
    database: Database, action: Mapping[str, Any]
) -> None:
    name = action["ref"].removeprefix("demo.")
    flow = await make_flow(database, sequence("t0", "t1", action=name), action)

    await declined(flow)

    following = await flow.child("t1")
    assert (following.status, following.activity_of) == (Status.SCHEDULED, None)
    orders = await flow.advance((await flow.child("t0")).id)
    assert [order.execution_id for order in orders.run] == [following.id]


async def test_the_workflow_stands_still_while_another_task_runs(
    database: Database,
) -> None:
    flow = await make_flow(database, SIBLINGS)

    await declined(flow)

    assert [each.task for each in await flow.children()] == ["t0", "sibling"]
    assert (await flow.child("t0")).is_awaited


async def test_two_that_follow_are_both_left_to_the_run(database: Database) -> None:
    flow = await make_flow(database, TWO_TARGETS)

    await declined(flow)

    _, one, two = await flow.children()
    assert (one.status, two.status) == (Status.SCHEDULED, Status.SCHEDULED)
    orders = await flow.advance(look=True)
    assert [order.execution_id for order in orders.run] == [one.id, two.id]


async def test_a_delay_is_left_to_the_run(database: Database) -> None:
    flow = await make_flow(database, sequence("t0", "t1", delay=30))

    await declined(flow)

    first = await flow.child("t0")
    orders = await flow.advance(first.id)
    assert len(orders.timers) == 1
    assert orders.run == []


async def test_the_pause_before_another_attempt_is_left_to_the_run(
    database: Database,
) -> None:
    flow = await make_flow(database, sequence("t0", retry={"count": 1, "delay": 30}))
    [first] = await flow.begin()

    record = await flow.finish(first, status=Status.FAILED)

    assert (record.next, record.unsure) == (None, False)
    assert len((await flow.advance(first)).timers) == 1


async def test_what_a_policy_limits_is_not_admitted_here(database: Database) -> None:
    limited = {"ref": "demo.limited"}
    flow = await make_flow(database, sequence("t0", "t1", action="limited"), limited)
    async with database.transaction() as tx:
        await make_policy(tx, await tx.actions.find_by_ref("demo.limited"))

    await declined(flow)

    following = await flow.child("t1")
    assert (following.status, following.activity_of) == (Status.REQUESTED, None)


async def test_a_nested_workflow_is_left_to_the_dispatcher(database: Database) -> None:
    flow = await make_flow(database, sequence("t0", "t1", action="nested"))

    await declined(flow)

    following = await flow.child("t1")
    assert (following.status, following.activity_of) == (Status.REQUESTED, None)


async def test_a_question_is_left_to_the_run(database: Database) -> None:
    tasks = sequence("t0", "t1", action="core.ask")
    flow = await make_flow(database, tasks)

    await declined(flow)

    following = await flow.child("t1")
    assert (following.status, following.activity_of) == (Status.SCHEDULED, None)


async def test_what_a_task_over_a_list_leads_to_is_left_to_the_run(
    database: Database,
) -> None:
    [each] = over_a_list(1)
    tasks: Any = [{**each, "next": [{"do": ["t1"]}]}, {"name": "t1", "action": "echo"}]
    flow = await make_flow(database, tasks)

    await declined(flow)

    assert (await flow.child("each")).is_awaited


async def test_a_large_result_is_left_to_the_run(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(succession, "LARGEST_BYTES", 10)
    flow = await make_flow(database, sequence("t0", "t1"))

    await declined(flow, result={"data": "more than ten bytes"})

    assert (await flow.child("t0")).is_awaited


async def test_what_the_run_was_given_in_the_meantime_is_left_to_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow = await make_flow(database, sequence("t0", "t1"))
    look = SuccessionRepository.place_of

    async def look_and_be_overtaken(*about: Any) -> PlaceInWorkflow | None:
        monkeypatch.undo()
        place = await look(*about)
        await flow.advance(about[1])
        return place

    monkeypatch.setattr(SuccessionRepository, "place_of", look_and_be_overtaken)

    await declined(flow)

    following = await flow.child("t1")
    assert (following.status, following.activity_of) == (Status.SCHEDULED, None)
