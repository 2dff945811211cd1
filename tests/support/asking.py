"""Executions that ask, in the rows as the dispatcher would have left them."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from attune.db.database import Database, Transaction
from attune.db.models import Execution, Identity, Inquiry
from attune.domain.execution import ExecutionStatus
from attune.domain.permission import Action, Caller, Grant, Resource, TokenType
from attune.messages.execution import InquiryOpening
from attune.services.inquiry.open import OpenService
from tests.support.builders import make_action, make_execution, make_pack, make_runtime

EVERYTHING = tuple(
    Grant(resource=resource, actions=frozenset(Action)) for resource in Resource
)


def caller_of(identity: Identity, **facts: Any) -> Caller:
    """Return somebody who may do everything, or what `grants` says."""
    defaults: dict[str, Any] = {
        "identity_id": identity.id,
        "login": identity.login,
        "token_type": TokenType.ACCESS,
        "grants": EVERYTHING,
    }
    return Caller(**defaults | facts)


async def make_question(tx: Transaction, **fields: Any) -> Execution:
    """Write an execution of `core.ask` that Temporal has been given."""
    config = {"prompt": "Go on?"} | fields.pop("config", {})
    defaults: dict[str, Any] = {
        "action_id": await _ask(tx),
        "status": ExecutionStatus.SCHEDULED,
        "workflow_id": "execution-of-tests",
    }
    return await make_execution(tx, config=config, **defaults | fields)


async def ask(database: Database, **fields: Any) -> tuple[Execution, Inquiry]:
    """Put a question and return its execution and its inquiry."""
    async with database.transaction() as tx:
        execution = await make_question(tx, **fields)
    opened = await OpenService(database).open(InquiryOpening(execution_id=execution.id))
    assert opened.status is ExecutionStatus.RUNNING, await result_of(
        database, execution.id
    )
    async with database.transaction() as tx:
        inquiry = await tx.inquiries.find_by_execution(execution.id)
        assert inquiry is not None
        return await tx.executions.get(execution.id), inquiry


async def ask_often(
    database: Database, count: int, *, timeout_at: datetime | None = None
) -> list[Inquiry]:
    """Put many questions in a few statements."""
    async with database.transaction() as tx:
        action_id = await _ask(tx)
        executions = [
            Execution(
                action_id=action_id,
                status=ExecutionStatus.RUNNING,
                workflow_id="execution-of-tests",
            )
            for _ in range(count)
        ]
        await tx.executions.add_all(executions)
        inquiries = [
            Inquiry(execution_id=each.id, prompt="Go on?", timeout_at=timeout_at)
            for each in executions
        ]
        await tx.inquiries.add_all(inquiries)
    return inquiries


async def result_of(database: Database, execution_id: int) -> Any:
    """Return the result of an execution as it stands now."""
    async with database.transaction() as tx:
        return (await tx.executions.get(execution_id)).result


async def _ask(tx: Transaction) -> int:
    """Return the id of `core.ask`, made when it is not there yet."""
    found = await tx.session.scalar(
        select(Execution.action_id).where(Execution.action_ref == "core.ask").limit(1)
    )
    if found is not None:
        return int(found)
    pack = await make_pack(tx, ref="core", is_standard=True)
    runtime = await make_runtime(tx, pack, ref="core.builtin", name="Builtin")
    return (await make_action(tx, pack, runtime, ref="core.ask")).id
