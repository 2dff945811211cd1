"""Rules as clients write them and read them."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from attune.api.schemas.condition import ShownConditions
from attune.api.schemas.definition import (
    Creation,
    Description,
    Label,
    RefList,
    RefText,
    Tags,
)
from attune.api.schemas.envelope import ListOrEmpty, ObjectOrEmpty, Read
from attune.api.schemas.patch import Patch, Update
from attune.api.schemas.placement import Kept, WorkerAffinity, WorkerToleration
from attune.domain.enforcement import EnforcementCondition
from attune.services.rule_view import RuleView

Template = Annotated[str, Field(min_length=1, max_length=1024)]
Conditions = dict[str, Any] | list[Any]
"""An object with an expression, or a list."""


class CreateRuleRequest(Creation):
    """A new rule."""

    ref: RefText
    pack_ref: RefText
    label: Label
    description: Description | None = None
    enabled: bool | None = None
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
    enabled: bool | None = None
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


def rule_summary(view: RuleView) -> RuleSummary:
    """Show one rule of a list."""
    shown = RuleSummary.model_validate(view.rule)
    shown.action_params = dict(view.action_params)
    return shown


def rule_response(view: RuleView) -> RuleResponse:
    """Show one rule."""
    shown = RuleResponse.model_validate(view.rule)
    shown.action_params = dict(view.action_params)
    return shown
