"""Artifacts: listed, made, changed, filled, removed."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Query, Request
from starlette.responses import Response

from attune.api.access import requires
from attune.api.dependencies import ArtifactReading, ArtifactStreams, ArtifactWriting
from attune.api.event_stream import EVENTS, piece_frame, stream
from attune.api.parameters import Count, Id, RefPath, Search, ShortPaging
from attune.api.routing import Router
from attune.api.schemas.artifact import (
    AppendProgressRequest,
    ArtifactQuery,
    ArtifactResponse,
    ArtifactSummary,
    CreateArtifactRequest,
    SetDataRequest,
    UpdateArtifactRequest,
)
from attune.api.schemas.envelope import Data, Success, data, listed, success
from attune.api.schemas.page import Page, page
from attune.domain.permission import Action, Caller, Resource

router = Router(prefix="/api/v1", tags=["artifacts"])

Reader = Annotated[Caller, requires(Resource.ARTIFACTS, Action.READ)]
Creator = Annotated[Caller, requires(Resource.ARTIFACTS, Action.CREATE)]
Updater = Annotated[Caller, requires(Resource.ARTIFACTS, Action.UPDATE)]
Remover = Annotated[Caller, requires(Resource.ARTIFACTS, Action.DELETE)]


@router.get("/artifacts", response_model=Page[ArtifactSummary])
async def list_artifacts(
    caller: Reader,
    artifacts: ArtifactReading,
    paging: ShortPaging,
    query: Annotated[ArtifactQuery, Query()],
    q: Search = None,
) -> Any:
    """List artifacts, newest first."""
    return page(await artifacts.page(caller, paging, query.wanted(q)))


@router.post(
    "/artifacts", status_code=HTTPStatus.CREATED, response_model=Data[ArtifactResponse]
)
async def create_artifact(
    body: CreateArtifactRequest, caller: Creator, artifacts: ArtifactWriting
) -> Any:
    """Make an artifact, for the versions to come or to hold data itself."""
    made = await artifacts.create(caller, body.model_dump())
    return data(made, "Artifact created")


@router.get("/artifacts/ref/{ref}", response_model=Data[ArtifactResponse])
async def get_artifact_by_ref(
    ref: RefPath, caller: Reader, artifacts: ArtifactReading
) -> Any:
    """Get the artifact of this ref."""
    return data(await artifacts.get_by_ref(caller, ref))


@router.get("/artifacts/{artifact_id}", response_model=Data[ArtifactResponse])
async def get_artifact(
    artifact_id: Id, caller: Reader, artifacts: ArtifactReading
) -> Any:
    """Get one artifact."""
    return data(await artifacts.get(caller, artifact_id))


@router.put("/artifacts/{artifact_id}", response_model=Data[ArtifactResponse])
async def update_artifact(
    artifact_id: Id,
    body: UpdateArtifactRequest,
    caller: Updater,
    artifacts: ArtifactWriting,
) -> Any:
    """Change what is given of an artifact."""
    changed = await artifacts.update(caller, artifact_id, body.changes())
    return data(changed, "Artifact updated")


@router.delete("/artifacts/{artifact_id}", response_model=Success)
async def delete_artifact(
    artifact_id: Id, caller: Remover, artifacts: ArtifactWriting
) -> Any:
    """Remove an artifact with all its versions."""
    await artifacts.delete(caller, artifact_id)
    return success(f"Artifact {artifact_id} deleted")


@router.put("/artifacts/{artifact_id}/data", response_model=Data[ArtifactResponse])
async def set_artifact_data(
    artifact_id: Id, body: SetDataRequest, caller: Updater, artifacts: ArtifactWriting
) -> Any:
    """Replace what an artifact holds itself."""
    return data(await artifacts.set_data(caller, artifact_id, body.data))


@router.post("/artifacts/{artifact_id}/progress", response_model=Data[ArtifactResponse])
async def append_progress(
    artifact_id: Id,
    body: AppendProgressRequest,
    caller: Updater,
    artifacts: ArtifactWriting,
) -> Any:
    """Say how far it has come; the newest thousand entries are kept."""
    return data(await artifacts.append_progress(caller, artifact_id, body.entry))


@router.get(
    "/artifacts/{artifact_id}/stream", responses=EVENTS, response_class=Response
)
async def stream_artifact(
    request: Request,
    artifact_id: Id,
    caller: Reader,
    streams: ArtifactStreams,
    offset: Annotated[Count, Query()] = None,
) -> Response:
    """Stream text or progress as server-sent events while it grows."""
    opening = streams.following(caller, artifact_id, offset or 0)
    return await stream(request, opening, piece_frame)


@router.get(
    "/executions/{execution_id}/artifacts", response_model=Data[list[ArtifactSummary]]
)
async def list_artifacts_by_execution(
    execution_id: Id, caller: Reader, artifacts: ArtifactReading
) -> Any:
    """List what an execution has left behind."""
    return listed(await artifacts.of_execution(caller, execution_id))
