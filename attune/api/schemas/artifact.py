"""Artifacts and their versions, as they are made, changed and shown."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field, ValidationError

from attune.api.parameters import MAX_REF_LENGTH, BodyId, QueryId
from attune.api.schemas.envelope import Body, Omitted, Read
from attune.api.schemas.patch import Patch, Update
from attune.db.repositories.artifact import ArtifactFilter
from attune.domain.artifact import (
    ArtifactBodyState,
    ArtifactClassification,
    ArtifactType,
    ArtifactVisibility,
    RetentionPolicyType,
)
from attune.domain.errors import InvalidInput
from attune.domain.key import OwnerType
from attune.services.artifact.version import VersionNote

LONGEST_TEXT = 10_000
Limit = Annotated[int, Field(ge=1, le=1_000_000, strict=True)]
Name = Annotated[str, Field(max_length=255)]
Text = Annotated[str, Field(max_length=LONGEST_TEXT)]
Owner = Annotated[str, Field(max_length=255)]
ContentType = Annotated[str, Field(max_length=160)]


class ArtifactQuery(Body):
    """Which artifacts are wanted."""

    scope: OwnerType | None = None
    owner: str | None = None
    type: ArtifactType | None = None
    visibility: ArtifactVisibility | None = None
    classification: ArtifactClassification | None = None
    name: str | None = None
    execution: QueryId = None

    def wanted(self, q: str | None) -> ArtifactFilter:
        """Return the filter that the query describes."""
        given = self.model_dump(exclude={"execution"})
        return ArtifactFilter(**given, execution_id=self.execution, q=q)


class CreateArtifactRequest(Body):
    """A new artifact."""

    ref: Annotated[str, Field(min_length=1, max_length=MAX_REF_LENGTH)]
    """Its name, in parts with dots between them."""
    scope: OwnerType
    """The kind of its owner."""
    owner: Owner = ""
    """The id of an identity, or the ref of a pack, an action or a sensor."""
    type: ArtifactType
    visibility: ArtifactVisibility | None = None
    """Private if not said, but public for progress."""
    retention_policy: RetentionPolicyType | None = None
    retention_limit: Limit | None = None
    name: Name | None = None
    description: Text | None = None
    content_type: ContentType | None = None
    data: Any = None


class UpdateArtifactRequest(Update):
    """What is to change of an artifact."""

    scope: OwnerType | None = None
    owner: Owner | None = None
    type: ArtifactType | None = None
    visibility: ArtifactVisibility | None = None
    retention_policy: RetentionPolicyType | None = None
    retention_limit: Limit | None = None
    name: Patch[Name] = None
    description: Patch[Text] = None
    content_type: Patch[ContentType] = None
    data: Patch[Any] = None


class SetDataRequest(Body):
    """What the artifact itself is to hold."""

    data: Any


class AppendProgressRequest(Body):
    """How far it has come."""

    entry: dict[str, Any]
    """Usually with `percent` and `message`."""


class _VersionRequest(Body):
    content_type: ContentType | None = None
    meta: dict[str, Any] | None = None
    created_by: Name | None = None
    execution: BodyId | None = None
    """The execution it belongs to; that of the token, where it has one."""

    def note(self) -> VersionNote:
        """Return what is said of the version beside its content."""
        return VersionNote(
            content_type=self.content_type,
            meta=self.meta,
            created_by=self.created_by,
            execution_id=self.execution,
        )


class CreateVersionJsonRequest(_VersionRequest):
    """A version that is a JSON value."""

    content: Any


class CreateFileVersionRequest(_VersionRequest):
    """A file that an action is going to write."""


class AllocateFileVersionByRefRequest(_VersionRequest):
    """A file of the artifact of a ref, which is made if it is missing."""

    scope: OwnerType | None = None
    owner: Owner | None = None
    type: ArtifactType | None = None
    visibility: ArtifactVisibility | None = None
    retention_policy: RetentionPolicyType | None = None
    retention_limit: Limit | None = None
    name: Name | None = None
    description: Text | None = None

    @classmethod
    def checked(cls, form: Mapping[str, Any]) -> Self:
        """Read the fields of a form; raises InvalidInput with each place."""
        try:
            return cls.model_validate(form)
        except ValidationError as error:
            problems = [f"{e['loc'][0]}: {e['msg']}" for e in error.errors()]
            raise InvalidInput("The form is not valid", problems=problems) from None

    def fields(self, ref: str) -> dict[str, Any]:
        """Return what is said of the artifact."""
        given = self.model_dump(include=ARTIFACT_FIELDS)
        return {**given, "ref": ref}


ARTIFACT_FIELDS = {
    "scope",
    "owner",
    "type",
    "visibility",
    "retention_policy",
    "retention_limit",
    "name",
    "description",
}


class ArtifactSummary(Read):
    """An artifact in a list."""

    id: int
    ref: str
    type: ArtifactType
    scope: OwnerType
    owner: str
    visibility: ArtifactVisibility
    classification: ArtifactClassification
    name: Omitted[str]
    content_type: Omitted[str]
    size_bytes: Omitted[int]
    execution: Annotated[
        int | None, Field(validation_alias="execution_id", default=None)
    ]
    created: datetime
    updated: datetime


class ArtifactResponse(ArtifactSummary):
    """An artifact, with what it holds itself."""

    description: Omitted[str]
    retention_policy: RetentionPolicyType
    retention_limit: int
    data: Any = None


class VersionSummary(Read):
    """A version in a list."""

    id: int
    artifact: Annotated[int, Field(validation_alias="artifact_id")]
    version: int
    content_type: Omitted[str]
    size_bytes: Omitted[int]
    created_by: Omitted[str]
    execution: Annotated[
        int | None, Field(validation_alias="execution_id", default=None)
    ]
    file_path: Omitted[str]
    """Below the artifacts directory."""
    sha256: Omitted[str]
    body_state: Omitted[ArtifactBodyState]
    created: datetime


class VersionResponse(VersionSummary):
    """A version, with its content if that is JSON."""

    content_json: Any = None
    meta: Any = None
