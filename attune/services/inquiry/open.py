"""Put the question of an execution that asks."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from attune.db.database import Database, Transaction
from attune.db.models.execution import Execution
from attune.domain.execution import ExecutionStatus, is_terminal
from attune.domain.inquiry import LONGEST_PATIENCE_SECONDS, check_question
from attune.messages.execution import InquiryOpened, InquiryOpening


class OpenService:
    """The beginning of what `core.ask` does; a person brings its end."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, opening: InquiryOpening) -> InquiryOpened:
        """Write the pending inquiry; repeating it answers where the execution stands.

        A question that cannot be put ends the execution as failed.
        """
        async with self._database.transaction() as tx:
            execution = await tx.executions.lock(opening.execution_id)
            status = execution.status
            if not is_terminal(status):
                status = await _put(tx, execution)
        return InquiryOpened(execution_id=opening.execution_id, status=status)


async def _put(tx: Transaction, execution: Execution) -> ExecutionStatus:
    """Put the question unless it is put already, and return what that makes of it."""
    if await tx.inquiries.find_by_execution(execution.id) is not None:
        return execution.status
    config = execution.config
    assignee, unknown = await _assignee(tx, config.get("assigned_to"))
    schema = config.get("response_schema") or {}
    problems = [*check_question(schema), *unknown, *_misfits(execution)]
    if problems:
        return await _refuse(tx, execution.id, problems)
    seconds = execution.timeout_seconds or config.get("timeout_seconds")
    await tx.inquiries.begin(execution.id)
    await tx.inquiries.put(
        execution_id=execution.id,
        prompt=config.get("prompt") or "",
        response_schema=schema,
        assigned_to_id=assignee,
        patience=None if seconds is None else timedelta(seconds=seconds),
    )
    return ExecutionStatus.RUNNING


def _misfits(execution: Execution) -> list[str]:
    """Return what else keeps the question from being put."""
    problems = []
    if execution.secret_references:
        problems.append("prompt: a question cannot hold secrets")
    seconds = execution.config.get("timeout_seconds")
    if seconds is not None and not 0 <= seconds <= LONGEST_PATIENCE_SECONDS:
        problems.append(
            f"timeout_seconds: must be from 0 to {LONGEST_PATIENCE_SECONDS}"
        )
    return problems


async def _assignee(tx: Transaction, named: object) -> tuple[int | None, Sequence[str]]:
    """Return the identity that is named by login or number, or that there is none."""
    if named is None or named == "":
        return None, ()
    found = None
    if isinstance(named, str):
        found = await tx.identities.find_by_login(named)
    if found is None and str(named).isdecimal():
        found = await tx.identities.find(int(str(named)))
    if found is None:
        return None, [f"assigned_to: there is no identity '{named}'"]
    return found.id, ()


async def _refuse(
    tx: Transaction, execution_id: int, problems: Sequence[str]
) -> ExecutionStatus:
    result: dict[str, Any] = {"succeeded": False, "error": "; ".join(problems)}
    await tx.attempts.end(execution_id, ExecutionStatus.FAILED, result)
    return ExecutionStatus.FAILED
