"""A worker that ends a task of a workflow is told what to run next, and only once."""

from attune.db.database import Database
from attune.domain.execution import ExecutionStatus as Status
from tests.support.succession import (
    make_flow,
    next_attempt,
    sequence,
)


async def test_the_end_of_a_task_brings_the_one_that_follows(
    database: Database,
) -> None:
    flow = await make_flow(database, sequence("t0", "t1"))
    [first] = await flow.begin()

    record = await flow.finish(first)

    following = await flow.child("t1")
    assert record.status is Status.COMPLETED
    assert not record.unsure
    assert record.next is not None
    assert record.next.execution_id == following.id
    assert (following.status, following.worker) == (Status.RUNNING, flow.worker.id)
    assert following.attempt_id == next_attempt(first)
    assert following.activity_of == first
    assert following.is_awaited


async def test_the_end_itself_is_noted_with_that(database: Database) -> None:
    flow = await make_flow(database, sequence("t0", "t1"))
    [first] = await flow.begin()

    await flow.finish(first)

    assert not (await flow.child("t0")).is_awaited


async def test_one_follows_the_other_to_the_end_of_the_workflow(
    database: Database,
) -> None:
    flow = await make_flow(database, sequence("t0", "t1", "t2"))
    [first] = await flow.begin()

    one = await flow.finish(first)
    assert one.next
    two = await flow.finish(one.next.execution_id, attempt_id=next_attempt(first))
    assert two.next
    last, attempt = two.next.execution_id, next_attempt(one.next.execution_id)
    record = await flow.finish(last, attempt_id=attempt)

    assert (record.status, record.next) == (Status.COMPLETED, None)
    assert await flow.status() is Status.COMPLETED
    orders = await flow.advance(first, one.next.execution_id, last)
    assert orders.status is Status.COMPLETED


async def test_a_task_that_fails_may_be_followed_too(database: Database) -> None:
    flow = await make_flow(database, sequence("t0", "t1"))
    [first] = await flow.begin()

    record = await flow.finish(first, status=Status.FAILED)

    assert record.status is Status.FAILED
    assert record.next is not None


async def test_without_a_wish_nothing_follows(database: Database) -> None:
    flow = await make_flow(database, sequence("t0", "t1"))
    [first] = await flow.begin()

    record = await flow.finish(first, wishes=False)

    assert record.next is None
    assert [each.task for each in await flow.children()] == ["t0"]


async def test_a_repeated_end_is_answered_with_the_same(database: Database) -> None:
    flow = await make_flow(database, sequence("t0", "t1"))
    [first] = await flow.begin()
    record = await flow.finish(first)

    again = await flow.finish(first)

    assert again == record
    following = await flow.child("t1")
    assert following.attempt_count == 1
