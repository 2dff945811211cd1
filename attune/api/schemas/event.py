"""Events as clients emit them and see them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from attune.api.schemas.envelope import Body, Read
from attune.services.event.emit import Emission
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
    created: datetime


class EventMatch(Read):
    """What came of offering the event to one rule."""

    rule: int
    rule_ref: str
    matched: bool
    decided_by: str | None = None
    """The condition that decided."""
    error: str | None = None


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
    created: datetime
    matches: list[EventMatch] = Field(default_factory=list, validation_alias="_matches")
    """The rules it was offered to, as far as the caller may see them."""


def event_response(view: EventView) -> EventResponse:
    """Show one event, without what this caller must not see of it."""
    shown = EventResponse.model_validate(view.event)
    shown.config = dict(view.config)
    shown.matches = [_match(note) for note in view.matches]
    return shown


def _match(note: Mapping[str, Any]) -> EventMatch:
    return EventMatch.model_validate(note)
