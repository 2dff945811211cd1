"""What executions wait for, where a person has to answer."""

from typing import Any

from attune.db.database import Transaction
from attune.db.models import Execution
from attune.domain.execution import ExecutionStatus as Status
from attune.domain.waiting import waiting_for
from tests.support.builders import make_execution, make_identity, make_inquiry


async def running(tx: Transaction, **fields: Any) -> Execution:
    return await make_execution(tx, **{"status": Status.RUNNING} | fields)


async def reason(tx: Transaction, execution: Execution) -> Any:
    facts = (await tx.waiting.facts([execution.id]))[execution.id]
    return waiting_for(facts)


async def test_what_asks_waits_for_its_answer(tx: Transaction) -> None:
    ann = await make_identity(tx, login="ann")
    asking = await running(tx)
    inquiry = await make_inquiry(tx, asking, assigned_to_id=ann.id)

    waits = await reason(tx, asking)

    assert waits["message"] == f"ann has to answer inquiry {inquiry.id}"
    assert (waits["kind"], waits["inquiry"]) == ("inquiry", inquiry.id)


async def test_a_workflow_waits_for_what_its_tasks_ask(tx: Transaction) -> None:
    workflow = await running(tx)
    task: dict[str, Any] = {"parent_id": workflow.id, "awaited": True}
    first = await make_inquiry(tx, await running(tx, **task))
    await make_inquiry(tx, await running(tx, **task))
    await make_execution(tx, status=Status.COMPLETED, **task)

    waits = await reason(tx, workflow)

    assert (waits["kind"], waits["inquiry"]) == ("inquiry", first.id)


async def test_a_workflow_that_runs_beside_its_question_waits_for_nothing(
    tx: Transaction,
) -> None:
    workflow = await running(tx)
    task: dict[str, Any] = {"parent_id": workflow.id, "awaited": True}
    await make_inquiry(tx, await running(tx, **task))
    await running(tx, **task)

    assert await reason(tx, workflow) is None


async def test_what_is_answered_is_not_waited_for(tx: Transaction) -> None:
    asking = await running(tx)
    await make_inquiry(tx, asking, status="responded")

    assert await reason(tx, asking) is None
