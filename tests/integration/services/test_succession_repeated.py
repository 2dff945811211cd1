"""An answer that was lost: the repeated finish is answered like the first."""

import asyncio

import pytest

from attune.db.database import Database
from attune.domain.errors import Unavailable
from attune.domain.execution import ExecutionStatus as Status
from attune.services.execution.attempt import AttemptService
from tests.support.succession import make_flow, over_a_list, sequence

TASKS = {"a sequence": sequence("t0", "t1"), "a backlog": over_a_list(2)}
CHANGES = {
    "cordoned": "UPDATE attune.worker SET cordoned = true",
    "paused": "UPDATE attune.workflow_execution SET state = state || '{\"paused\": {}}'",
    "canceling": (
        "UPDATE attune.execution SET status = 'canceling' WHERE parent IS NULL"
    ),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("tasks", TASKS)
async def test_what_was_begun_is_answered_whatever_changed_since(
    database: Database, tasks: str, change: str
) -> None:
    flow = await make_flow(database, TASKS[tasks])
    [first] = await flow.begin(room=1)
    record = await flow.finish(first)
    await flow.change(CHANGES[change])

    again = await flow.finish(first)

    assert record.next is not None
    assert again == record


@pytest.mark.parametrize("number", range(10))
@pytest.mark.parametrize("tasks", TASKS)
async def test_copies_of_one_finish_are_answered_alike(
    database: Database, tasks: str, number: int
) -> None:
    flow = await make_flow(database, TASKS[tasks])
    [first] = await flow.begin(room=1)

    async def copy(place: int) -> object:
        await asyncio.sleep(place * number / 5000)
        return await flow.finish(first)

    answers = await asyncio.gather(*(copy(place) for place in range(6)))

    assert [each for each in answers if each != answers[0]] == []
    started = [each for each in await flow.children() if each.attempt_count]
    assert [each.attempt_count for each in started] == [1, 1]


async def test_what_was_begun_and_cancelled_since_is_for_the_run_to_find(
    database: Database,
) -> None:
    flow = await make_flow(database, sequence("t0", "t1"))
    [first] = await flow.begin()
    await flow.finish(first)
    following = await flow.child("t1")
    await flow.change(
        "UPDATE attune.execution SET status = 'canceling' WHERE id = :id",
        id=following.id,
    )

    again = await flow.finish(first)

    assert (again.next, again.unsure) == (None, True)


async def test_a_launch_that_the_database_interrupts_is_asked_for_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow = await make_flow(database, sequence("t0", "t1"))
    [first] = await flow.begin()

    async def fail(*_: object, **__: object) -> object:
        raise Unavailable("PostgreSQL")

    with monkeypatch.context() as broken:
        broken.setattr(AttemptService, "_compose", fail)
        with pytest.raises(Unavailable):
            await flow.finish(first)
    record = await flow.finish(first)

    following = await flow.child("t1")
    assert record.next is not None
    assert record.next.execution_id == following.id
    assert (following.status, following.attempt_count) == (Status.RUNNING, 1)
