"""The logs of sensors: artifacts whose versions are segments, written piece by piece."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from attune.domain.artifact import RetentionPolicyType

# Only the generation that may live writes, and one piece after the other.
_LOCK: Final = text("""
    SELECT
        CASE :stream WHEN 'stdout' THEN sp.stdout_taken ELSE sp.stderr_taken END
            AS taken,
        s.log_retention_policy::text AS policy, s.log_retention_limit AS retained
    FROM attune.sensor_process AS sp
    JOIN attune.sensor AS s ON s.ref = sp.sensor_ref
    WHERE
        sp.sensor_ref = :ref AND sp.generation = :generation
        AND sp.state IN ('running', 'stopping')
    FOR UPDATE OF sp
""")

_TAKE: Final = text("""
    UPDATE attune.sensor_process
    SET
        stdout_taken = CASE :stream WHEN 'stdout' THEN :taken ELSE stdout_taken END,
        stderr_taken = CASE :stream WHEN 'stderr' THEN :taken ELSE stderr_taken END
    WHERE sensor_ref = :ref
""")

_ARTIFACT: Final = text("""
    SELECT id
    FROM attune.artifact
    WHERE
        ref = :artifact_ref AND scope = 'sensor' AND owner = :ref
        AND classification = 'runtime_log'
    ORDER BY id
    LIMIT 1
""")

_ADD_ARTIFACT: Final = text("""
    INSERT INTO attune.artifact (
        ref, scope, owner, type, classification, retention_policy, retention_limit,
        content_type
    )
    VALUES (
        :artifact_ref, 'sensor', :ref, 'file_text', 'runtime_log', 'versions', :kept,
        'text/plain; charset=utf-8'
    )
    RETURNING id
""")

_LAST_SEGMENT: Final = text("""
    SELECT id, version, size_bytes, (meta ->> 'start')::bigint AS start
    FROM attune.artifact_version
    WHERE artifact = :artifact_id
    ORDER BY version DESC
    LIMIT 1
""")

_ADD_SEGMENT: Final = text("""
    INSERT INTO attune.artifact_version (
        artifact, version, content_type, size_bytes, meta, created_by
    )
    VALUES (
        :artifact_id, :version, 'text/plain; charset=utf-8', 0,
        jsonb_build_object('start', CAST(:start AS bigint)), :ref
    )
    RETURNING id
""")

_ADD_PIECE: Final = text("""
    WITH grown AS (
        UPDATE attune.artifact_version
        SET size_bytes = size_bytes + octet_length(CAST(:content AS bytea))
        WHERE id = :segment_id
        RETURNING id, size_bytes - octet_length(CAST(:content AS bytea)) AS byte_offset
    )
    INSERT INTO attune.artifact_piece (artifact_version, byte_offset, content)
    SELECT id, byte_offset, :content FROM grown
""")

_REMOVE_OLD: Final = text("""
    DELETE FROM attune.artifact_version
    WHERE
        artifact = :artifact_id
        AND version < :newest
        AND (
            version <= :newest - CAST(:kept AS bigint)
            OR created < now() - CAST(:age AS interval)
        )
""")

_EXTENT: Final = text("""
    SELECT
        a.ref, count(*) AS segment_count, max(a.updated) AS updated,
        min((v.meta ->> 'start')::bigint) AS start,
        max((v.meta ->> 'start')::bigint + v.size_bytes) AS "end"
    FROM attune.artifact AS a
    JOIN attune.artifact_version AS v ON v.artifact = a.id
    WHERE
        a.ref = :artifact_ref AND a.scope = 'sensor' AND a.owner = :ref
        AND a.classification = 'runtime_log'
    GROUP BY a.id, a.ref
""")

_READ: Final = text("""
    SELECT (v.meta ->> 'start')::bigint + p.byte_offset AS start, p.content
    FROM attune.artifact AS a
    JOIN attune.artifact_version AS v ON v.artifact = a.id
    JOIN attune.artifact_piece AS p ON p.artifact_version = v.id
    WHERE
        a.ref = :artifact_ref AND a.scope = 'sensor' AND a.owner = :ref
        AND a.classification = 'runtime_log'
        AND (v.meta ->> 'start')::bigint + v.size_bytes > :offset
        AND (v.meta ->> 'start')::bigint < :end
        AND (v.meta ->> 'start')::bigint + p.byte_offset + octet_length(p.content)
            > :offset
        AND (v.meta ->> 'start')::bigint + p.byte_offset < :end
    ORDER BY v.version, p.byte_offset
""")


@dataclass(frozen=True, kw_only=True)
class LogWriter:
    """A stream of a living process under lock."""

    taken: int
    """How much of what this generation wrote is kept."""
    policy: RetentionPolicyType | None
    retained: int | None


@dataclass(frozen=True, kw_only=True)
class Segment:
    """The segment that is written to."""

    id: int
    version: int
    size_bytes: int
    start: int
    """Where it begins in all that the sensor ever wrote."""

    @property
    def end(self) -> int:
        """Where the next one begins."""
        return self.start + self.size_bytes


@dataclass(frozen=True, kw_only=True)
class LogExtent:
    """How much of a stream is kept, as places in all that the sensor ever wrote."""

    segment_count: int = 0
    start: int = 0
    end: int = 0
    updated: datetime | None = None


class SensorLogRepository:
    """What sensors wrote, as far as it is kept."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock(self, ref: str, generation: int, stream: str) -> LogWriter | None:
        """Lock the stream for writing; None for a generation that is over."""
        values = {"ref": ref, "generation": generation, "stream": stream}
        row = (await self._session.execute(_LOCK, values)).one_or_none()
        if row is None:
            return None
        policy = RetentionPolicyType(row.policy) if row.policy else None
        return LogWriter(taken=row.taken, policy=policy, retained=row.retained)

    async def note_taken(self, ref: str, stream: str, taken: int) -> None:
        """Note how much of what the generation wrote is kept now."""
        values = {"ref": ref, "stream": stream, "taken": taken}
        await self._session.execute(_TAKE, values)

    async def artifact_id(self, ref: str, artifact_ref: str, kept: int) -> int:
        """Return the artifact of a stream, made when it is missing."""
        values = {"ref": ref, "artifact_ref": artifact_ref, "kept": kept}
        found: int | None = await self._session.scalar(_ARTIFACT, values)
        if found is not None:
            return found
        made: int = (await self._session.execute(_ADD_ARTIFACT, values)).scalar_one()
        return made

    async def last_segment(self, artifact_id: int) -> Segment | None:
        """Return the segment that was written to last."""
        values = {"artifact_id": artifact_id}
        row = (await self._session.execute(_LAST_SEGMENT, values)).one_or_none()
        return None if row is None else Segment(**row._asdict())

    async def add_segment(
        self, ref: str, artifact_id: int, last: Segment | None
    ) -> Segment:
        """Begin the next segment."""
        version, start = (1, 0) if last is None else (last.version + 1, last.end)
        values = {
            "ref": ref,
            "artifact_id": artifact_id,
            "version": version,
            "start": start,
        }
        made: int = (await self._session.execute(_ADD_SEGMENT, values)).scalar_one()
        return Segment(id=made, version=version, size_bytes=0, start=start)

    async def remove_old(
        self,
        artifact_id: int,
        newest: Segment,
        *,
        kept: int | None,
        age: timedelta | None,
    ) -> None:
        """Remove segments beyond their number or their age."""
        values: Mapping[str, Any] = {
            "artifact_id": artifact_id,
            "newest": newest.version,
            "kept": kept,
            "age": age,
        }
        await self._session.execute(_REMOVE_OLD, values)

    async def add_piece(self, segment: Segment, content: bytes) -> None:
        """Append to the segment."""
        values = {"segment_id": segment.id, "content": content}
        await self._session.execute(_ADD_PIECE, values)

    async def extent(self, ref: str, artifact_ref: str) -> LogExtent:
        """Return how much of a stream is kept."""
        values = {"ref": ref, "artifact_ref": artifact_ref}
        row = (await self._session.execute(_EXTENT, values)).one_or_none()
        if row is None:
            return LogExtent()
        return LogExtent(
            segment_count=row.segment_count,
            start=row.start,
            end=row.end,
            updated=row.updated,
        )

    async def read(self, ref: str, artifact_ref: str, start: int, end: int) -> bytes:
        """Return what is kept of these bytes of all that the sensor ever wrote."""
        values = {"ref": ref, "artifact_ref": artifact_ref, "offset": start, "end": end}
        rows = await self._session.execute(_READ, values)
        return b"".join(
            row.content[max(0, start - row.start) : end - row.start] for row in rows
        )
