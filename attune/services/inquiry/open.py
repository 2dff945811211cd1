"""Put the question of an execution that asks."""

from attune.db.database import Database, Transaction
from attune.db.models.execution import Execution
from attune.db.models.inquiry import Inquiry
from attune.domain.execution import ExecutionStatus, is_terminal
from attune.domain.schema import check_schema
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
            if not is_terminal(execution.status):
                await _put(tx, execution)
            return InquiryOpened(execution_id=execution.id, status=execution.status)


async def _put(tx: Transaction, execution: Execution) -> None:
    if await tx.inquiries.find_by_execution(execution.id) is not None:
        return
    schema = execution.config.get("response_schema") or {}
    problems = check_schema(schema, "response_schema")
    if problems:
        result = {"succeeded": False, "error": "; ".join(problems)}
        await tx.attempts.end(execution.id, ExecutionStatus.FAILED, result)
        execution.status = ExecutionStatus.FAILED
        return
    await tx.inquiries.begin(execution.id)
    execution.status = ExecutionStatus.RUNNING
    await tx.inquiries.add(
        Inquiry(
            execution_id=execution.id,
            prompt=execution.config.get("prompt") or "",
            response_schema=schema,
        )
    )
