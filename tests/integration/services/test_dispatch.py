"""Claims of the dispatcher: each execution goes to one workflow, whatever breaks."""

import asyncio
from datetime import timedelta

import pytest

from attune.db.database import Database
from attune.domain.execution import ExecutionStatus
from attune.security.encryption import Encryption
from attune.services import dispatch
from attune.services.dispatch import DispatchService
from attune.services.event.intake import Intake
from attune.services.event.rulebook import Rulebook
from attune.services.execution.settle import SettleService
from tests.support.builders import make_action, make_execution


def service(database: Database) -> DispatchService:
    intake = Intake(Rulebook(remembers=False), Encryption("k" * 32))
    return DispatchService(database, SettleService(database, intake), batch_size=25)


async def requested(database: Database, count: int) -> list[int]:
    async with database.transaction() as tx:
        action = await make_action(tx)
        made = [await make_execution(tx, action) for _ in range(count)]
    return [execution.id for execution in made]


async def statuses(database: Database, ids: list[int]) -> set[ExecutionStatus]:
    async with database.transaction() as tx:
        return {(await tx.executions.get(each)).status for each in ids}


async def test_racing_dispatchers_never_share_an_execution(database: Database) -> None:
    ids = await requested(database, 60)

    claims = await asyncio.gather(*(service(database).claim() for _ in range(4)))

    carried = [e.execution_id for c in claims for h in c for e in h.executions]
    names = [hosting.workflow_id for claim in claims for hosting in claim]
    assert sorted(carried) == ids
    assert len(set(names)) == len(names)


async def test_little_gets_a_workflow_each_and_much_is_hosted(
    database: Database,
) -> None:
    [only] = await requested(database, 1)

    [alone] = await service(database).claim()

    assert alone.workflow_id == f"execution-{only}"
    await requested(database, 40)
    hosted = await service(database).claim()
    assert [len(hosting.executions) for hosting in hosted] == [10, 10, 10, 10]


async def test_a_released_claim_comes_back_whole_under_the_same_id(
    database: Database,
) -> None:
    await requested(database, 40)
    first = await service(database).claim()

    await service(database).release(first)

    again = await service(database).claim_lapsed()
    assert {h.workflow_id: h.executions for h in again}.keys() == {
        h.workflow_id for h in first
    }
    assert [len(h.executions) for h in again] == [10, 10, 10, 10]


async def test_a_claim_nobody_confirms_lapses(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    [only] = await requested(database, 1)
    await service(database).claim()
    assert await service(database).claim_lapsed() == []

    monkeypatch.setattr(dispatch, "CLAIM_LAPSES", timedelta(0))

    [again] = await service(database).claim_lapsed()
    assert again.workflow_id == f"execution-{only}"


async def test_confirmed_executions_are_scheduled_and_stay_so(
    database: Database,
) -> None:
    ids = await requested(database, 3)
    claim = await service(database).claim()

    await service(database).confirm(claim)

    assert await statuses(database, ids) == {ExecutionStatus.SCHEDULED}
    assert await service(database).claim() == []


async def test_a_long_queue_holds_its_runtime_back_and_no_other(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "LONGEST_QUEUE", 2)
    async with database.transaction() as tx:
        full, other = await make_action(tx), await make_action(tx)
        for _ in range(2):
            await make_execution(tx, full)
    await service(database).confirm(await service(database).claim())
    async with database.transaction() as tx:
        await make_execution(tx, full)
        free = await make_execution(tx, other)

    claimed = await service(database).claim()

    assert [e.execution_id for h in claimed for e in h.executions] == [free.id]
    assert await service(database).is_held_back()
