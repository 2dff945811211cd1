"""Triggers as clients write them and read them."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from attune.api.schemas.definition import (
    Creation,
    Description,
    Label,
    RefList,
    RefText,
    Tags,
)
from attune.api.schemas.envelope import Flag, ListOrEmpty, ObjectOrEmpty, Read
from attune.api.schemas.patch import Patch, Update
from attune.domain.pack import ReferenceVisibility
from attune.domain.payload_check import PayloadCheck
from attune.services.trigger import TriggerView

Kind = Annotated[str, Field(min_length=1, max_length=64)]


class CreateTriggerRequest(Creation):
    """A new trigger."""

    ref: RefText
    pack_ref: RefText | None = None
    label: Label
    description: Description | None = None
    enabled: Flag | None = None
    type: Kind | None = None
    """Informative: interval, cron, webhook, and so on."""
    param_schema: dict[str, Any] | None = None
    out_schema: dict[str, Any] | None = None
    payload_check: PayloadCheck | None = None
    """What becomes of events whose payload does not fit `out_schema`."""
    reference_visibility: ReferenceVisibility | None = None
    reference_allowed_pack_refs: RefList | None = None
    tags: Tags | None = None


class UpdateTriggerRequest(Update):
    """Changes of a trigger."""

    label: Label | None = None
    description: Patch[Description] = None
    enabled: Flag | None = None
    type: Patch[Kind] = None
    param_schema: dict[str, Any] | None = None
    out_schema: dict[str, Any] | None = None
    payload_check: PayloadCheck | None = None
    """What becomes of events whose payload does not fit `out_schema`."""
    reference_visibility: ReferenceVisibility | None = None
    reference_allowed_pack_refs: RefList | None = None
    tags: Tags | None = None


class TriggerSummary(Read):
    """A trigger in a list."""

    id: int
    ref: str
    pack_ref: str | None
    label: str
    description: str | None
    enabled: bool
    type: str | None
    webhook_enabled: bool
    reference_visibility: ReferenceVisibility
    reference_allowed_pack_refs: ListOrEmpty[str]
    tags: ListOrEmpty[str]
    created: datetime
    updated: datetime


class TriggerResponse(TriggerSummary):
    """A trigger with everything it says about itself."""

    pack: int | None = Field(validation_alias="pack_id")
    is_adhoc: bool
    param_schema: ObjectOrEmpty
    out_schema: ObjectOrEmpty
    payload_check: PayloadCheck
    examples: ListOrEmpty[Any]
    sensor: int | None = Field(validation_alias="sensor_id")
    sensor_ref: str | None
    webhook_key: str | None
    """Null for a caller who could not make the trigger fire in another way."""


def trigger_response(view: TriggerView) -> TriggerResponse:
    """Show one trigger; its webhook key only to those who may use it."""
    shown = TriggerResponse.model_validate(view.trigger)
    if not view.shows_key:
        shown.webhook_key = None
    return shown
