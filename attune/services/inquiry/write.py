"""Ask, change what is asked, and take a question back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from attune.db.database import Database, Transaction
from attune.db.models.execution import Execution
from attune.db.models.inquiry import Inquiry
from attune.db.repositories.execution import visible_executions
from attune.db.repositories.inquiry import visible_inquiries
from attune.domain.errors import Conflict, InvalidInput
from attune.domain.execution import ExecutionStatus, is_terminal
from attune.domain.inquiry import InquiryStatus, check_question
from attune.domain.json import JsonObject
from attune.domain.permission import Action, Caller, Resource
from attune.services.execution.read import target_of
from attune.services.inquiry.decide import close_if_late, follow, too_late
from attune.services.masks import Masks, reworded

ASK: Final = "core.ask"
"""The action that asks by itself, and nothing else."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """What somebody wants to be asked."""

    execution_id: int
    prompt: str
    response_schema: JsonObject
    assigned_to_id: int | None = None
    timeout_at: datetime | None = None


class InquiryWriteService:
    """Inquiries that are not `core.ask`'s, and what is done to any that is open."""

    def __init__(self, database: Database, masks: Masks) -> None:
        self._database = database
        self._masks = masks

    async def create(self, caller: Caller, question: Question) -> Inquiry:
        """Ask for an execution that lives; each has one inquiry at most.

        An action that is run again after its worker was lost, and asks the same again,
        is given the inquiry that it has.
        """
        problems = check_question(question.response_schema)
        if problems:
            raise InvalidInput("; ".join(problems), problems=problems)
        async with self._database.transaction() as tx:
            among = visible_executions(caller)
            execution = await tx.executions.get(question.execution_id, among=among)
            target = await target_of(tx, execution)
            caller.require(Resource.INQUIRIES, Action.CREATE, target)
            execution = await tx.executions.lock(execution.id)
            _check_asks(execution)
            masking = await self._masks.of(tx, caller)
            if masking is not None:
                question = reworded(question, masking, "prompt", "response_schema")
            return await _put(tx, caller, execution, question)

    async def update(
        self, caller: Caller, inquiry_id: int, changes: Mapping[str, Any]
    ) -> Inquiry:
        """Change who has to answer and until when, or cancel; TooLate if decided."""
        async with self._database.transaction() as tx:
            inquiry = await self._locked(tx, caller, inquiry_id, Action.UPDATE)
            is_open = inquiry.status is InquiryStatus.PENDING
            if is_open:
                await _change(tx, inquiry, changes)
                inquiry = await tx.inquiries.lock(inquiry_id)
        if not is_open:
            raise too_late(inquiry)
        return inquiry

    async def delete(self, caller: Caller, inquiry_id: int) -> None:
        """Remove the inquiry; one that is open is cancelled first."""
        async with self._database.transaction() as tx:
            inquiry = await self._locked(tx, caller, inquiry_id, Action.DELETE)
            await follow(tx, await tx.inquiries.withdraw([inquiry_id]))
            await tx.inquiries.remove(inquiry)

    async def _locked(
        self, tx: Transaction, caller: Caller, inquiry_id: int, action: Action
    ) -> Inquiry:
        """Return the inquiry as nobody else can change it now."""
        among = visible_inquiries(caller)
        inquiry = await tx.inquiries.get(inquiry_id, among=among)
        caller.require(
            Resource.INQUIRIES, action, await tx.inquiries.target_of(inquiry)
        )
        await tx.inquiries.lock_execution(inquiry_id)
        await close_if_late(tx, inquiry_id)
        return await tx.inquiries.lock(inquiry_id)


def _check_asks(execution: Execution) -> None:
    if execution.action_ref == ASK:
        raise Conflict(f"{ASK} asks by itself")
    status = execution.status
    if is_terminal(status) or status is ExecutionStatus.CANCELING:
        raise Conflict(
            f"Execution {execution.id} has nothing to ask any more: {status}",
            status=status,
        )


async def _put(
    tx: Transaction, caller: Caller, execution: Execution, question: Question
) -> Inquiry:
    inquiry = await tx.inquiries.find_by_execution(execution.id)
    if inquiry is None:
        await _check_identity(tx, question.assigned_to_id)
        inquiry = await tx.inquiries.put(
            execution_id=execution.id,
            prompt=question.prompt,
            response_schema=question.response_schema,
            assigned_to_id=question.assigned_to_id,
            timeout_at=question.timeout_at,
        )
    elif not _is_asked_again(caller, execution, inquiry, question):
        raise Conflict(
            f"Execution {execution.id} has an inquiry already: {inquiry.id}",
            inquiry=inquiry.id,
        )
    await tx.inquiries.mark(execution.id, inquiry.id)
    return inquiry


def _is_asked_again(
    caller: Caller, execution: Execution, inquiry: Inquiry, question: Question
) -> bool:
    """Tell whether an earlier attempt at the same execution has asked just this."""
    return (
        caller.execution_id == execution.id
        and execution.started_at is not None
        and inquiry.created < execution.started_at
        and inquiry.prompt == question.prompt
        and inquiry.response_schema == question.response_schema
    )


async def _change(
    tx: Transaction, inquiry: Inquiry, changes: Mapping[str, Any]
) -> None:
    if changes.get("status") is InquiryStatus.CANCELLED:
        await follow(tx, await tx.inquiries.withdraw([inquiry.id]))
        return
    if "assigned_to" in changes:
        await _check_identity(tx, changes["assigned_to"])
        inquiry.assigned_to_id = changes["assigned_to"]
        if inquiry.assigned_to_id is None:
            # The database fills it in, and never takes it away.
            inquiry.assigned_to_login = None
    if "timeout_at" in changes:
        inquiry.timeout_at = changes["timeout_at"]
    await tx.flush()


async def _check_identity(tx: Transaction, identity_id: int | None) -> None:
    if identity_id is None:
        return
    if await tx.identities.find(identity_id) is None:
        problem = f"assigned_to: there is no identity {identity_id}"
        raise InvalidInput(problem, problems=[problem])
