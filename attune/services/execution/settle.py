"""Write the end of an execution whose worker did not, and raise the alarm for it."""

from datetime import timedelta
from typing import Any

from attune.db.database import Database, Transaction
from attune.db.repositories.attempt import LockedAttempt
from attune.domain.execution import ExecutionStatus
from attune.domain.settlement import Attempt, Loss, Verdict, settle
from attune.messages.execution import Settlement, SettlementResult
from attune.services.event.alert import raise_worker_alert
from attune.services.event.intake import Intake

WORKER_IS_FRESH = timedelta(seconds=10)
ASK_AGAIN_SECONDS = 3.0
RERUN_LIMIT = 3
"""Attempts of an action that may be rerun and names no number itself."""

_ENDS = {
    Verdict.CANCEL: ExecutionStatus.CANCELLED,
    Verdict.TIME_OUT: ExecutionStatus.TIMEOUT,
    Verdict.ABANDON: ExecutionStatus.ABANDONED,
}


class SettleService:
    """The end of executions that their workers left open."""

    def __init__(self, database: Database, intake: Intake) -> None:
        self._database = database
        self._intake = intake

    async def settle(self, settlement: Settlement) -> SettlementResult:
        """Settle under the row's lock; repeating it answers what was settled."""
        async with self._database.transaction() as tx:
            found = await tx.attempts.lock(settlement.execution_id, WORKER_IS_FRESH)
            if found is None:
                return _result(settlement, ExecutionStatus.CANCELLED)
            return await self._apply(tx, settlement, found)

    async def _apply(
        self, tx: Transaction, settlement: Settlement, found: LockedAttempt
    ) -> SettlementResult:
        verdict = settle(_facts(found), settlement.cause)
        if verdict is Verdict.ASK_AGAIN:
            return _result(
                settlement, found.status, ask_again_seconds=ASK_AGAIN_SECONDS
            )
        if verdict is Verdict.RUN_AGAIN:
            await tx.attempts.return_to_queue(settlement.execution_id)
            return _result(settlement, ExecutionStatus.SCHEDULED, run_again=True)
        if verdict is Verdict.KEEP:
            return _result(settlement, found.status)
        return await self._end(tx, settlement, found, _ENDS[verdict])

    async def _end(
        self,
        tx: Transaction,
        settlement: Settlement,
        found: LockedAttempt,
        status: ExecutionStatus,
    ) -> SettlementResult:
        execution_id = settlement.execution_id
        await tx.attempts.end(execution_id, status, _document(status, found))
        if status is ExecutionStatus.ABANDONED:
            await raise_worker_alert(tx, self._intake, execution_id, found)
        return _result(settlement, status)


def _facts(found: LockedAttempt) -> Attempt:
    attempts_left = found.attempt_count < max(found.max_attempts or 1, RERUN_LIMIT)
    return Attempt(
        status=found.status,
        worker_is_running_it=found.worker_is_running_it,
        may_rerun=found.on_worker_loss == "rerun" and attempts_left,
        awaits_answer=found.awaits_answer,
    )


def _document(status: ExecutionStatus, found: LockedAttempt) -> dict[str, Any]:
    """Compose the result document of contract d.5 and d.8."""
    if status is ExecutionStatus.ABANDONED:
        return {
            "succeeded": False,
            "error": "The worker was lost while the action was running",
            "abandoned_by": "execution_timeout_monitor",
            "original_status": found.status,
            "worker": {
                "id": found.worker_id,
                "name": found.worker_name,
                "cordoned": bool(found.worker_cordoned),
            },
        }
    if status is ExecutionStatus.TIMEOUT:
        return {"succeeded": False, "error": "Execution timed out", "timed_out": True}
    return {
        "succeeded": False,
        "error": "Execution was cancelled",
        "cancelled": True,
    }


def _result(
    settlement: Settlement,
    status: ExecutionStatus,
    *,
    run_again: bool = False,
    ask_again_seconds: float | None = None,
) -> SettlementResult:
    return SettlementResult(
        execution_id=settlement.execution_id,
        status=status,
        run_again=run_again,
        ask_again_seconds=ask_again_seconds,
    )


def cancelled_document() -> dict[str, Any]:
    """Return the result of an execution that was cancelled before it ran."""
    return {
        "succeeded": False,
        "error": "Execution was cancelled before it started",
        "cancelled": True,
    }


def lost(execution_id: int) -> Settlement:
    """Return the settlement of an execution whose workflow is gone."""
    return Settlement(execution_id=execution_id, cause=Loss.LOST)
