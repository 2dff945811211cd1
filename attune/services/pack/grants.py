"""What a pack may bring along only if whoever installs it may do as much."""

from attune.db.database import Transaction
from attune.db.repositories.action import visible_actions
from attune.domain.errors import PermissionDenied
from attune.domain.permission import (
    Action,
    Caller,
    Grant,
    Resource,
    Target,
    intersect,
    translate_seed_grant,
)
from attune.domain.policy import PolicyScope
from attune.domain.schema import secret_names
from attune.packs.component import PermissionSetDocument
from attune.packs.definition import Components, Sourced
from attune.packs.policy import PolicyDocument, policy_problems
from attune.packs.problems import Problems


def check_permission_sets(caller: Caller, components: Components) -> None:
    """Refuse permission sets with grants that the caller does not have.

    A set that somebody was assigned may grow when its pack is installed again.
    """
    if caller.may(Resource.PERMISSIONS, Action.MANAGE):
        return
    for each in components.permission_sets:
        for grant in _grants(each.document):
            if grant not in intersect(caller.grants, [grant]):
                raise PermissionDenied(
                    f"403 forbidden: {each.source} grants more than you have"
                )


def _grants(document: PermissionSetDocument) -> list[Grant]:
    return [
        Grant.model_validate(spelled)
        for grant in document.grants
        for spelled in (translate_seed_grant(grant) if "type" in grant else [grant])
    ]


async def check_policies(
    tx: Transaction, caller: Caller, components: Components, problems: Problems
) -> None:
    """Check that each policy bears on the pack itself, or on what the caller tends."""
    own = {each.document.ref for each in components.actions}
    for each in components.policies:
        scope = each.document.scope
        if scope.type is PolicyScope.GLOBAL:
            caller.require(Resource.PERMISSIONS, Action.MANAGE)
        elif scope.type is PolicyScope.PACK:
            _check_pack(each, problems)
        elif scope.action_ref is None:
            problems.add(each.source, "scope.action_ref: is missing")
        elif scope.action_ref not in own:
            await _check_foreign(tx, caller, each, scope.action_ref, problems)
        await _check_groups(tx, each, components, problems)


def _check_pack(each: Sourced[PolicyDocument], problems: Problems) -> None:
    own = each.document.ref.partition(".")[0]
    if each.document.scope.pack_ref not in (None, own):
        problems.add(each.source, "scope.pack_ref: must be the policy's own pack")


async def _check_groups(
    tx: Transaction,
    each: Sourced[PolicyDocument],
    components: Components,
    problems: Problems,
) -> None:
    """Check that no secret forms the policy's groups."""
    if not each.document.groups_by:
        return
    scope, pack_ref = each.document.scope, each.document.ref.partition(".")[0]
    schemas = [
        action.document.param_schema
        for action in components.actions
        if scope.type is not PolicyScope.ACTION
        or action.document.ref == scope.action_ref
    ]
    if scope.type is not PolicyScope.ACTION or not schemas:
        schemas += await tx.policies.schemas_within(
            scope.type, scope.action_ref, scope.pack_ref or pack_ref
        )
    secret = frozenset[str]().union(*map(secret_names, schemas))
    for problem in policy_problems(each.document, pack_ref, secret):
        problems.add(each.source, problem)


async def _check_foreign(
    tx: Transaction,
    caller: Caller,
    each: Sourced[PolicyDocument],
    ref: str,
    problems: Problems,
) -> None:
    action = await tx.actions.find_by_ref(ref, among=visible_actions(caller))
    if action is None:
        problems.add(each.source, f"scope.action_ref: there is no action {ref}")
        return
    target = Target(pack_ref=action.pack_ref, ref=action.ref, id=action.id)
    caller.require(Resource.ACTIONS, Action.UPDATE, target)
