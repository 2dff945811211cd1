"""Who may do what to which artifact (contract, k.4)."""

from attune.db.database import Transaction
from attune.db.models import Artifact
from attune.db.repositories.artifact import visible_artifacts
from attune.db.repositories.execution import visible_executions
from attune.db.visibility import visible_packs
from attune.domain.artifact import check_owner, derived_pack
from attune.domain.errors import NotFound, PermissionDenied
from attune.domain.key import OwnerType
from attune.domain.permission import Action, Caller, Resource, Target, TokenType
from attune.services.component import target_in_pack


async def readable(tx: Transaction, caller: Caller, artifact_id: int) -> Artifact:
    """Return the artifact if it exists for the caller, or raise NotFound."""
    return await tx.artifacts.get(artifact_id, among=visible_artifacts(caller))


async def changeable(
    tx: Transaction, caller: Caller, artifact_id: int, action: Action = Action.UPDATE
) -> Artifact:
    """Return the artifact if the caller may change it.

    Raises NotFound for one the caller does not see, PermissionDenied for another.
    """
    artifact = await readable(tx, caller, artifact_id)
    require_own_pack(caller, artifact.scope, artifact.owner)
    among = visible_artifacts(caller, action)
    if await tx.artifacts.find(artifact_id, among=among) is None:
        raise PermissionDenied(needs=f"{Resource.ARTIFACTS}:{action}")
    return artifact


async def check_may_create(tx: Transaction, caller: Caller, artifact: Artifact) -> None:
    """Raise unless the caller may make an artifact for this owner."""
    check_owner(artifact.scope, artifact.owner)
    require_own_pack(caller, artifact.scope, artifact.owner)
    pack_ref = derived_pack(artifact.scope, artifact.owner)
    target = await _target(tx, caller, artifact, pack_ref)
    caller.require(Resource.ARTIFACTS, Action.CREATE, target)
    if pack_ref is not None:
        await _require_visible(tx, caller, pack_ref)
    if artifact.scope is OwnerType.IDENTITY and artifact.owner != str(
        caller.identity_id
    ):
        owner_id = int(artifact.owner)
        other = Target(id=owner_id, owner_identity_id=owner_id)
        caller.require(Resource.IDENTITIES, Action.UPDATE, other)


def require_own_pack(caller: Caller, scope: OwnerType, owner: str) -> None:
    """Keep the code of one pack away from the artifacts of another."""
    if caller.token_type is not TokenType.EXECUTION:
        return
    pack_ref = derived_pack(scope, owner)
    own = (caller.action_ref or "").partition(".")[0]
    if pack_ref is not None and pack_ref != own:
        raise PermissionDenied(
            f"403 forbidden: an execution of pack {own} may not change artifacts of "
            f"pack {pack_ref}"
        )


async def _target(
    tx: Transaction, caller: Caller, artifact: Artifact, pack_ref: str | None
) -> Target:
    """Return what constraints are held against; it is whose the execution is, if any."""
    part = await target_in_pack(tx, caller, pack_ref)
    owner_id = part.pack_owner_id
    if artifact.execution_id is not None:
        owner_id = await _executor(tx, caller, artifact.execution_id)
    if artifact.scope is OwnerType.IDENTITY:
        owner_id = int(artifact.owner)
    return Target(
        pack_ref=pack_ref,
        owner_identity_id=owner_id,
        owner_type=artifact.scope.value,
        owner_ref=artifact.owner,
        visibility=artifact.visibility.value,
        execution_id=artifact.execution_id,
        ref=artifact.ref,
    )


async def _executor(tx: Transaction, caller: Caller, execution_id: int) -> int | None:
    """Return who executed it; raises NotFound where the caller does not see that."""
    if execution_id == caller.execution_id:
        return caller.identity_id
    among = visible_executions(caller)
    return (await tx.executions.get(execution_id, among=among)).executor_id


async def _require_visible(tx: Transaction, caller: Caller, pack_ref: str) -> None:
    """Answer for a hidden pack as for one that is not there."""
    if await tx.packs.find_by_ref(pack_ref) is None:
        return
    if await tx.packs.find_by_ref(pack_ref, among=visible_packs(caller)) is None:
        raise NotFound(entity="pack", ref=pack_ref)
