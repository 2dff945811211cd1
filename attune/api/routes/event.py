"""Events: emitted, listed, looked at."""

from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Header, Query

from attune.api.access import requires
from attune.api.dependencies import Emitting, Events, Replaying
from attune.api.parameters import Id, LongPaging, QueryId
from attune.api.routing import Router, allow
from attune.api.schemas.envelope import Data, data
from attune.api.schemas.event import (
    CreateEventRequest,
    CreateEventsRequest,
    EventResponse,
    EventsResponse,
    EventSummary,
    ReplayEventRequest,
    event_response,
    events_response,
)
from attune.api.schemas.page import Page, page
from attune.domain.permission import Action, Caller, Resource

router = Router(prefix="/api/v1/events", tags=["events"])

Reader = Annotated[Caller, requires(Resource.EVENTS, Action.READ)]
Emitter = Annotated[Caller, requires(Resource.EVENTS, Action.CREATE)]
Text = Annotated[str | None, Query(max_length=255)]
IdempotencyKey = Annotated[
    str | None, Header(alias="Idempotency-Key", min_length=1, max_length=255)
]


@router.post("", status_code=HTTPStatus.CREATED, response_model=Data[EventResponse])
async def create_event(
    body: CreateEventRequest,
    caller: Emitter,
    emitting: Emitting,
    idempotency_key: IdempotencyKey = None,
) -> Any:
    """Emit an event; the same key with the same body is the same event."""
    view = await emitting.emit(caller, body.emission(idempotency_key))
    return data(event_response(view), "Event created")


@router.post("/batch", response_model=Data[EventsResponse])
@allow(many=True, slow=True)
async def create_events(
    body: CreateEventsRequest, caller: Emitter, emitting: Emitting
) -> Any:
    """Emit many events in one transaction; each has an answer of its own, in order."""
    outcomes = await emitting.emit_all(caller, body.emissions())
    return data(events_response(outcomes))


@router.get("", response_model=Page[EventSummary])
async def list_events(
    caller: Reader,
    events: Events,
    paging: LongPaging,
    *,
    trigger: Annotated[QueryId, Query()] = None,
    trigger_ref: Text = None,
    rule_ref: Text = None,
    source: Annotated[QueryId, Query()] = None,
    trace_tag: Text = None,
    include_total: bool = False,
) -> Any:
    """List events, newest first; totals only when asked for."""
    found = await events.page(
        caller,
        replace(paging, with_total=include_total),
        trigger_id=trigger,
        trigger_ref=trigger_ref,
        rule_ref=rule_ref,
        source_id=source,
        trace_tag=trace_tag,
    )
    return page(found)


@router.get("/{id}", response_model=Data[EventResponse])
async def get_event(
    id: Id,  # noqa: A002 - clients name it so
    caller: Reader,
    events: Events,
    *,
    include_secret_values: bool = False,
) -> Any:
    """Get one event, with what each rule made of it."""
    del include_secret_values
    return data(event_response(await events.get(caller, id)))


@router.post(
    "/{id}/replay",
    status_code=HTTPStatus.CREATED,
    response_model=Data[EventResponse],
)
async def replay_event(
    id: Id,  # noqa: A002 - clients name it so
    caller: Emitter,
    replaying: Replaying,
    body: ReplayEventRequest | None = None,
    idempotency_key: IdempotencyKey = None,
) -> Any:
    """Evaluate a stored event again, as a new event and by the rules as they are now."""
    rule_ref = body.rule_ref if body else None
    view = await replaying.replay(caller, id, rule_ref, idempotency_key)
    return data(event_response(view), f"Event {id} replayed")
