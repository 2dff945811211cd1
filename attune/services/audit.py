"""Look into the audit trail, and note there what changed nothing."""

from collections.abc import Sequence
from uuid import UUID

from attune.db.database import Database
from attune.db.models import AuditEvent
from attune.db.repositories.audit import AuditFilter, visible_records
from attune.domain.audit import Actor, AuditCategory, AuditOutcome
from attune.domain.page import PageRequest, PageResult
from attune.domain.permission import Caller


class AuditService:
    """The trail; what changes something is written with the change, by the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, caller: Caller, request: PageRequest, wanted: AuditFilter
    ) -> PageResult[AuditEvent]:
        """Return one page of the records, newest first."""
        async with self._database.autocommit() as tx:
            return await tx.audit.page(request, wanted, caller)

    async def get(self, caller: Caller, event_id: int) -> AuditEvent:
        """Return one record, or raise NotFound."""
        async with self._database.autocommit() as tx:
            return await tx.audit.get(event_id, among=visible_records(caller))

    async def of_request(
        self, caller: Caller, request_id: UUID
    ) -> Sequence[AuditEvent]:
        """Return everything that one request did, in order."""
        async with self._database.autocommit() as tx:
            return await tx.audit.of_request(request_id, caller)

    async def note_denied(self, actor: Actor, status: int, needs: str | None) -> None:
        """Record that somebody known was refused."""
        async with self._database.autocommit() as tx:
            await tx.audit.note(
                AuditCategory.API,
                "request.denied",
                AuditOutcome.DENIED,
                actor=actor,
                http_status=status,
                details={"needs": needs} if needs else {},
            )
