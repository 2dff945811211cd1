"""The audit trail: searched and read, never changed."""

from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from attune.api.access import requires
from attune.api.dependencies import Auditing
from attune.api.parameters import Id, Paging
from attune.api.routing import Router
from attune.api.schemas.audit import AuditEventResponse, AuditEventSummary, AuditQuery
from attune.api.schemas.envelope import Data, data, listed
from attune.api.schemas.page import Page, page
from attune.domain.permission import Action, Caller, Resource

router = Router(prefix="/api/v1/audit-events", tags=["audit"])

Reader = Annotated[Caller, requires(Resource.AUDIT_LOG, Action.READ)]


@router.get("", response_model=Page[AuditEventSummary])
async def list_audit_events(
    caller: Reader,
    audit: Auditing,
    paging: Paging,
    query: Annotated[AuditQuery, Query()],
) -> Any:
    """Search the audit trail, the newest first; totals only when asked for."""
    request = replace(paging, with_total=query.include_total)
    return page(await audit.page(caller, request, query.wanted()))


@router.get("/by-request/{request_id}", response_model=Data[list[AuditEventResponse]])
async def get_audit_events_by_request(
    request_id: UUID, caller: Reader, audit: Auditing
) -> Any:
    """List everything that one request did, in order."""
    return listed(await audit.of_request(caller, request_id))


@router.get("/{event_id}", response_model=Data[AuditEventResponse])
async def get_audit_event(event_id: Id, caller: Reader, audit: Auditing) -> Any:
    """Get one record."""
    return data(await audit.get(caller, event_id))
