"""Make, change and remove artifacts, and what they hold without a version."""

import json
from collections.abc import Mapping
from typing import Any

from attune.db.database import Database
from attune.db.models import Artifact
from attune.domain.artifact import (
    DEFAULT_RETENTION,
    ArtifactType,
    RetentionPolicyType,
    check_content_type,
    default_visibility,
)
from attune.domain.errors import Conflict
from attune.domain.json import Json, JsonObject
from attune.domain.key import OwnerType
from attune.domain.permission import Action, Caller
from attune.domain.ref import check_artifact_ref
from attune.services.artifact.access import (
    changeable,
    check_may_create,
    require_own_pack,
)
from attune.services.component import write
from attune.services.masks import Masks


class ArtifactWriteService:
    """The artifacts as callers may change them."""

    def __init__(self, database: Database, masks: Masks) -> None:
        self._database = database
        self._masks = masks

    async def create(self, caller: Caller, fields: Mapping[str, Any]) -> Artifact:
        """Make an artifact; its ref must be free among those that people made."""
        async with self._database.transaction() as tx:
            worded = await self._masks.applied_to(tx, caller, fields)
            artifact = new_artifact(caller, worded, DEFAULT_RETENTION)
            await check_may_create(tx, caller, artifact)
            return await tx.artifacts.add(artifact)

    async def update(
        self, caller: Caller, artifact_id: int, changes: Mapping[str, Any]
    ) -> Artifact:
        """Change what is given; a new owner must be one the caller may make for."""
        async with self._database.transaction() as tx:
            await changeable(tx, caller, artifact_id)
            artifact = await tx.artifacts.lock(artifact_id)
            values = await self._masks.applied_to(tx, caller, changes)
            if "content_type" in values:
                values["content_type"] = check_content_type(values["content_type"])
            write(artifact, values)
            if values.keys() & {"scope", "owner"}:
                await check_may_create(tx, caller, artifact)
            await tx.flush()
            return artifact

    async def delete(self, caller: Caller, artifact_id: int) -> None:
        """Remove the artifact with its versions; their files follow."""
        async with self._database.transaction() as tx:
            artifact = await changeable(tx, caller, artifact_id, Action.DELETE)
            await tx.artifacts.remove(artifact)

    async def set_data(self, caller: Caller, artifact_id: int, data: Json) -> Artifact:
        """Replace what the artifact itself holds."""
        return await self.update(caller, artifact_id, {"data": data})

    async def append_progress(
        self, caller: Caller, artifact_id: int, entry: JsonObject
    ) -> Artifact:
        """Add an entry to a progress artifact; many at once lose none.

        Raises Conflict for an artifact of another type.
        """
        async with self._database.transaction() as tx:
            artifact = await changeable(tx, caller, artifact_id)
            if artifact.type is not ArtifactType.PROGRESS:
                raise Conflict(
                    f"Artifact {artifact.ref} is of type {artifact.type}; only one of "
                    "type progress takes entries"
                )
            masked = await self._masks.applied(tx, caller, entry)
            await tx.artifacts.append_progress(artifact_id, json.dumps(masked))
            return await tx.artifacts.lock(artifact_id)


def new_artifact(
    caller: Caller,
    fields: Mapping[str, Any],
    retention: tuple[RetentionPolicyType, int],
) -> Artifact:
    """Return an artifact that is not written yet, with the defaults it needs."""
    given = {name: value for name, value in fields.items() if value is not None}
    policy = given.get("retention_policy", retention[0])
    same_unit = policy is retention[0]
    kind, scope = given["type"], given["scope"]
    values = {
        "visibility": default_visibility(kind),
        "retention_policy": policy,
        "retention_limit": retention[1] if same_unit else 7,
        "execution_id": caller.execution_id,
        **given,
        "ref": check_artifact_ref(given["ref"]),
        "owner": "" if scope is OwnerType.SYSTEM else given.get("owner", ""),
        "content_type": check_content_type(given.get("content_type")),
    }
    require_own_pack(caller, scope, values["owner"])
    return Artifact(**values)
