"""Whom a new key is to belong to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, assert_never

from attune.db.database import Transaction
from attune.db.repositories.action import visible_actions
from attune.domain.errors import InvalidInput
from attune.domain.key import OwnerType, towards_others
from attune.domain.permission import Action, Caller, Resource
from attune.services.component import visible_pack

_NAMED_BY: Final[Mapping[OwnerType, tuple[str, ...]]] = {
    OwnerType.SYSTEM: (),
    OwnerType.IDENTITY: ("owner_identity", "owner_identity_login"),
    OwnerType.PACK: ("owner_pack_ref",),
    OwnerType.ACTION: ("owner_action_ref",),
    OwnerType.SENSOR: ("owner_sensor_ref",),
}
"""The fields of a request that say who the owner is."""


@dataclass(frozen=True, kw_only=True)
class KeyOwner:
    """The owner, as text and as the columns that name it."""

    owner_type: OwnerType
    owner: str
    pack_ref: str | None = None
    """The pack it is, or is in."""
    identity_id: int | None = None
    columns: Mapping[str, int] = field(default_factory=dict)


class _Owner(Protocol):
    id: Any
    ref: Any


async def find_owner(
    tx: Transaction, caller: Caller, fields: Mapping[str, Any]
) -> KeyOwner:
    """Return the owner that is named; raises NotFound where the caller sees none.

    An identity's key is the caller's own when no identity is named.
    """
    owner_type = OwnerType(fields["owner_type"])
    _check_named(owner_type, fields)
    match owner_type:
        case OwnerType.SYSTEM:
            return KeyOwner(owner_type=owner_type, owner="system")
        case OwnerType.IDENTITY:
            return await _identity(tx, caller, fields)
        case OwnerType.PACK:
            pack = await visible_pack(tx, caller, fields["owner_pack_ref"])
            return _owned_by(owner_type, pack, pack.ref)
        case OwnerType.ACTION:
            ref = fields["owner_action_ref"]
            action = await tx.actions.get_by_ref(ref, among=visible_actions(caller))
            return _owned_by(owner_type, action, action.pack_ref)
        case OwnerType.SENSOR:
            sensor = await tx.sensors.get_by_ref(fields["owner_sensor_ref"])
            if sensor.pack_ref is not None:
                await visible_pack(tx, caller, sensor.pack_ref)
            return _owned_by(owner_type, sensor, sensor.pack_ref)
    assert_never(owner_type)


def _owned_by(owner_type: OwnerType, owner: _Owner, pack_ref: str | None) -> KeyOwner:
    columns = {f"owner_{owner_type}_id": owner.id}
    return KeyOwner(
        owner_type=owner_type, owner=owner.ref, pack_ref=pack_ref, columns=columns
    )


def _check_named(owner_type: OwnerType, fields: Mapping[str, Any]) -> None:
    wanted = _NAMED_BY[owner_type]
    others = {
        name for names in _NAMED_BY.values() for name in names if name not in wanted
    }
    wrong = sorted(name for name in others if fields.get(name) is not None)
    problems = [
        f"{name}: a key of type {owner_type} has no such owner" for name in wrong
    ]
    named = [name for name in wanted if fields.get(name) is not None]
    if len(named) > 1:
        problems.append(f"{named[0]}: name the owner once, not {named[1]} as well")
    if wanted and not named and owner_type is not OwnerType.IDENTITY:
        problems.append(f"{wanted[0]}: a key of type {owner_type} needs its owner")
    if problems:
        raise InvalidInput("A key has exactly one owner", problems=problems)


async def _identity(
    tx: Transaction, caller: Caller, fields: Mapping[str, Any]
) -> KeyOwner:
    login, number = fields.get("owner_identity_login"), fields.get("owner_identity")
    own_id = caller.identity_id
    if (
        own_id is None
        or number not in (None, own_id)
        or login not in (None, caller.login)
    ):
        _require_others(caller)
    if login is not None:
        identity = await tx.identities.get_by_login(login)
    else:
        identity = await tx.identities.get(number or own_id or 0)
    return KeyOwner(
        owner_type=OwnerType.IDENTITY,
        owner=identity.login,
        identity_id=identity.id,
        columns={"owner_identity_id": identity.id},
    )


def _require_others(caller: Caller) -> None:
    """Raise PermissionDenied for who may make no keys of others, before it is told who is there.

    Whoever may change identities may give them keys as well.
    """
    if not caller.may(Resource.IDENTITIES, Action.UPDATE):
        towards_others(caller).require(Resource.KEYS, Action.CREATE)
