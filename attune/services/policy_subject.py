"""What a policy is about, whether somebody may limit that, and whether it makes sense."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from attune.db.database import Transaction
from attune.db.models.policy import Policy
from attune.db.repositories.action import visible_actions
from attune.domain.errors import InvalidInput
from attune.domain.permission import Action, Caller, Resource, Target
from attune.domain.policy import PolicyScope, PolicyText, check_policy
from attune.domain.ref import Ref
from attune.domain.schema import secret_names
from attune.services.component import target_in_pack, visible_pack

_ABOUT = ("scope_type", "action_ref", "pack_ref")
_DECISIVE = (
    *_ABOUT,
    "threshold",
    "rate_limit_max_executions",
    "parameters",
    "quotas",
)


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What a policy limits, as its columns say it."""

    pack_ref: str | None = None
    """The pack that it belongs to."""
    columns: Mapping[str, Any] = field(default_factory=dict)


async def find_subject(
    tx: Transaction, caller: Caller, values: Mapping[str, Any]
) -> Subject:
    """Return what the policy is to limit; raises unless the caller tends that."""
    scope, action_ref, pack_ref = (values.get(name) for name in _ABOUT)
    if scope is PolicyScope.GLOBAL:
        caller.require(Resource.PERMISSIONS, Action.MANAGE, Target())
        return Subject(columns={"action_ref": None, "pack_ref": None})
    if scope is PolicyScope.PACK and pack_ref is not None:
        pack = await visible_pack(tx, caller, pack_ref)
        target = await target_in_pack(tx, caller, pack.ref)
        caller.require(Resource.ACTIONS, Action.UPDATE, target)
        columns = {"pack_id": pack.id, "pack_ref": pack.ref, "action_ref": None}
        return Subject(pack_ref=pack.ref, columns=columns)
    if scope is PolicyScope.ACTION and action_ref is not None:
        return await _action(tx, caller, action_ref)
    raise InvalidInput(f"scope.{scope}_ref: is missing")


async def _action(tx: Transaction, caller: Caller, ref: str) -> Subject:
    action = await tx.actions.get_by_ref(ref, among=visible_actions(caller))
    target = await target_in_pack(
        tx, caller, action.pack_ref, ref=action.ref, id=action.id
    )
    caller.require(Resource.ACTIONS, Action.UPDATE, target)
    columns = {
        "action_id": action.id,
        "action_ref": action.ref,
        "pack_id": action.pack_id,
        "pack_ref": action.pack_ref,
    }
    return Subject(pack_ref=action.pack_ref, columns=columns)


async def check_name(
    tx: Transaction, caller: Caller, ref: str, subject: Subject
) -> None:
    """Raise unless the caller may use the name: a pack's are for those who tend it."""
    try:
        pack_ref = Ref.parse(ref).pack
    except InvalidInput as error:
        raise InvalidInput(f"ref: {error.message}") from error
    if pack_ref != subject.pack_ref and await tx.packs.find_by_ref(pack_ref):
        await visible_pack(tx, caller, pack_ref)
        target = await target_in_pack(tx, caller, pack_ref)
        caller.require(Resource.ACTIONS, Action.UPDATE, target)


async def require_change(tx: Transaction, caller: Caller, policy: Policy) -> None:
    """Raise PermissionDenied unless the caller tends what the policy limits."""
    if policy.scope_type is PolicyScope.GLOBAL:
        caller.require(Resource.PERMISSIONS, Action.MANAGE, Target())
        return
    pack_ref, facts = policy.pack_ref, dict[str, Any]()
    if policy.scope_type is PolicyScope.ACTION and policy.action_ref is not None:
        pack_ref = policy.action_ref.partition(".")[0]
        facts = {"ref": policy.action_ref, "id": policy.action_id}
    target = await target_in_pack(tx, caller, pack_ref, **facts)
    caller.require(Resource.ACTIONS, Action.UPDATE, target)


async def check_terms(
    tx: Transaction, values: Mapping[str, Any], policy: Policy | None = None
) -> None:
    """Raise InvalidInput with everything that is wrong with a policy of these values."""
    after = {name: values.get(name, getattr(policy, name, None)) for name in _DECISIVE}
    names = after["parameters"] or []
    text = PolicyText(
        scope=after["scope_type"],
        action_ref=after["action_ref"],
        pack_ref=after["pack_ref"],
        has_threshold=after["threshold"] is not None,
        has_rate=after["rate_limit_max_executions"] is not None,
        parameters=names,
        quota_types=[quota["quota_type"] for quota in after["quotas"] or []],
        secret=await secret_parameters(tx, after) if names else (),
    )
    if problems := check_policy(text):
        raise InvalidInput("The policy is not valid", problems=problems)


async def secret_parameters(
    tx: Transaction, about: Mapping[str, Any]
) -> Collection[str]:
    """Return the parameters that are secret somewhere in what a policy is about."""
    schemas = await tx.policies.schemas_within(*(about[name] for name in _ABOUT))
    return frozenset[str]().union(*map(secret_names, schemas))
