"""Workflows as clients write them and read them."""

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
    Timeout,
)
from attune.api.schemas.envelope import Body, Flag, ObjectOrEmpty, Omitted, Read
from attune.api.schemas.patch import Patch, Update
from attune.domain.pack import ReferenceVisibility
from attune.services.workflow.checking import Draft
from attune.services.workflow.definition import WorkflowView

Version = Annotated[str, Field(min_length=1, max_length=255, pattern=r"\S")]
"""What people call this state of the workflow; any text, best a semantic version."""


class _Writing(Creation):
    """What every new workflow says, whichever way it comes."""

    pack_ref: RefText
    label: Label
    version: Version
    definition: dict[str, Any]
    """`tasks`, and perhaps `vars`, `output_map` and `cancellation_policy`."""
    param_schema: dict[str, Any] | None = None
    out_schema: dict[str, Any] | None = None
    description: Description | None = None
    tags: Tags | None = None
    enabled: Flag | None = None
    timeout_seconds: Timeout | None = None
    default_execution_permission_set_refs: RefList | None = None
    reference_visibility: ReferenceVisibility | None = None
    reference_allowed_pack_refs: RefList | None = None


class CreateWorkflowRequest(_Writing):
    """A new workflow."""

    ref: RefText


class SaveWorkflowFileRequest(_Writing):
    """A workflow by its name within the pack."""

    name: RefText


class UpdateWorkflowRequest(Update):
    """Changes of a workflow."""

    label: Label | None = None
    version: Version | None = None
    definition: dict[str, Any] | None = None
    param_schema: dict[str, Any] | None = None
    out_schema: dict[str, Any] | None = None
    description: Patch[Description] = None
    tags: Tags | None = None
    enabled: Flag | None = None
    timeout_seconds: Patch[Timeout] = None
    default_execution_permission_set_refs: RefList | None = None
    reference_visibility: ReferenceVisibility | None = None
    reference_allowed_pack_refs: RefList | None = None


class ValidateWorkflowRequest(Body):
    """A workflow that is looked at and not stored."""

    pack_ref: RefText
    """What it could refer to if it were in this pack."""
    definition: dict[str, Any]
    param_schema: dict[str, Any] | None = None
    out_schema: dict[str, Any] | None = None
    ref: RefText | None = None
    """What it is to be called, if it starts itself."""

    def draft(self) -> Draft:
        """Return what the service checks."""
        return Draft(
            ref=self.ref,
            pack_ref=self.pack_ref,
            definition=self.definition,
            param_schema=self.param_schema or {},
            out_schema=self.out_schema or {},
        )


class WorkflowSummary(Read):
    """A workflow in a list."""

    id: int
    ref: str
    pack_ref: str
    label: str
    description: str | None
    version: str
    tags: list[str]
    created: datetime
    updated: datetime


class WorkflowResponse(WorkflowSummary):
    """A workflow with everything it says."""

    pack: int = Field(validation_alias="pack_id")
    is_adhoc: bool
    definition: ObjectOrEmpty
    param_schema: ObjectOrEmpty
    out_schema: ObjectOrEmpty
    warnings: Omitted[list[str]]
    """What is perhaps not as it was meant; told when it was written."""


class WorkflowFindings(Read):
    """What is wrong with a workflow, each with its place."""

    valid: bool
    problems: list[str]
    """Why it cannot be run."""
    warnings: list[str]
    """What runs, and is perhaps not what was meant."""


class WorkflowSyncResult(Read):
    """One workflow of a pack's files that was written."""

    ref_name: str
    created: bool
    workflow_def_id: int
    warnings: list[str]


class PackWorkflowSyncResponse(Read):
    """What became of the workflows in a pack's files."""

    pack_ref: str
    loaded_count: int
    registered_count: int
    workflows: list[WorkflowSyncResult]
    errors: list[str]


class PackWorkflowValidationResponse(Read):
    """What is wrong with the workflows of a pack, by their refs."""

    pack_ref: str
    validated_count: int
    error_count: int
    errors: dict[str, list[str]]


def workflow_response(view: WorkflowView) -> WorkflowResponse:
    """Compose what clients read of a workflow."""
    shown = WorkflowResponse.model_validate(view.workflow)
    return shown.model_copy(update={"warnings": view.warnings or None})
