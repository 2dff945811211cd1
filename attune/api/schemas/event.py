"""Events as clients emit them and see them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import (
    BeforeValidator,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from attune.api.errors import status_of
from attune.api.schemas.envelope import Body, ListOrEmpty, Omitted, Read
from attune.domain.errors import AttuneError, InvalidInput
from attune.domain.json import check_json, format_place
from attune.services.event.emit import Emission, Emitted
from attune.services.event.intake import Outcome
from attune.services.event.read import EventView

Ref = Annotated[str, Field(min_length=1, max_length=255)]

JsonOrEmpty = Annotated[
    Any, BeforeValidator(lambda value: {} if value is None else value)
]
"""Any JSON; `{}` where the row has null, which clients cannot read."""


class CreateEventRequest(Body):
    """Something that happened."""

    trigger_ref: Ref
    payload: Any = None
    config: dict[str, Any] | None = None
    """Where it came from."""
    trigger_instance_id: Annotated[str, Field(max_length=255)] | None = None
    """`rule_<id>` when it is meant for that rule alone."""
    trace_tag: Annotated[str, Field(min_length=1, max_length=255)] | None = None

    def emission(self, idempotency_key: str | None) -> Emission:
        """Return what the service is given."""
        return Emission(
            trigger_ref=self.trigger_ref,
            payload={} if self.payload is None else self.payload,
            config=self.config or {},
            trigger_instance_id=self.trigger_instance_id,
            trace_tag=self.trace_tag,
            idempotency_key=idempotency_key,
        )


class BatchedEvent(CreateEventRequest):
    """One of many things that happened."""

    idempotency_key: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    """The same key with the same content is the same event."""


def _or_refusal(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
    """Return the event, or why it cannot be meant: that is no matter of the others."""
    try:
        check_json(value)
        return validate(value)
    except InvalidInput as refused:
        return refused
    except ValidationError as invalid:
        problems = [
            f"{format_place(error['loc'])}: {error['msg']}"
            for error in invalid.errors(include_url=False, include_input=False)
        ]
        return InvalidInput("The event is not valid", problems=problems)


if TYPE_CHECKING:
    EventOrRefusal = BatchedEvent | InvalidInput
else:
    EventOrRefusal = Annotated[BatchedEvent, WrapValidator(_or_refusal)]


class CreateEventsRequest(Body):
    """Many things that happened."""

    events: Annotated[list[EventOrRefusal], Field(min_length=1)]

    def emissions(self) -> list[Emitted]:
        """Return what the service is given: what cannot be meant as its refusal."""
        return [
            each.emission(each.idempotency_key)
            if isinstance(each, BatchedEvent)
            else each
            for each in self.events
        ]


class ReplayEventRequest(Body):
    """How a stored event is evaluated again."""

    rule_ref: Ref | None = None
    """The only rule it is offered to; without it, every rule of its trigger."""


class EventSummary(Read):
    """An event in a list."""

    id: int
    trigger: int | None
    trigger_ref: str
    source: int | None
    source_ref: str | None
    rule: int | None
    rule_ref: str | None
    trace_tag: str | None
    has_payload: bool
    has_payload_problems: bool
    created: datetime


class EventMatch(Read):
    """What came of offering the event to one rule."""

    rule: int
    rule_ref: str
    matched: bool
    decided_by: str | None = None
    """The condition that decided."""
    error: str | None = None
    """Why it could not be evaluated."""
    skipped: str | None = None
    """Why it was not asked at all."""


class EventResponse(Read):
    """An event with its payload and what the rules made of it."""

    id: int
    trigger: int | None = Field(validation_alias="trigger_id")
    trigger_ref: str
    source: int | None = Field(validation_alias="source_id")
    source_ref: str | None
    rule: int | None = Field(validation_alias="rule_id")
    rule_ref: str | None
    trace_tag: str | None
    config: dict[str, Any]
    payload: JsonOrEmpty
    payload_problems: ListOrEmpty[str]
    """What of the payload does not fit the trigger's `out_schema`."""
    created: datetime
    matches: list[EventMatch] = Field(default_factory=list, validation_alias="_matches")
    """The rules it was offered to, as far as the caller may see them."""
    matches_left_out: int = 0
    """How many more rules it was offered to, of which nothing was kept."""


def event_response(view: EventView) -> EventResponse:
    """Show one event, without what this caller must not see of it."""
    shown = EventResponse.model_validate(view.event)
    shown.config = dict(view.config)
    shown.matches = [_match(note) for note in view.matches]
    shown.matches_left_out = view.left_out
    return shown


class BatchedResponse(Read):
    """What became of one of many events."""

    status: int
    """201 for a new event, 200 for one that was there, else why it was not taken."""
    id: Omitted[int]
    created: Omitted[datetime]
    error: Omitted[str]
    code: Omitted[str]
    details: Omitted[dict[str, Any]]


class EventsResponse(Read):
    """What became of many events, in the order in which they were sent."""

    results: list[BatchedResponse]
    created: int
    repeated: int
    refused: int


def events_response(outcomes: Sequence[Outcome]) -> Mapping[str, Any]:
    """Show what became of each event."""
    results = [_result(outcome) for outcome in outcomes]
    statuses = Counter(each["status"] for each in results)
    created, repeated = statuses[HTTPStatus.CREATED], statuses[HTTPStatus.OK]
    return {
        "results": results,
        "created": created,
        "repeated": repeated,
        "refused": len(results) - created - repeated,
    }


def _result(outcome: Outcome) -> Mapping[str, Any]:
    if isinstance(outcome, AttuneError):
        refusal = {"error": outcome.message, "code": outcome.code}
        details = {"details": outcome.evidence} if outcome.evidence else {}
        return {"status": status_of(outcome), **refusal, **details}
    status = HTTPStatus.OK if outcome.is_repeated else HTTPStatus.CREATED
    return {"status": status, "id": outcome.id, "created": outcome.created}


def _match(note: Mapping[str, Any]) -> EventMatch:
    return EventMatch.model_validate(note)
