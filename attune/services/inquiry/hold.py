"""The end of a process that has asked something: held until that is decided."""

from typing import cast

from attune.db.database import Transaction
from attune.domain.execution import ExecutionStatus
from attune.domain.inquiry import ProcessEnd, end_process
from attune.domain.json import JsonObject
from attune.runtimes.report import AttemptEnd


async def end_asking(
    tx: Transaction, execution_id: int, end: AttemptEnd
) -> ExecutionStatus | None:
    """Record the end and return where the execution stands; None if it is not to be.

    Repeating it while the end is held changes nothing.
    """
    found = await tx.attempts.lock_asking(execution_id, end.attempt_id)
    if found is None:
        return None
    if found.held_status is not None:
        return ExecutionStatus.RUNNING
    ended = ProcessEnd(status=end.status, result=cast("JsonObject", end.result))
    inquiry = await tx.inquiries.find_by_execution(execution_id)
    if inquiry is not None:
        ended = end_process(
            ended,
            is_canceled=found.status is ExecutionStatus.CANCELING,
            outcome=inquiry.status,
            response=inquiry.response,
        )
    if ended.is_held:
        await tx.attempts.hold(execution_id, ended.status, ended.result)
        return ExecutionStatus.RUNNING
    await tx.attempts.end(execution_id, ended.status, ended.result)
    return ended.status
