"""What a caller may do with a key; of another identity's, what is granted by name."""

from attune.db.database import Transaction
from attune.db.models.key import Key
from attune.domain.key import towards_others
from attune.domain.permission import Action, Caller, Resource, Target
from attune.services.component import target_in_pack
from attune.services.key_owner import KeyOwner


async def may(tx: Transaction, caller: Caller, act: Action, key: Key) -> bool:
    """Tell whether the caller may do this with a key that is there."""
    target = await _target(tx, caller, key)
    return _as_towards(caller, key.owner_identity_id).may(Resource.KEYS, act, target)


async def require(tx: Transaction, caller: Caller, act: Action, key: Key) -> None:
    """Raise PermissionDenied unless the caller may do this with a key that is there."""
    target = await _target(tx, caller, key)
    _as_towards(caller, key.owner_identity_id).require(Resource.KEYS, act, target)


async def require_creation(
    tx: Transaction, caller: Caller, owner: KeyOwner, ref: str, *, encrypted: bool
) -> None:
    """Raise PermissionDenied unless the caller may make a key for this owner.

    Whoever may change an identity may give it keys as well.
    """
    identity = Target(owner_identity_id=owner.identity_id, id=owner.identity_id)
    tends = owner.identity_id is not None and caller.may(
        Resource.IDENTITIES, Action.UPDATE, identity
    )
    maker = caller if tends else _as_towards(caller, owner.identity_id)
    target = await target_in_pack(
        tx,
        caller,
        owner.pack_ref,
        owner_identity_id=owner.identity_id,
        owner_type=owner.owner_type.value,
        owner_ref=owner.owner,
        ref=ref,
        encrypted=encrypted,
    )
    maker.require(Resource.KEYS, Action.CREATE, target)


def _as_towards(caller: Caller, owner_identity_id: int | None) -> Caller:
    """Return the caller with what counts for a key of this identity, or of nobody's."""
    is_open = owner_identity_id in (None, caller.identity_id)
    return caller if is_open else towards_others(caller)


async def _target(tx: Transaction, caller: Caller, key: Key) -> Target:
    component = key.owner_action_ref or key.owner_sensor_ref or ""
    return await target_in_pack(
        tx,
        caller,
        key.owner_pack_ref or component.partition(".")[0] or None,
        owner_identity_id=key.owner_identity_id,
        owner_type=key.owner_type.value,
        owner_ref=key.owner,
        ref=key.ref,
        id=key.id,
        encrypted=key.encrypted,
    )
