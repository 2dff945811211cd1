"""Versions of artifacts: listed, added, uploaded, downloaded, removed."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import File, Form, Header, Response, UploadFile

from attune.api.access import requires
from attune.api.byte_stream import answer
from attune.api.dependencies import ArtifactContents, ArtifactReading, ArtifactVersions
from attune.api.limits import BodySize
from attune.api.parameters import MAX_ID, Id, RefPath
from attune.api.routing import Router, allow
from attune.api.schemas.artifact import (
    AllocateFileVersionByRefRequest,
    CreateFileVersionRequest,
    CreateVersionJsonRequest,
    VersionResponse,
    VersionSummary,
)
from attune.api.schemas.envelope import Data, Success, data, listed, success
from attune.domain.errors import InvalidInput
from attune.domain.json import parse_json
from attune.domain.permission import Action, Caller, Resource
from attune.services.artifact.version import VersionNote

router = Router(prefix="/api/v1/artifacts", tags=["artifacts"])

Reader = Annotated[Caller, requires(Resource.ARTIFACTS, Action.READ)]
Creator = Annotated[Caller, requires(Resource.ARTIFACTS, Action.CREATE)]
Updater = Annotated[Caller, requires(Resource.ARTIFACTS, Action.UPDATE)]
Remover = Annotated[Caller, requires(Resource.ARTIFACTS, Action.DELETE)]
Field = Annotated[str | None, Form(max_length=10_000)]
Range = Annotated[str | None, Header(alias="range", max_length=200)]
RAW: dict[int | str, dict[str, Any]] = {
    200: {"content": {"*/*": {}}, "description": "The bytes"},
    206: {"content": {"*/*": {}}, "description": "Some of them"},
    416: {"description": "None of the wanted bytes exists"},
}


@router.post(
    "/ref/{ref}/versions/file",
    status_code=HTTPStatus.CREATED,
    response_model=Data[VersionResponse],
)
async def allocate_file_version_by_ref(
    ref: RefPath,
    body: AllocateFileVersionByRefRequest,
    caller: Creator,
    versions: ArtifactVersions,
) -> Any:
    """Name a file for an action to write; the artifact is made if it is missing."""
    made = await versions.allocate_by_ref(caller, body.fields(ref), body.note())
    return data(made, "File allocated")


@router.post(
    "/ref/{ref}/versions/upload",
    status_code=HTTPStatus.CREATED,
    response_model=Data[VersionResponse],
)
@allow(body=BodySize.ARTIFACT)
async def upload_version_by_ref(  # noqa: PLR0917 - a form has the fields it has
    ref: RefPath,
    file: Annotated[UploadFile, File()],
    caller: Creator,
    versions: ArtifactVersions,
    content_type: Field = None,
    created_by: Field = None,
    description: Field = None,
    execution: Field = None,
    meta: Field = None,
    name: Field = None,
    owner: Field = None,
    retention_limit: Field = None,
    retention_policy: Field = None,
    scope: Field = None,
    type: Field = None,  # noqa: A002 - the contract's name
    visibility: Field = None,
) -> Any:
    """Upload a version; the artifact is made if it is missing."""
    form = {
        "content_type": content_type or file.content_type,
        "created_by": created_by,
        "description": description,
        "execution": _number(execution, "execution"),
        "meta": _object(meta),
        "name": name,
        "owner": owner,
        "retention_limit": _number(retention_limit, "retention_limit"),
        "retention_policy": retention_policy,
        "scope": scope,
        "type": type,
        "visibility": visibility,
    }
    given = {key: value for key, value in form.items() if value not in (None, "")}
    said = AllocateFileVersionByRefRequest.checked(given)
    made = await versions.upload_by_ref(
        caller, said.fields(ref), file.file, said.note()
    )
    return data(made, "Version uploaded")


@router.get("/{artifact_id}/download", responses=RAW, response_class=Response)
@allow(slow=True)
async def download_latest(
    artifact_id: Id,
    caller: Reader,
    contents: ArtifactContents,
    wanted: Range = None,
) -> Response:
    """Download the newest version, or some bytes of it."""
    return answer(await contents.open(caller, artifact_id, None), wanted)


@router.get("/{artifact_id}/versions", response_model=Data[list[VersionSummary]])
async def list_versions(
    artifact_id: Id, caller: Reader, artifacts: ArtifactReading
) -> Any:
    """List the versions of an artifact, newest first."""
    return listed(await artifacts.versions(caller, artifact_id))


@router.post(
    "/{artifact_id}/versions",
    status_code=HTTPStatus.CREATED,
    response_model=Data[VersionResponse],
)
async def create_version_json(
    artifact_id: Id,
    body: CreateVersionJsonRequest,
    caller: Updater,
    versions: ArtifactVersions,
) -> Any:
    """Add a version that is a JSON value."""
    made = await versions.add_json(caller, artifact_id, body.content, body.note())
    return data(made, "Version created")


@router.post(
    "/{artifact_id}/versions/file",
    status_code=HTTPStatus.CREATED,
    response_model=Data[VersionResponse],
)
async def create_version_file(
    artifact_id: Id,
    body: CreateFileVersionRequest,
    caller: Updater,
    versions: ArtifactVersions,
) -> Any:
    """Name a file that an action then writes below its artifacts directory."""
    made = await versions.allocate(caller, artifact_id, body.note())
    return data(made, "File allocated")


@router.get("/{artifact_id}/versions/latest", response_model=Data[VersionResponse])
async def get_latest_version(
    artifact_id: Id, caller: Reader, artifacts: ArtifactReading
) -> Any:
    """Get the newest version."""
    return data(await artifacts.version(caller, artifact_id, None))


@router.post(
    "/{artifact_id}/versions/upload",
    status_code=HTTPStatus.CREATED,
    response_model=Data[VersionResponse],
)
@allow(body=BodySize.ARTIFACT)
async def upload_version(  # noqa: PLR0917 - a form has the fields it has
    artifact_id: Id,
    file: Annotated[UploadFile, File()],
    caller: Updater,
    versions: ArtifactVersions,
    content_type: Field = None,
    created_by: Field = None,
    meta: Field = None,
) -> Any:
    """Upload a file as a new version."""
    note = VersionNote(
        content_type=content_type or file.content_type,
        created_by=created_by,
        meta=_object(meta),
    )
    made = await versions.upload(caller, artifact_id, file.file, note)
    return data(made, "Version uploaded")


@router.get("/{artifact_id}/versions/{version}", response_model=Data[VersionResponse])
async def get_version(
    artifact_id: Id, version: Id, caller: Reader, artifacts: ArtifactReading
) -> Any:
    """Get one version."""
    return data(await artifacts.version(caller, artifact_id, version))


@router.delete("/{artifact_id}/versions/{version}", response_model=Success)
async def delete_version(
    artifact_id: Id, version: Id, caller: Remover, versions: ArtifactVersions
) -> Any:
    """Remove one version."""
    await versions.delete(caller, artifact_id, version)
    return success(f"Version {version} deleted")


@router.get(
    "/{artifact_id}/versions/{version}/download", responses=RAW, response_class=Response
)
@allow(slow=True)
async def download_version(
    artifact_id: Id,
    version: Id,
    caller: Reader,
    contents: ArtifactContents,
    wanted: Range = None,
) -> Response:
    """Download one version, or some bytes of it."""
    return answer(await contents.open(caller, artifact_id, version), wanted)


def _number(text: str | None, name: str) -> int | None:
    if not text:
        return None
    digits = text.isascii() and text.isdigit() and len(text) <= len(str(MAX_ID))
    if not digits or int(text) > MAX_ID:
        raise InvalidInput(f"{name}: must be a whole number")
    return int(text)


def _object(text: str | None) -> dict[str, Any] | None:
    if not text:
        return None
    value = parse_json(text.encode(errors="replace"))
    if not isinstance(value, dict):
        raise InvalidInput("meta: must be a JSON object")
    return value
