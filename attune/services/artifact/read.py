"""Look at artifacts and at their versions."""

from collections.abc import Sequence

from attune.artifacts.files import ArtifactFiles
from attune.db.database import Database
from attune.db.models import Artifact, ArtifactVersion
from attune.db.repositories.artifact import ArtifactFilter, visible_artifacts
from attune.db.repositories.execution import visible_executions
from attune.domain.page import PageRequest, PageResult
from attune.domain.permission import Caller
from attune.services.artifact.access import readable
from attune.services.artifact.settlement import settled

MOST_OF_EXECUTION = 1_000


class ArtifactReadService:
    """Artifacts as callers may see them."""

    def __init__(self, database: Database, files: ArtifactFiles) -> None:
        self._database = database
        self._files = files

    async def page(
        self, caller: Caller, request: PageRequest, wanted: ArtifactFilter
    ) -> PageResult[Artifact]:
        """Return one page of the artifacts that the caller sees, newest first."""
        async with self._database.autocommit() as tx:
            among = visible_artifacts(caller)
            return await tx.artifacts.page(request, wanted, among=among)

    async def of_execution(
        self, caller: Caller, execution_id: int
    ) -> Sequence[Artifact]:
        """Return what a visible execution made or added to, newest first."""
        async with self._database.autocommit() as tx:
            await tx.executions.get(execution_id, among=visible_executions(caller))
            return await tx.artifacts.of_execution(
                execution_id,
                among=visible_artifacts(caller),
                limit=MOST_OF_EXECUTION,
            )

    async def get(self, caller: Caller, artifact_id: int) -> Artifact:
        """Return the artifact, or raise NotFound."""
        async with self._database.autocommit() as tx:
            return await readable(tx, caller, artifact_id)

    async def get_by_ref(self, caller: Caller, ref: str) -> Artifact:
        """Return the artifact that people made under this ref, or raise NotFound."""
        async with self._database.autocommit() as tx:
            among = visible_artifacts(caller)
            return await tx.artifacts.get_by_ref(ref, among=among)

    async def versions(
        self, caller: Caller, artifact_id: int
    ) -> Sequence[ArtifactVersion]:
        """Return the versions of an artifact, newest first."""
        async with self._database.autocommit() as tx:
            await readable(tx, caller, artifact_id)
            found = await tx.artifact_versions.find_by_artifact(artifact_id)
            return [await settled(tx, self._files, version) for version in found]

    async def version(
        self, caller: Caller, artifact_id: int, number: int | None
    ) -> ArtifactVersion:
        """Return one version, or the newest for None; raises NotFound."""
        async with self._database.autocommit() as tx:
            await readable(tx, caller, artifact_id)
            if number is None:
                version = await tx.artifact_versions.get_latest(artifact_id)
            else:
                version = await tx.artifact_versions.get_numbered(artifact_id, number)
            return await settled(tx, self._files, version)

    async def pieces(self, version: ArtifactVersion) -> bytes:
        """Return the content of a version that is written piece by piece."""
        async with self._database.autocommit() as tx:
            return await tx.artifact_versions.pieces(version.id)
