"""Look at inquiries."""

from attune.db.database import Database
from attune.db.models.inquiry import Inquiry
from attune.db.repositories.execution import visible_executions
from attune.db.repositories.inquiry import InquiryFilter, visible_inquiries
from attune.domain.inquiry import InquiryStatus
from attune.domain.page import PageRequest, PageResult
from attune.domain.permission import Caller


class InquiryReadService:
    """Inquiries as callers may see them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, caller: Caller, inquiry_id: int) -> Inquiry:
        """Return the inquiry, or raise NotFound."""
        async with self._database.autocommit() as tx:
            return await tx.inquiries.get(inquiry_id, among=visible_inquiries(caller))

    async def page(
        self,
        caller: Caller,
        request: PageRequest,
        *,
        status: InquiryStatus | None = None,
        execution_id: int | None = None,
        assigned_to_id: int | None = None,
    ) -> PageResult[Inquiry]:
        """Return one page of the inquiries the caller may see, newest first."""
        wanted = InquiryFilter(
            status=status, execution_id=execution_id, assigned_to_id=assigned_to_id
        )
        async with self._database.autocommit() as tx:
            among = visible_inquiries(caller)
            return await tx.inquiries.page(request, wanted, among=among)

    async def page_of_execution(
        self, caller: Caller, request: PageRequest, execution_id: int
    ) -> PageResult[Inquiry]:
        """Return the inquiries of an execution, or NotFound if it is not seen."""
        async with self._database.autocommit() as tx:
            among = visible_executions(caller)
            await tx.executions.get(execution_id, among=among)
        return await self.page(caller, request, execution_id=execution_id)
