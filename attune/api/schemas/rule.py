"""Rules as clients write them and read them."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from attune.api.parameters import BodyId
from attune.api.schemas.condition import ShownConditions
from attune.api.schemas.definition import (
    Creation,
    Description,
    Label,
    RefList,
    RefText,
    Tags,
)
from attune.api.schemas.envelope import Body, Flag, ListOrEmpty, ObjectOrEmpty, Read
from attune.api.schemas.patch import Patch, Update
from attune.api.schemas.placement import Kept, WorkerAffinity, WorkerToleration
from attune.domain.enforcement import EnforcementCondition
from attune.services.rule_trial import Sample
from attune.services.rule_view import RuleView

Template = Annotated[str, Field(min_length=1, max_length=1024)]
Conditions = dict[str, Any] | list[Any]
"""One condition (an expression, a comparison, a group), or a list of them."""


class CreateRuleRequest(Creation):
    """A new rule."""

    ref: RefText
    pack_ref: RefText
    label: Label
    description: Description | None = None
    enabled: Flag | None = None
    trigger_ref: RefText
    action_ref: RefText
    condition: EnforcementCondition | None = None
    """Whether all of a list of conditions must hold, or any."""
    conditions: Conditions | None = None
    action_params: dict[str, Any] | None = None
    trigger_params: dict[str, Any] | None = None
    permission_set_refs: RefList | None = None
    """What its executions may do; null inherits the action's, none at all is []."""
    trace_tag_template: Template | None = None
    sensor_worker_selector: dict[str, str] | None = None
    sensor_worker_tolerations: list[Kept[WorkerToleration]] | None = None
    sensor_worker_affinity: Kept[WorkerAffinity] | None = None
    tags: Tags | None = None


class UpdateRuleRequest(Update):
    """Changes of a rule."""

    label: Label | None = None
    description: Patch[Description] = None
    enabled: Flag | None = None
    trigger_ref: RefText | None = None
    action_ref: RefText | None = None
    condition: EnforcementCondition | None = None
    conditions: Conditions | None = None
    action_params: dict[str, Any] | None = None
    trigger_params: dict[str, Any] | None = None
    permission_set_refs: Patch[RefList] = None
    trace_tag_template: Patch[Template] = None
    sensor_worker_selector: dict[str, str] | None = None
    sensor_worker_tolerations: list[Kept[WorkerToleration]] | None = None
    sensor_worker_affinity: Kept[WorkerAffinity] | None = None
    tags: Tags | None = None


class RuleSummary(Read):
    """A rule in a list."""

    id: int
    ref: str
    pack_ref: str
    label: str
    description: str | None
    enabled: bool
    trigger_ref: str
    action_ref: str
    action_params: ObjectOrEmpty
    """Secret values are masked; a masked value that is sent back stays as it is."""
    trigger_params: ObjectOrEmpty
    permission_set_refs: list[str] | None
    trace_tag_template: str | None
    sensor_worker_selector: ObjectOrEmpty
    sensor_worker_tolerations: ListOrEmpty[dict[str, Any]]
    sensor_worker_affinity: ObjectOrEmpty
    last_error: str | None
    """Why it could last not be evaluated."""
    last_error_at: datetime | None
    tags: ListOrEmpty[str]
    created: datetime
    updated: datetime


class RuleResponse(RuleSummary):
    """A rule with everything it says about itself."""

    pack: int = Field(validation_alias="pack_id")
    trigger: int | None = Field(validation_alias="trigger_id")
    action: int | None = Field(validation_alias="action_id")
    owner_identity: int | None = Field(validation_alias="owner_identity_id")
    is_adhoc: bool
    condition: EnforcementCondition
    conditions: ShownConditions


class TestRuleRequest(Body):
    """The event to try a rule on: one on record, or a payload."""

    event_id: BodyId | None = None
    payload: Any = None
    trigger_ref: RefText | None = None
    """Of an imagined event; without it, the trigger of the rule."""

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        has_payload = "payload" in self.model_fields_set
        if (self.event_id is not None) == has_payload:
            raise ValueError("give either event_id or payload")
        if self.event_id is not None and self.trigger_ref is not None:
            raise ValueError("trigger_ref goes with a payload, an event has its own")
        return self

    def sample(self) -> Sample:
        """Return what the service is given."""
        return Sample(
            event_id=self.event_id,
            payload={} if self.payload is None else self.payload,
            trigger_ref=self.trigger_ref,
        )


class ConditionOutcome(Read):
    """What came of one condition."""

    condition: str
    """Its place and what it asks."""
    holds: bool | None
    """Null where it cannot be evaluated."""
    decided: bool
    """Whether it settled, alone or with others, what the conditions come to."""
    error: str | None


class RuleTrialResponse(Read):
    """What would come of offering an event to a rule."""

    rule_ref: str
    trigger_ref: str
    event: int | None
    would_match: bool
    """Whether the conditions hold and the parameters can be rendered."""
    would_execute: bool
    """Whether it would match, and no obstacle is in the way."""
    decided_by: str | None
    """The condition that settled it; null where all of them did."""
    error: str | None
    conditions: list[ConditionOutcome]
    """Every single one, in order, those included that the decision did not need."""
    action_ref: str | None
    action_params: dict[str, Any]
    """As the event fills them in; secret values are masked."""
    trace_tag: str | None
    obstacles: list[str]


def rule_summary(view: RuleView) -> RuleSummary:
    """Show one rule of a list."""
    shown = RuleSummary.model_validate(view.rule)
    shown.action_params = dict(view.action_params)
    shown.trigger_params = dict(view.trigger_params)
    return shown


def rule_response(view: RuleView) -> RuleResponse:
    """Show one rule."""
    shown = RuleResponse.model_validate(view.rule)
    shown.action_params = dict(view.action_params)
    shown.trigger_params = dict(view.trigger_params)
    return shown
