"""Answer an inquiry: once, by whom it is put to, with what it asks for."""

from attune.db.database import Database, Transaction
from attune.db.models.inquiry import Inquiry
from attune.db.repositories.inquiry import visible_inquiries
from attune.domain.inquiry import InquiryStatus, check_answer, check_respondent
from attune.domain.json import JsonObject
from attune.domain.permission import Caller
from attune.services.inquiry.decide import close, follow, too_late


class RespondService:
    """The human half of an execution that asks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def respond(
        self, caller: Caller, inquiry_id: int, response: JsonObject
    ) -> Inquiry:
        """Accept the answer and let the execution go on.

        Raises TooLate when the inquiry was answered, timed out or cancelled before.
        """
        async with self._database.transaction() as tx:
            among = visible_inquiries(caller)
            inquiry = await tx.inquiries.get(inquiry_id, among=among)
            if inquiry.status is not InquiryStatus.PENDING:
                raise too_late(inquiry)
            await _check_caller(tx, caller, inquiry)
            check_answer(inquiry.response_schema, response)
            is_accepted = await _answer(tx, caller, inquiry_id, response)
            inquiry = await tx.inquiries.lock(inquiry_id)
            if not is_accepted and inquiry.status is InquiryStatus.PENDING:
                await close(tx, inquiry_id)
                inquiry = await tx.inquiries.lock(inquiry_id)
        if not is_accepted:
            raise too_late(inquiry)
        return inquiry


async def _check_caller(tx: Transaction, caller: Caller, inquiry: Inquiry) -> None:
    own_ids: frozenset[int] = frozenset()
    if caller.execution_id is not None:
        above = await tx.executions.ancestors_of(caller.execution_id)
        own_ids = above | {caller.execution_id}
    check_respondent(
        caller,
        await tx.inquiries.target_of(inquiry),
        assigned_to_id=inquiry.assigned_to_id,
        is_assigned=(inquiry.assigned_to_id, inquiry.assigned_to_login) != (None, None),
        own_ids=own_ids,
    )


async def _answer(
    tx: Transaction, caller: Caller, inquiry_id: int, response: JsonObject
) -> bool:
    await tx.inquiries.lock_execution(inquiry_id)
    decided = await tx.inquiries.answer(inquiry_id, response, caller.identity_id)
    await follow(tx, [decided] if decided else [])
    return decided is not None
