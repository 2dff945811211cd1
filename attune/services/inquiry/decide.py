"""What follows when an inquiry is decided; its execution is locked by then."""

from collections.abc import Iterable

from attune.db.database import Transaction
from attune.db.models.inquiry import Inquiry
from attune.db.repositories.inquiry import DecidedInquiry
from attune.domain.errors import TooLate
from attune.domain.inquiry import conclude
from attune.domain.permission import Target


async def follow(tx: Transaction, decided: Iterable[DecidedInquiry]) -> None:
    """End the executions that waited, and have their workflow runs told."""
    for each in decided:
        if not each.ends_execution:
            continue
        conclusion = conclude(each.id, each.outcome, each.response, each.held_status)
        await tx.inquiries.conclude(each.execution_id, conclusion)
        if each.workflow_id is not None:
            await tx.outbox.add_ended(each.workflow_id, each.execution_id)


async def close_if_late(tx: Transaction, inquiry_id: int) -> None:
    """Close a pending inquiry whose deadline has passed and that nobody swept yet."""
    await follow(tx, await tx.inquiries.expire([inquiry_id]))


def too_late(inquiry: Inquiry) -> TooLate:
    """Return what is said to whom an inquiry is no longer open."""
    return TooLate(
        f"Inquiry {inquiry.id} is not pending: {inquiry.status}", status=inquiry.status
    )


async def target_of(tx: Transaction, inquiry: Inquiry) -> Target:
    """Return the facts that constraints on inquiries are held against."""
    execution = await tx.executions.get(inquiry.execution_id)
    return Target(
        pack_ref=execution.pack_ref,
        owner_identity_id=execution.executor_id,
        execution_id=execution.id,
        ancestor_ids=await tx.executions.ancestors_of(execution.id),
        id=inquiry.id,
    )
