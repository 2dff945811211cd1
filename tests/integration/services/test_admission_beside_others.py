"""Admission beside others: racing ones, dispatchers, writers of policies, workflows."""

import asyncio

import asyncpg

from attune.db.database import Database
from attune.domain.policy import PolicyMethod
from attune.services.admission import AdmissionService, Look
from tests.integration.services.admitting import S, Scene, limited, scene
from tests.support.builders import unique


async def test_one_admits_at_a_time(database: Database) -> None:
    one, _ = await limited(database, threshold=1)
    async with database.transaction() as tx:
        assert await tx.admissions.lock()

        assert await one.service.admit() == Look(was_busy=True)


async def test_racing_admissions_never_exceed_the_limit(database: Database) -> None:
    one, _ = await limited(database, threshold=3)
    ids = await one.request(*[{}] * 40)

    await asyncio.gather(
        *(AdmissionService(database).admit() for _ in range(8)),
        *(one.dispatch.claim() for _ in range(4)),
    )

    assert await one.admitted(ids) == ids[:3]


async def test_what_is_being_claimed_counts_as_live(
    database: Database, sql: asyncpg.Connection
) -> None:
    """A dispatcher that has not heard of the new policy yet may be about to take it."""
    one, _ = await limited(database, threshold=1)
    ids = await one.request({}, {})
    async with sql.transaction():
        lock = "SELECT FROM attune.execution WHERE id = $1 FOR UPDATE"
        await sql.execute(lock, ids[1])

        await one.service.admit()
        assert await one.admitted(ids) == []

        taken = "UPDATE attune.execution SET workflow_id = 'w' WHERE id = $1"
        await sql.execute(taken, ids[1])
    await one.service.admit()
    assert await one.admitted(ids) == []


async def test_a_policy_is_not_written_while_somebody_decides(
    database: Database,
) -> None:
    one, _ = await limited(database, threshold=1)
    async with database.transaction() as tx:
        # As `advance` does before it writes the executions of tasks.
        await tx.workflow_runs.lock((await one.request({}))[0])
        writing = asyncio.create_task(limited(database, threshold=1))
        done, _ = await asyncio.wait([writing], timeout=0.1)
        assert not done

    await writing


async def test_workflows_hear_of_their_tasks_once(
    database: Database, sql: asyncpg.Connection
) -> None:
    one, policy = await limited(database, threshold=2)
    parents = await one_running_parent(one), await one_running_parent(one)
    child = {"awaited": True, "workflow_id": "run"}
    ids = [
        *await one.request({}, {}, parent_id=parents[0], **child),
        *await one.request({}, {}, parent_id=parents[1], **child),
    ]

    await one.service.admit()

    assert await woken(sql) == [parents[0]]
    assert await one.dispatch.claim() == []
    await one.change(policy, method=PolicyMethod.CANCEL)
    await one.service.admit()
    assert await one.statuses(ids[2:]) == [S.CANCELLED] * 2
    assert await woken(sql) == list(parents)


async def test_tasks_whose_policy_is_gone_are_not_forgotten(
    database: Database, sql: asyncpg.Connection
) -> None:
    one, policy = await limited(database, threshold=2)
    parent = await one_running_parent(one)
    await one.service.admit()
    await one.change(policy, enabled=False)
    child = {"parent_id": parent, "awaited": True, "workflow_id": "run"}
    await one.request({}, **child)

    await one.service.admit()
    assert await woken(sql) == [parent]

    await one.service.free_stranded()
    assert await woken(sql) == [parent, parent]
    await one.request({}, **child, status=S.RUNNING)
    await one.service.free_stranded()
    assert await woken(sql) == [parent, parent]


async def one_running_parent(one: Scene) -> int:
    parent = await scene(one.database)
    [only] = await parent.request({}, status=S.RUNNING, workflow_id=unique("run"))
    return only


async def woken(sql: asyncpg.Connection) -> list[int]:
    rows = await sql.fetch(
        "SELECT (payload ->> 'execution_id')::bigint AS id FROM attune.outbox"
        " WHERE kind = 'wake_workflow' ORDER BY id"
    )
    return [row["id"] for row in rows]
