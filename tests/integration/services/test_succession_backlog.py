"""Whoever ends a task takes up one that waits for room in the run, the first one first."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from attune.db.database import Database
from attune.domain.execution import ExecutionStatus as Status
from tests.support.builders import make_policy
from tests.support.succession import (
    CHANGES,
    UNFIT,
    Flow,
    attempt_of,
    make_flow,
    next_attempt,
    over_a_list,
)


async def test_a_repeated_end_takes_no_more_from_the_backlog(
    database: Database,
) -> None:
    flow = await make_flow(database, over_a_list(4))
    [first] = await flow.begin(room=1)
    record = await flow.finish(first)

    again = await flow.finish(first)

    assert again == record
    assert await _statuses(flow) == ["completed", "running", "requested", "requested"]


async def test_another_attempt_takes_nothing_from_the_backlog(
    database: Database,
) -> None:
    flow = await make_flow(database, over_a_list(2))
    [first] = await flow.begin(room=1)
    await flow.finish(first, wishes=False)

    record = await flow.finish(first)

    assert record.next is None
    assert await _statuses(flow) == ["completed", "requested"]


async def test_the_backlog_is_taken_in_order(database: Database) -> None:
    flow = await make_flow(database, over_a_list(4))
    [running] = await flow.begin(room=1)
    attempt, taken = attempt_of(running), [running]

    while next_ := (await flow.finish(running, attempt_id=attempt)).next:
        running, attempt = next_.execution_id, next_attempt(running)
        taken.append(running)

    children = await flow.children()
    assert taken == [child.id for child in children]
    assert {child.status for child in children} == {"completed"}
    assert {child.attempt_count for child in children} == {1}


async def test_the_run_finds_the_ends_of_all_that_was_taken(
    database: Database,
) -> None:
    flow = await make_flow(database, over_a_list(2))
    [first] = await flow.begin(room=1)
    record = await flow.finish(first)
    assert record.next
    second = record.next.execution_id
    await flow.finish(second, attempt_id=next_attempt(first))

    orders = await flow.advance(first, second)

    assert orders.status is Status.COMPLETED


async def test_what_is_taken_from_the_backlog_says_where_it_runs(
    database: Database,
) -> None:
    flow = await make_flow(database, over_a_list(2))
    [first] = await flow.begin(room=1)

    await flow.finish(first)

    _, taken = await flow.children()
    assert taken.activity_of == first
    assert (taken.worker, taken.attempt_id) == (flow.worker.id, next_attempt(first))


async def test_of_racing_ends_each_takes_another_one(database: Database) -> None:
    flow = await make_flow(database, over_a_list(13))
    running = await flow.begin(room=8)

    records = await asyncio.gather(*(flow.finish(each) for each in running))

    taken = [record.next.execution_id for record in records if record.next]
    backlog = [each for each in await flow.children() if each.id not in running]
    assert sorted(taken) == [each.id for each in backlog]
    assert {each.attempt_count for each in backlog} == {1}
    assert {each.status for each in backlog} == {"running"}
    assert not any(record.unsure for record in records)


async def test_one_that_somebody_else_holds_is_passed_over(database: Database) -> None:
    flow = await make_flow(database, over_a_list(3))
    [first] = await flow.begin(room=1)
    _, held, free = await flow.children()

    async with database.transaction() as tx:
        await tx.executions.lock(held.id)
        record = await asyncio.wait_for(flow.finish(first), 5)

    assert record.next is not None
    assert record.next.execution_id == free.id


async def _statuses(flow: Flow) -> list[str]:
    return [child.status for child in await flow.children()]


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
async def test_nothing_is_taken_from_the_backlog_when(
    database: Database, change: str
) -> None:
    flow = await make_flow(database, over_a_list(2))
    [first] = await flow.begin(room=1)
    await flow.change(change)

    record = await flow.finish(first)

    assert (record.next, record.unsure) == (None, False)
    assert [each.status for each in await flow.children()] == ["completed", "requested"]


@pytest.mark.parametrize("action", UNFIT.values(), ids=UNFIT.keys())
async def test_what_does_not_fit_stays_in_the_backlog(
    database: Database, action: Mapping[str, Any]
) -> None:
    name = action["ref"].removeprefix("demo.")
    tasks = [{"name": "t0", "action": "echo"}, {"name": "t1", "action": name}]
    flow = await make_flow(database, tasks, action)
    [first] = await flow.begin(room=1)

    record = await flow.finish(first)

    assert record.next is None
    assert (await flow.child("t1")).status == Status.REQUESTED


async def test_what_fits_is_taken_before_what_does_not(database: Database) -> None:
    names = {"t0": "echo", "t1": "long", "t2": "echo"}
    tasks = [{"name": name, "action": action} for name, action in names.items()]
    flow = await make_flow(database, tasks, UNFIT["a longer limit"])
    [first] = await flow.begin(room=1)

    record = await flow.finish(first)

    assert record.next is not None
    assert record.next.execution_id == (await flow.child("t2")).id


async def test_what_a_policy_limits_stays_in_the_backlog(database: Database) -> None:
    flow = await make_flow(database, over_a_list(2))
    [first] = await flow.begin(room=1)
    async with database.transaction() as tx:
        await make_policy(tx, await tx.actions.find_by_ref("demo.echo"))

    record = await flow.finish(first)

    assert record.next is None
    assert [each.status for each in await flow.children()] == ["completed", "requested"]


async def test_what_a_policy_has_admitted_is_taken_from_the_backlog(
    database: Database,
) -> None:
    flow = await make_flow(database, over_a_list(2))
    [first] = await flow.begin(room=1)
    async with database.transaction() as tx:
        await make_policy(tx, await tx.actions.find_by_ref("demo.echo"))
    await flow.change("UPDATE attune.execution SET admitted_at = now()")

    record = await flow.finish(first)

    assert record.next is not None


async def test_a_question_stays_in_the_backlog(database: Database) -> None:
    tasks = [{"name": "t0", "action": "echo"}, {"name": "ask", "action": "core.ask"}]
    flow = await make_flow(database, tasks)
    [first] = await flow.begin(room=1)

    record = await flow.finish(first)

    assert record.next is None
    assert (await flow.child("ask")).status == Status.REQUESTED
