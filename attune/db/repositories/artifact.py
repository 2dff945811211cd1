"""Artifacts and their versions."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select

from attune.db.models import Artifact, ArtifactVersion
from attune.db.repositories.base import Repository, equals, present
from attune.domain.artifact import (
    ArtifactClassification,
    ArtifactType,
    ArtifactVisibility,
)
from attune.domain.key import OwnerType
from attune.domain.page import PageRequest, PageResult


@dataclass(frozen=True, kw_only=True)
class ArtifactFilter:
    """Which artifacts are wanted; None means any."""

    q: str | None = None
    scope: OwnerType | None = None
    owner: str | None = None
    type: ArtifactType | None = None
    visibility: ArtifactVisibility | None = None
    execution_id: int | None = None


class ArtifactRepository(Repository[Artifact]):
    """The artifacts, newest first."""

    model = Artifact

    async def find_by_ref(
        self, ref: str, *, among: ColumnElement[bool] | None = None
    ) -> Artifact | None:
        """Return the artifact people made under this ref, or None."""
        query = select(Artifact).where(
            Artifact.ref == ref,
            Artifact.classification == ArtifactClassification.GENERAL,
        )
        return await self._one(query, among)

    async def get_by_ref(
        self, ref: str, *, among: ColumnElement[bool] | None = None
    ) -> Artifact:
        """Return the artifact people made under this ref, or raise NotFound."""
        return self._found(await self.find_by_ref(ref, among=among), ref)

    async def page(
        self,
        request: PageRequest,
        wanted: ArtifactFilter | None = None,
        *,
        among: ColumnElement[bool] | None = None,
    ) -> PageResult[Artifact]:
        """Return one page of what is wanted."""
        wanted = wanted or ArtifactFilter()
        return await self._page(request, present(*_conditions(wanted), among))


class ArtifactVersionRepository(Repository[ArtifactVersion]):
    """The versions of artifacts, newest first."""

    model = ArtifactVersion

    async def next_version(self, artifact_id: int) -> int:
        """Return the number of the next version; the artifact must be locked."""
        query = select(func.coalesce(func.max(ArtifactVersion.version), 0) + 1).where(
            ArtifactVersion.artifact_id == artifact_id
        )
        return (await self._session.execute(query)).scalar_one()

    async def find_by_artifact(self, artifact_id: int) -> Sequence[ArtifactVersion]:
        """Return the versions of an artifact, newest first."""
        query = select(ArtifactVersion).where(
            ArtifactVersion.artifact_id == artifact_id
        )
        return await self._all(query.order_by(ArtifactVersion.version.desc()))


def _conditions(wanted: ArtifactFilter) -> Sequence[ColumnElement[bool] | None]:
    made_by = select(ArtifactVersion.artifact_id).where(
        ArtifactVersion.execution_id == wanted.execution_id
    )
    return [
        Artifact.ref.icontains(wanted.q, autoescape=True) if wanted.q else None,
        equals(Artifact.scope, wanted.scope),
        equals(Artifact.owner, wanted.owner),
        equals(Artifact.type, wanted.type),
        equals(Artifact.visibility, wanted.visibility),
        None
        if wanted.execution_id is None
        else or_(
            Artifact.execution_id == wanted.execution_id, Artifact.id.in_(made_by)
        ),
    ]
