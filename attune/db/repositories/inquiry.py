"""Inquiries."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, select, text

from attune.db.models import Inquiry
from attune.db.repositories.base import Repository, equals, present
from attune.domain.inquiry import InquiryStatus
from attune.domain.page import PageRequest, PageResult

# An execution that asks runs from the moment the question is put.
_BEGIN = text("""
    UPDATE attune.execution
    SET status = 'running', started_at = now(), waiting_for = NULL
    WHERE id = :id AND status IN ('requested', 'scheduled')
""")


@dataclass(frozen=True, kw_only=True)
class InquiryFilter:
    """Which inquiries are wanted; None means any."""

    status: InquiryStatus | None = None
    execution_id: int | None = None
    assigned_to_id: int | None = None


class InquiryRepository(Repository[Inquiry]):
    """The inquiries, newest first."""

    model = Inquiry

    async def find_by_execution(self, execution_id: int) -> Inquiry | None:
        """Return the inquiry this execution waits on, or None."""
        query = select(Inquiry).where(Inquiry.execution_id == execution_id)
        return await self._one(query, None)

    async def begin(self, execution_id: int) -> None:
        """Move an execution that asks to running."""
        await self._session.execute(_BEGIN, {"id": execution_id})

    async def page(
        self,
        request: PageRequest,
        wanted: InquiryFilter | None = None,
        *,
        among: ColumnElement[bool] | None = None,
    ) -> PageResult[Inquiry]:
        """Return one page of what is wanted."""
        wanted = wanted or InquiryFilter()
        conditions = present(
            equals(Inquiry.status, wanted.status),
            equals(Inquiry.execution_id, wanted.execution_id),
            equals(Inquiry.assigned_to_id, wanted.assigned_to_id),
            among,
        )
        return await self._page(request, conditions)
