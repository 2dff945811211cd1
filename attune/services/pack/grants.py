"""What a pack may bring along only if whoever installs it may do as much."""

from attune.db.database import Transaction
from attune.db.repositories.action import visible_actions
from attune.domain.permission import Action, Caller, Resource, Target
from attune.domain.policy import PolicyScope
from attune.domain.schema import secret_names
from attune.packs.definition import Components, Sourced
from attune.packs.policy import PolicyDocument, policy_problems
from attune.packs.problems import Problems
from attune.services.caller import parse_grants
from attune.services.component import target_in_pack
from attune.services.delegation import require_delegable, require_delegable_sets


async def check_permission_sets(
    tx: Transaction, caller: Caller, components: Components
) -> None:
    """Refuse permission sets with grants that the caller does not have.

    A set that somebody was assigned may grow when its pack is installed again.
    """
    for each in components.permission_sets:
        grants = parse_grants(each.document.grants)
        await require_delegable(tx, caller, grants, each.source)


async def check_acting_sets(
    tx: Transaction, caller: Caller, components: Components
) -> None:
    """Refuse to let code act with sets that allow what the caller may not do."""
    named = set[str]()
    for action in components.actions:
        named.update(action.document.default_execution_permission_set_refs)
    for workflow in components.workflows:
        named.update(workflow.document.default_execution_permission_set_refs)
    for rule in components.rules:
        named.update(rule.document.permission_set_refs or ())
    await require_delegable_sets(tx, caller, named, may_be_missing=True)


async def check_policies(
    tx: Transaction, caller: Caller, components: Components, problems: Problems
) -> None:
    """Check that each policy bears on the pack itself, or on what the caller tends."""
    own = {each.document.ref for each in components.actions}
    for each in components.policies:
        scope = each.document.scope
        if scope.type is PolicyScope.GLOBAL:
            caller.require(Resource.PERMISSIONS, Action.MANAGE, Target())
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
    target = await target_in_pack(
        tx, caller, action.pack_ref, ref=action.ref, id=action.id
    )
    caller.require(Resource.ACTIONS, Action.UPDATE, target)
