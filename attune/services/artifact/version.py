"""Add versions to artifacts: JSON, uploaded files, and files that actions write."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from attune.artifacts.files import ArtifactFiles
from attune.db.database import Database, Transaction
from attune.db.models import Artifact, ArtifactVersion
from attune.db.repositories.artifact import visible_artifacts
from attune.db.repositories.execution import visible_executions
from attune.domain.artifact import (
    DEFAULT_RETENTION_BY_REF,
    ArtifactBodyState,
    ArtifactType,
    RetentionPolicyType,
    check_content_type,
    file_path,
    guess_type,
)
from attune.domain.errors import Conflict, NotFound
from attune.domain.json import Json
from attune.domain.key import OwnerType
from attune.domain.permission import Action, Caller
from attune.services.artifact.access import changeable, check_may_create
from attune.services.artifact.masked_file import MaskedFile
from attune.services.artifact.write import new_artifact
from attune.services.masks import Masks

_IS_TEXT = frozenset({ArtifactType.FILE_TEXT, ArtifactType.FILE_DATATABLE})


@dataclass(frozen=True, kw_only=True)
class VersionNote:
    """What is said of a version beside its content."""

    content_type: str | None = None
    meta: Mapping[str, Any] | None = None
    created_by: str | None = None
    execution_id: int | None = None


class VersionService:
    """Versions; each number is given once, and none is seen before it is whole."""

    def __init__(
        self,
        database: Database,
        files: ArtifactFiles,
        masks: Masks,
        *,
        file_limit_bytes: int,
    ) -> None:
        self._database = database
        self._files = files
        self._masks = masks
        self._file_limit_bytes = file_limit_bytes

    async def add_json(
        self, caller: Caller, artifact_id: int, content: Json, note: VersionNote
    ) -> ArtifactVersion:
        """Add a version whose content is a JSON value."""
        async with self._database.transaction() as tx:
            await changeable(tx, caller, artifact_id)
            artifact = await tx.artifacts.lock(artifact_id)
            version = await self._numbered(tx, caller, artifact, note)
            version.content_json = await self._masks.applied(tx, caller, content)
            version.content_type = version.content_type or "application/json"
            version.size_bytes = len(json.dumps(version.content_json).encode())
            version.body_state = ArtifactBodyState.READY
            await tx.artifact_versions.add(version)
            await _keep(tx, artifact, version)
            return version

    async def upload(
        self, caller: Caller, artifact_id: int, source: BinaryIO, note: VersionNote
    ) -> ArtifactVersion:
        """Add a version from a file of any size, which is never in memory."""
        async with self._database.transaction() as tx:
            await changeable(tx, caller, artifact_id)
            reserved = await self._reserve(tx, caller, artifact_id, note)
        return await self._fill(caller, reserved, source)

    async def upload_by_ref(
        self,
        caller: Caller,
        fields: Mapping[str, Any],
        source: BinaryIO,
        note: VersionNote,
    ) -> ArtifactVersion:
        """Do the same for the artifact of this ref, which is made if it is missing."""
        async with self._database.transaction() as tx:
            worded = await self._masks.applied_to(tx, caller, fields)
            artifact_id = await _ensure(tx, caller, worded, note)
            reserved = await self._reserve(tx, caller, artifact_id, note)
        return await self._fill(caller, reserved, source)

    async def allocate(
        self, caller: Caller, artifact_id: int, note: VersionNote
    ) -> ArtifactVersion:
        """Name a file that an action then writes below its artifacts directory."""
        async with self._database.transaction() as tx:
            await changeable(tx, caller, artifact_id)
            version = await self._reserve(tx, caller, artifact_id, note)
        return await self._with_room(version)

    async def allocate_by_ref(
        self, caller: Caller, fields: Mapping[str, Any], note: VersionNote
    ) -> ArtifactVersion:
        """Do the same for the artifact of this ref, which is made if it is missing."""
        async with self._database.transaction() as tx:
            worded = await self._masks.applied_to(tx, caller, fields)
            artifact_id = await _ensure(tx, caller, worded, note)
            version = await self._reserve(tx, caller, artifact_id, note)
        return await self._with_room(version)

    async def delete(self, caller: Caller, artifact_id: int, number: int) -> None:
        """Remove one version; its number is not given again while a later one is."""
        async with self._database.transaction() as tx:
            await changeable(tx, caller, artifact_id, Action.DELETE)
            version = await tx.artifact_versions.get_numbered(artifact_id, number)
            await tx.artifact_versions.remove(version)

    async def _reserve(
        self, tx: Transaction, caller: Caller, artifact_id: int, note: VersionNote
    ) -> ArtifactVersion:
        artifact = await tx.artifacts.lock(artifact_id)
        version = await self._numbered(tx, caller, artifact, note)
        version.body_state = ArtifactBodyState.PENDING
        version.file_path = file_path(
            artifact.ref, version.version, artifact.type, version.content_type
        )
        if await tx.artifact_versions.reclaim(version.file_path):
            await asyncio.to_thread(self._files.remove, version.file_path)
        return await tx.artifact_versions.add(version)

    async def _numbered(
        self, tx: Transaction, caller: Caller, artifact: Artifact, note: VersionNote
    ) -> ArtifactVersion:
        said = await self._masks.applied_to(
            tx, caller, {"meta": note.meta, "created_by": note.created_by}
        )
        return ArtifactVersion(
            artifact_id=artifact.id,
            version=await tx.artifact_versions.next_version(artifact.id),
            content_type=check_content_type(note.content_type) or artifact.content_type,
            meta=dict(said["meta"]) if said["meta"] else None,
            created_by=(said["created_by"] or caller.login)[:255],
            execution_id=await _execution(tx, caller, note.execution_id),
        )

    async def _fill(
        self, caller: Caller, version: ArtifactVersion, source: BinaryIO
    ) -> ArtifactVersion:
        """Copy the content; a version whose copying fails never was."""
        path = version.file_path or ""
        try:
            async with self._database.transaction() as tx:
                artifact = await tx.artifacts.get(version.artifact_id)
                masking = await self._masks.of(tx, caller)
            if masking is not None and artifact.type in _IS_TEXT:
                source = MaskedFile.of(source, masking)
            stored = await asyncio.to_thread(
                self._files.write, path, source, self._file_limit_bytes
            )
        except BaseException:
            await self._forget(version)
            raise
        async with self._database.transaction() as tx:
            artifact = await tx.artifacts.lock(version.artifact_id)
            found = await tx.artifact_versions.find(version.id)
            if found is None:
                raise Conflict("The version was removed while it was uploaded")
            await tx.artifact_versions.mark_ready(
                found, stored.size_bytes, stored.sha256
            )
            await _keep(tx, artifact, found)
            return found

    async def _forget(self, version: ArtifactVersion) -> None:
        async with self._database.transaction() as tx:
            found = await tx.artifact_versions.find(version.id)
            if found is not None:
                await tx.artifact_versions.remove(found)

    async def _with_room(self, version: ArtifactVersion) -> ArtifactVersion:
        await asyncio.to_thread(self._files.make_room, version.file_path or "")
        return version


async def _ensure(
    tx: Transaction, caller: Caller, fields: Mapping[str, Any], note: VersionNote
) -> int:
    """Return the artifact of a ref, made for its owner if nobody has; may raise.

    One that the caller does not see is a conflict: its ref is taken.
    """
    found = await tx.artifacts.find_by_ref(fields["ref"])
    if found is not None:
        among = visible_artifacts(caller)
        if await tx.artifacts.find(found.id, among=among) is not None:
            await changeable(tx, caller, found.id)
            return found.id
    artifact = new_artifact(caller, _owned(caller, fields, note), _BY_REF)
    await check_may_create(tx, caller, artifact)
    if found is not None:
        raise Conflict(f"artifact {fields['ref']} exists already")
    return (await tx.artifacts.add(artifact)).id


_BY_REF: tuple[RetentionPolicyType, int] = DEFAULT_RETENTION_BY_REF


def _owned(
    caller: Caller, fields: Mapping[str, Any], note: VersionNote
) -> dict[str, Any]:
    """Return the fields with an owner: the calling action, else the caller."""
    given = {name: value for name, value in fields.items() if value is not None}
    given.setdefault("type", guess_type(note.content_type))
    given.setdefault("content_type", note.content_type)
    if "scope" not in given:
        is_action = caller.action_ref is not None
        given["scope"] = OwnerType.ACTION if is_action else OwnerType.IDENTITY
        given["owner"] = caller.action_ref or str(caller.identity_id)
    return given


async def _execution(
    tx: Transaction, caller: Caller, execution_id: int | None
) -> int | None:
    """Return the execution a version belongs to: the caller's own, if it is one."""
    if caller.execution_id is not None:
        return caller.execution_id
    if execution_id is None:
        return None
    among = visible_executions(caller)
    if await tx.executions.find(execution_id, among=among) is None:
        raise NotFound(entity="execution", ref=execution_id)
    return execution_id


async def _keep(tx: Transaction, artifact: Artifact, version: ArtifactVersion) -> None:
    """Let the artifact show its newest version, and remove those beyond its limit."""
    artifact.size_bytes = version.size_bytes
    if artifact.content_type is None:
        artifact.content_type = version.content_type
    await tx.flush()
    if artifact.retention_policy is RetentionPolicyType.VERSIONS:
        await tx.artifact_versions.prune(artifact.id, artifact.retention_limit)
