"""Enforcements: listed, looked at."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import Query

from attune.api.access import requires
from attune.api.dependencies import Enforcements
from attune.api.parameters import Id, LongPaging, QueryId
from attune.api.routing import Router
from attune.api.schemas.enforcement import EnforcementResponse, EnforcementSummary
from attune.api.schemas.envelope import Data, data
from attune.api.schemas.page import Page, page
from attune.domain.enforcement import EnforcementStatus
from attune.domain.permission import Action, Caller, Resource

router = Router(prefix="/api/v1/enforcements", tags=["enforcements"])

Reader = Annotated[Caller, requires(Resource.ENFORCEMENTS, Action.READ)]
Text = Annotated[str | None, Query(max_length=255)]


@router.get("", response_model=Page[EnforcementSummary])
async def list_enforcements(
    caller: Reader,
    enforcements: Enforcements,
    paging: LongPaging,
    *,
    rule: Annotated[QueryId, Query()] = None,
    event: Annotated[QueryId, Query()] = None,
    status: EnforcementStatus | None = None,
    trigger_ref: Text = None,
    rule_ref: Text = None,
    trace_tag: Text = None,
    include_total: bool = False,
) -> Any:
    """List enforcements, newest first; totals only when asked for."""
    found = await enforcements.page(
        caller,
        replace(paging, with_total=include_total),
        rule_id=rule,
        event_id=event,
        status=status,
        trigger_ref=trigger_ref,
        rule_ref=rule_ref,
        trace_tag=trace_tag,
    )
    return page(found)


@router.get("/{id}", response_model=Data[EnforcementResponse])
async def get_enforcement(
    id: Id,  # noqa: A002 - clients name it so
    caller: Reader,
    enforcements: Enforcements,
    *,
    include_secret_values: bool = False,
) -> Any:
    """Get one enforcement; secret parameters are shown to those who may decrypt."""
    found = await enforcements.get(caller, id, with_secrets=include_secret_values)
    return data(found)
