"""Look at enforcements: that a rule's conditions held for an event."""

from typing import Any

from attune.db.database import Database, Transaction
from attune.db.models.enforcement import Enforcement
from attune.db.repositories.enforcement import (
    EnforcementFilter,
    visible_enforcements,
)
from attune.db.repositories.execution import visible_executions
from attune.domain.enforcement import EnforcementStatus
from attune.domain.json import JsonObject
from attune.domain.page import PageRequest, PageResult
from attune.domain.permission import Caller
from attune.security.encryption import Encryption
from attune.services.execution.revealing import reveal


class EnforcementService:
    """Enforcements as callers may see them."""

    def __init__(self, database: Database, encryption: Encryption) -> None:
        self._database = database
        self._encryption = encryption

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

    async def get(
        self, caller: Caller, enforcement_id: int, *, with_secrets: bool = False
    ) -> Enforcement:
        """Return the enforcement, or raise NotFound.

        With secrets its parameters are those that its execution was given.
        """
        revealed = None
        async with self._database.transaction() as tx:
            among = visible_enforcements(caller)
            found = await tx.enforcements.get(enforcement_id, among=among)
            if with_secrets:
                revealed = await self._revealed(tx, caller, found.id)
        if revealed is not None:
            # Its session is closed by now.
            found.config = revealed
        return found

    async def _revealed(
        self, tx: Transaction, caller: Caller, enforcement_id: int
    ) -> JsonObject | None:
        """Return the parameters of what it started; None when that is gone."""
        among = visible_executions(caller)
        execution = await tx.executions.find_of_enforcement(enforcement_id, among=among)
        if execution is None:
            return None
        return await reveal(tx, self._encryption, caller, execution)
