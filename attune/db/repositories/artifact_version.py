"""Versions of artifacts, and the files that remain of those that are gone."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, func, or_, select, text, update

from attune.db.models import (
    Artifact,
    ArtifactPiece,
    ArtifactRemoval,
    ArtifactVersion,
    Execution,
)
from attune.db.repositories.base import Repository
from attune.domain.artifact import ArtifactBodyState
from attune.domain.errors import NotFound
from attune.domain.execution import TERMINAL

# The newest stay, and what is still being written does not count.
_PRUNE = text("""
    DELETE FROM attune.artifact_version
    WHERE
        artifact = :artifact_id
        AND body_state IS DISTINCT FROM 'pending'
        AND version <= (
            SELECT version
            FROM attune.artifact_version
            WHERE artifact = :artifact_id AND body_state IS DISTINCT FROM 'pending'
            ORDER BY version DESC
            OFFSET :keep LIMIT 1
        )
""")

# Where time decides, a version goes when it is too old, and the newest ones stay.
_PRUNE_AGED = text("""
    DELETE FROM attune.artifact_version
    WHERE id IN (
        SELECT v.id
        FROM attune.artifact_version AS v
        JOIN attune.artifact AS a ON a.id = v.artifact
        WHERE v.created <= now() - a.retention_limit * CASE a.retention_policy
            WHEN 'days' THEN interval '1 day'
            WHEN 'hours' THEN interval '1 hour'
            WHEN 'minutes' THEN interval '1 minute'
        END
        ORDER BY v.id
        LIMIT :limit
        FOR UPDATE OF v SKIP LOCKED
    )
    RETURNING id
""")

# Removing waits for whoever allocates the same path anew, and the other way round.
_TAKE_REMOVALS = text("""
    DELETE FROM attune.artifact_removal
    WHERE id IN (
        SELECT id
        FROM attune.artifact_removal
        ORDER BY id
        LIMIT :limit
        FOR UPDATE SKIP LOCKED
    )
    RETURNING file_path
""")


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

    async def get_numbered(self, artifact_id: int, version: int) -> ArtifactVersion:
        """Return one version of an artifact, or raise NotFound."""
        query = select(ArtifactVersion).where(
            ArtifactVersion.artifact_id == artifact_id,
            ArtifactVersion.version == version,
        )
        found = await self._one(query, None)
        if found is None:
            raise NotFound(entity="artifact version", ref=version)
        return found

    async def get_latest(self, artifact_id: int) -> ArtifactVersion:
        """Return the newest version that is whole, else the newest; or NotFound."""
        is_pending = ArtifactVersion.body_state == ArtifactBodyState.PENDING
        query = (
            select(ArtifactVersion)
            .where(ArtifactVersion.artifact_id == artifact_id)
            .order_by(
                func.coalesce(is_pending, False),
                ArtifactVersion.version.desc(),
            )
            .limit(1)
        )
        found = await self._one(query, None)
        if found is None:
            raise NotFound(entity="artifact version", ref="latest")
        return found

    async def pieces(self, version_id: int) -> bytes:
        """Return what was written to the version piece by piece; empty for a file."""
        query = select(ArtifactPiece.content).where(
            ArtifactPiece.version_id == version_id
        )
        found = await self._session.scalars(query.order_by(ArtifactPiece.byte_offset))
        return b"".join(found)

    async def mark_ready(
        self, version: ArtifactVersion, size_bytes: int, sha256: str | None = None
    ) -> None:
        """Record that the content is whole, and how large."""
        version.body_state = ArtifactBodyState.READY
        version.size_bytes, version.sha256 = size_bytes, sha256
        await self._session.execute(
            update(ArtifactVersion)
            .where(ArtifactVersion.id == version.id)
            .values(
                body_state=ArtifactBodyState.READY,
                size_bytes=size_bytes,
                sha256=sha256,
            )
            .execution_options(synchronize_session=False)
        )
        await self._session.execute(
            update(Artifact)
            .where(Artifact.id == version.artifact_id)
            .values(size_bytes=size_bytes)
            .execution_options(synchronize_session=False)
        )

    async def prune(self, artifact_id: int, keep: int) -> None:
        """Remove all but the newest versions; their files are noted for removal."""
        values = {"artifact_id": artifact_id, "keep": keep}
        await self._session.execute(_PRUNE, values)

    async def prune_aged(self, limit: int) -> int:
        """Remove some versions whose time is over; returns how many."""
        rows = await self._session.execute(_PRUNE_AGED, {"limit": limit})
        return len(rows.all())

    async def pending_of(self, execution_id: int) -> Sequence[ArtifactVersion]:
        """Return the versions that an execution allocated and has yet to fill."""
        query = select(ArtifactVersion).where(
            ArtifactVersion.execution_id == execution_id,
            ArtifactVersion.body_state == ArtifactBodyState.PENDING,
        )
        return await self._all(query)

    async def lock_settled(
        self, abandoned: timedelta, limit: int
    ) -> Sequence[ArtifactVersion]:
        """Lock pending versions that nobody writes any more.

        Their execution has ended, or there is none and they are older than `abandoned`.
        """
        query = (
            select(ArtifactVersion)
            .outerjoin(Execution, Execution.id == ArtifactVersion.execution_id)
            .where(
                ArtifactVersion.body_state == ArtifactBodyState.PENDING,
                or_(
                    Execution.status.in_(sorted(TERMINAL)),
                    ArtifactVersion.execution_id.is_(None)
                    & (ArtifactVersion.created <= func.now() - abandoned),
                ),
            )
            .order_by(ArtifactVersion.id)
            .limit(limit)
            .with_for_update(of=ArtifactVersion, skip_locked=True)
        )
        return await self._all(query)

    async def reclaim(self, file_path: str) -> bool:
        """Tell whether a file of this path is left to be removed, and take that over."""
        query = (
            delete(ArtifactRemoval)
            .where(ArtifactRemoval.file_path == file_path)
            .returning(ArtifactRemoval.id)
        )
        return (await self._session.execute(query)).first() is not None

    async def take_removals(self, limit: int) -> Sequence[str]:
        """Take paths of files to remove; they come back unless this is committed."""
        rows = await self._session.execute(_TAKE_REMOVALS, {"limit": limit})
        return [row.file_path for row in rows]
