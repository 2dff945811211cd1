"""What follows when an inquiry is decided; its execution is locked by then."""

from collections.abc import Iterable

from attune.db.database import Transaction
from attune.db.models.inquiry import Inquiry
from attune.db.repositories.inquiry import DecidedInquiry
from attune.domain.errors import TooLate
from attune.domain.inquiry import conclude


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


async def close(tx: Transaction, inquiry_id: int) -> None:
    """Close a pending inquiry that takes no answer: it, or its execution, is over."""
    decided = await tx.inquiries.expire([inquiry_id])
    await follow(tx, decided or await tx.inquiries.withdraw([inquiry_id]))


def too_late(inquiry: Inquiry) -> TooLate:
    """Return what is said to whom an inquiry is no longer open."""
    return TooLate(
        f"Inquiry {inquiry.id} is not pending: {inquiry.status}", status=inquiry.status
    )
