"""Workflows: listed, checked, made, changed, removed, each with the action of its ref."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Query

from attune.api.access import requires
from attune.api.dependencies import PackWorkflows, Workflows
from attune.api.parameters import Paging, RefPath, Search
from attune.api.routing import Router
from attune.api.schemas.envelope import Data, Success, data, success
from attune.api.schemas.page import Page, page
from attune.api.schemas.workflow import (
    CreateWorkflowRequest,
    PackWorkflowSyncResponse,
    PackWorkflowValidationResponse,
    SaveWorkflowFileRequest,
    UpdateWorkflowRequest,
    ValidateWorkflowRequest,
    WorkflowFindings,
    WorkflowResponse,
    WorkflowSummary,
    workflow_response,
)
from attune.domain.permission import Action, Caller, Resource

router = Router(prefix="/api/v1", tags=["workflows"])

Reader = Annotated[Caller, requires(Resource.ACTIONS, Action.READ)]
Creator = Annotated[Caller, requires(Resource.ACTIONS, Action.CREATE)]
Editor = Annotated[Caller, requires(Resource.ACTIONS, Action.UPDATE)]
Remover = Annotated[Caller, requires(Resource.ACTIONS, Action.DELETE)]
Text = Annotated[str | None, Query(max_length=255)]
Words = Annotated[str | None, Query(max_length=4096)]


@router.get("/workflows", response_model=Page[WorkflowSummary])
async def list_workflows(
    caller: Reader,
    workflows: Workflows,
    paging: Paging,
    *,
    search: Text = None,
    q: Search = None,
    tags: Words = None,
    pack_ref: Text = None,
) -> Any:
    """List workflows by ref; of several tags, between commas, one is enough."""
    found = await workflows.page(
        caller, paging, q=search or q, pack_ref=pack_ref, tags=_split(tags)
    )
    return page(found)


@router.post(
    "/workflows", status_code=HTTPStatus.CREATED, response_model=Data[WorkflowResponse]
)
async def create_workflow(
    body: CreateWorkflowRequest, caller: Creator, workflows: Workflows
) -> Any:
    """Make a workflow and the action that runs it; every problem is told at once."""
    view = await workflows.create(caller, body.given())
    return data(workflow_response(view), "Workflow created")


@router.post("/workflows/validate", response_model=Data[WorkflowFindings])
async def validate_workflow(
    body: ValidateWorkflowRequest, caller: Reader, workflows: Workflows
) -> Any:
    """Tell everything that is wrong with a workflow; nothing is stored."""
    found = await workflows.validate(caller, body.draft())
    return data(
        WorkflowFindings(
            valid=not found.problems, problems=found.problems, warnings=found.warnings
        )
    )


@router.get("/workflows/{ref}", response_model=Data[WorkflowResponse])
async def get_workflow(ref: RefPath, caller: Reader, workflows: Workflows) -> Any:
    """Get one workflow."""
    return data(workflow_response(await workflows.get(caller, ref)))


@router.put("/workflows/{ref}", response_model=Data[WorkflowResponse])
async def update_workflow(
    ref: RefPath, body: UpdateWorkflowRequest, caller: Editor, workflows: Workflows
) -> Any:
    """Change what is given of a workflow; what runs already goes on as it was."""
    view = await workflows.update(caller, ref, body.changes())
    return data(workflow_response(view), "Workflow updated")


@router.delete("/workflows/{ref}", response_model=Success)
async def delete_workflow(ref: RefPath, caller: Remover, workflows: Workflows) -> Any:
    """Remove a workflow and its action; its executions stay."""
    await workflows.delete(caller, ref)
    return success(f"Workflow '{ref}' deleted")


@router.put("/workflows/{ref}/file", response_model=Data[WorkflowResponse])
async def update_workflow_file(
    ref: RefPath, body: SaveWorkflowFileRequest, caller: Editor, workflows: Workflows
) -> Any:
    """Change a workflow as above; the files of a pack are never changed."""
    view = await workflows.save(caller, ref, body.given())
    return data(workflow_response(view), "Workflow updated")


@router.get("/packs/{pack_ref}/workflows", response_model=Page[WorkflowSummary])
async def list_workflows_by_pack(
    pack_ref: RefPath, caller: Reader, workflows: Workflows, paging: Paging
) -> Any:
    """List the workflows of a pack."""
    return page(await workflows.page_of_pack(caller, paging, pack_ref))


@router.post(
    "/packs/{pack_ref}/workflow-files",
    status_code=HTTPStatus.CREATED,
    response_model=Data[WorkflowResponse],
)
async def save_workflow_file(
    pack_ref: RefPath,
    body: SaveWorkflowFileRequest,
    caller: Creator,
    workflows: Workflows,
) -> Any:
    """Make a workflow by its name.

    No file is written: the files of a pack are what was uploaded, named by their hash.
    It is kept beside them and stays when the pack is installed again.
    """
    view = await workflows.create_named(caller, pack_ref, body.given())
    return data(workflow_response(view), "Workflow created")


@router.post(
    "/packs/{ref}/workflows/sync", response_model=Data[PackWorkflowSyncResponse]
)
async def sync_pack_workflows(
    ref: RefPath, caller: Editor, pack_workflows: PackWorkflows
) -> Any:
    """Make the workflows of a pack's files again what the files say."""
    return data(await pack_workflows.sync(caller, ref))


@router.post(
    "/packs/{ref}/workflows/validate",
    response_model=Data[PackWorkflowValidationResponse],
)
async def validate_pack_workflows(
    ref: RefPath, caller: Reader, pack_workflows: PackWorkflows
) -> Any:
    """Tell everything that is wrong with the workflows of a pack."""
    return data(await pack_workflows.validate(caller, ref))


def _split(words: str | None) -> frozenset[str] | None:
    """Read words between commas; without one, any will do."""
    found = frozenset(word.strip() for word in (words or "").split(",") if word.strip())
    return found or None
