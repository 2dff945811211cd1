"""Enforcements as clients see them."""

from datetime import datetime

from pydantic import Field

from attune.api.schemas.condition import ShownConditions
from attune.api.schemas.envelope import ObjectOrEmpty, Read
from attune.api.schemas.event import JsonOrEmpty
from attune.domain.enforcement import EnforcementCondition, EnforcementStatus


class EnforcementSummary(Read):
    """An enforcement in a list."""

    id: int
    rule: int | None
    rule_ref: str
    trigger_ref: str
    event: int | None
    status: EnforcementStatus
    condition: EnforcementCondition
    trace_tag: str | None
    created: datetime


class EnforcementResponse(Read):
    """An enforcement with everything it was decided by."""

    id: int
    rule: int | None = Field(validation_alias="rule_id")
    rule_ref: str
    trigger_ref: str
    event: int | None = Field(validation_alias="event_id")
    status: EnforcementStatus
    condition: EnforcementCondition
    conditions: ShownConditions
    config: ObjectOrEmpty
    """The parameters of the execution; secret ones are masked."""
    payload: JsonOrEmpty
    trace_tag: str | None
    resolved_at: datetime | None
    created: datetime
