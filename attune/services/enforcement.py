"""Look at enforcements: that a rule's conditions held for an event."""

from typing import Any

from attune.db.database import Database
from attune.db.models.enforcement import Enforcement
from attune.db.repositories.enforcement import (
    EnforcementFilter,
    visible_enforcements,
)
from attune.domain.enforcement import EnforcementStatus
from attune.domain.page import PageRequest, PageResult
from attune.domain.permission import Caller


class EnforcementService:
    """Enforcements as callers may see them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self,
        caller: Caller,
        request: PageRequest,
        *,
        rule_id: int | None = None,
        event_id: int | None = None,
        status: EnforcementStatus | None = None,
        trigger_ref: str | None = None,
        rule_ref: str | None = None,
        trace_tag: str | None = None,
    ) -> PageResult[Any]:
        """Return one page of the enforcements the caller may see, without payloads."""
        wanted = EnforcementFilter(
            rule_id=rule_id,
            event_id=event_id,
            status=status,
            trigger_ref=trigger_ref,
            rule_ref=rule_ref,
            trace_tag=trace_tag,
        )
        async with self._database.transaction() as tx:
            among = visible_enforcements(caller)
            return await tx.enforcements.page(request, wanted, among=among)

    async def get(self, caller: Caller, enforcement_id: int) -> Enforcement:
        """Return the enforcement, or raise NotFound."""
        async with self._database.transaction() as tx:
            among = visible_enforcements(caller)
            return await tx.enforcements.get(enforcement_id, among=among)
