"""Actions as clients write them and read them."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from attune.api.schemas.definition import (
    Creation,
    Description,
    Label,
    RefList,
    RefText,
    RetentionLimit,
    RowId,
    Tags,
    Timeout,
)
from attune.api.schemas.envelope import Flag, ListOrEmpty, ObjectOrEmpty, Read
from attune.api.schemas.patch import Patch, Update
from attune.api.schemas.placement import Kept, WorkerAffinity, WorkerToleration
from attune.domain.action import (
    OnWorkerLoss,
    OutputFormat,
    ParameterDelivery,
    ParameterFormat,
)
from attune.domain.artifact import RetentionPolicyType
from attune.domain.pack import ReferenceVisibility

LONGEST_SOURCE = 256_000

Source = Annotated[str, Field(min_length=1, max_length=LONGEST_SOURCE)]
"""A file of the pack, or the code itself."""
Constraint = Annotated[str, Field(min_length=1, max_length=255)]
Attempts = Annotated[int, Field(ge=1, le=100, strict=True)]


class CreateActionRequest(Creation):
    """A new action."""

    ref: RefText
    pack_ref: RefText
    label: Label
    description: Description | None = None
    entrypoint: Source
    runtime: RowId | None = None
    runtime_ref: RefText | None = None
    runtime_version_constraint: Constraint | None = None
    required_worker_runtimes: dict[str, str] | None = None
    param_schema: dict[str, Any] | None = None
    out_schema: dict[str, Any] | None = None
    parameter_delivery: ParameterDelivery | None = None
    parameter_format: ParameterFormat | None = None
    output_format: OutputFormat | None = None
    timeout_seconds: Timeout | None = None
    on_worker_loss: OnWorkerLoss | None = None
    max_attempts: Attempts | None = None
    enabled: Flag | None = None
    accesses_mcp: Flag | None = None
    default_execution_permission_set_refs: RefList | None = None
    reference_visibility: ReferenceVisibility | None = None
    reference_allowed_pack_refs: RefList | None = None
    worker_selector: dict[str, str] | None = None
    worker_tolerations: list[Kept[WorkerToleration]] | None = None
    worker_affinity: Kept[WorkerAffinity] | None = None
    log_retention_policy: RetentionPolicyType | None = None
    log_retention_limit: RetentionLimit | None = None
    artifact_retention_policy: RetentionPolicyType | None = None
    artifact_retention_limit: RetentionLimit | None = None
    tags: Tags | None = None


class UpdateActionRequest(Update):
    """Changes of an action."""

    label: Label | None = None
    description: Patch[Description] = None
    entrypoint: Source | None = None
    runtime: RowId | None = None
    runtime_ref: RefText | None = None
    runtime_version_constraint: Patch[Constraint] = None
    required_worker_runtimes: dict[str, str] | None = None
    param_schema: dict[str, Any] | None = None
    out_schema: dict[str, Any] | None = None
    parameter_delivery: ParameterDelivery | None = None
    parameter_format: ParameterFormat | None = None
    output_format: OutputFormat | None = None
    timeout_seconds: Patch[Timeout] = None
    on_worker_loss: OnWorkerLoss | None = None
    max_attempts: Attempts | None = None
    enabled: Flag | None = None
    accesses_mcp: Flag | None = None
    default_execution_permission_set_refs: RefList | None = None
    reference_visibility: ReferenceVisibility | None = None
    reference_allowed_pack_refs: RefList | None = None
    worker_selector: dict[str, str] | None = None
    worker_tolerations: list[Kept[WorkerToleration]] | None = None
    worker_affinity: Kept[WorkerAffinity] | None = None
    log_retention_policy: Patch[RetentionPolicyType] = None
    log_retention_limit: Patch[RetentionLimit] = None
    artifact_retention_policy: Patch[RetentionPolicyType] = None
    artifact_retention_limit: Patch[RetentionLimit] = None
    tags: Tags | None = None


class ActionSummary(Read):
    """An action in a list."""

    id: int
    ref: str
    pack_ref: str
    label: str
    description: str | None
    entrypoint: str
    enabled: bool
    runtime: int | None = Field(validation_alias="runtime_id")
    runtime_ref: str | None
    runtime_version_constraint: str | None
    required_worker_runtimes: ObjectOrEmpty
    workflow_def: int | None = Field(validation_alias="workflow_def_id")
    timeout_seconds: int | None
    accesses_mcp: bool
    default_execution_permission_set_refs: ListOrEmpty[str]
    reference_visibility: ReferenceVisibility
    reference_allowed_pack_refs: ListOrEmpty[str]
    worker_selector: ObjectOrEmpty
    worker_tolerations: ListOrEmpty[dict[str, Any]]
    worker_affinity: ObjectOrEmpty
    log_retention_policy: RetentionPolicyType | None
    log_retention_limit: int | None
    artifact_retention_policy: RetentionPolicyType | None
    artifact_retention_limit: int | None
    tags: ListOrEmpty[str]
    created: datetime
    updated: datetime


class ActionResponse(ActionSummary):
    """An action with everything it says about itself."""

    pack: int = Field(validation_alias="pack_id")
    is_adhoc: bool
    param_schema: ObjectOrEmpty
    out_schema: ObjectOrEmpty
    parameter_delivery: ParameterDelivery
    parameter_format: ParameterFormat
    output_format: OutputFormat
    on_worker_loss: OnWorkerLoss
    max_attempts: int


class ActionSearchHit(Read):
    """What is needed to choose an action, and no more."""

    ref: str
    pack_ref: str
    label: str
    description: str | None
    runtime_ref: str | None
    is_workflow: Annotated[bool, BeforeValidator(lambda value: value is not None)] = (
        Field(validation_alias="workflow_def_id")
    )
    accesses_mcp: bool
    reference_visibility: ReferenceVisibility
