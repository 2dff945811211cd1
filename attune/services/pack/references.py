"""What rules and sensors of a pack refer to: it is there, and fits."""

from dataclasses import replace

from attune.db.database import Transaction
from attune.db.models.action import Action as ActionRow
from attune.db.models.trigger import Trigger
from attune.db.repositories.action import visible_actions
from attune.db.repositories.trigger import visible_triggers
from attune.domain.errors import InvalidInput
from attune.domain.permission import Action, Caller, Resource
from attune.domain.rule import check_rule
from attune.packs.checks import rule_text
from attune.packs.component import RuleDocument
from attune.packs.definition import Components, Sourced
from attune.packs.problems import Problems
from attune.services.component import check_may_refer, target_in_pack
from attune.services.rule_reference import rule_secret_problems, secret_settings


async def check_rules(
    tx: Transaction, caller: Caller, components: Components, problems: Problems
) -> None:
    """Note what is wrong with the rules; actions and triggers have been written.

    Whoever installs a rule must be allowed to execute what it starts.
    """
    for each in components.rules:
        rule = each.document
        trigger = await _trigger(tx, caller, components, rule.trigger_ref)
        action = await _action(tx, caller, components, rule)
        if trigger is None:
            problems.add(
                each.source, f"trigger_ref: there is no trigger {rule.trigger_ref}"
            )
        if action is None:
            problems.add(
                each.source, f"action_ref: there is no action {rule.action_ref}"
            )
        if trigger is not None and action is not None:
            await _check(
                tx, caller, each, trigger=trigger, action=action, problems=problems
            )


async def check_sensors(
    tx: Transaction, caller: Caller, components: Components, problems: Problems
) -> None:
    """Note the triggers of sensors that do not exist."""
    for each in components.sensors:
        for ref in each.document.trigger_refs:
            if await _trigger(tx, caller, components, ref) is None:
                problems.add(each.source, f"trigger_types: there is no trigger {ref}")


async def _check(
    tx: Transaction,
    caller: Caller,
    each: Sourced[RuleDocument],
    *,
    trigger: Trigger,
    action: ActionRow,
    problems: Problems,
) -> None:
    pack_ref = each.document.ref.partition(".")[0]
    target = await target_in_pack(
        tx, caller, action.pack_ref, ref=action.ref, id=action.id
    )
    caller.require(Resource.ACTIONS, Action.EXECUTE, target)
    secret_config = await secret_settings(tx, pack_ref, caller.identity_id)
    text = replace(
        rule_text(each.document, action.param_schema, trigger.param_schema),
        secret_config=secret_config,
    )
    for problem in check_rule(text):
        problems.add(each.source, problem)
    for problem in await rule_secret_problems(
        tx,
        caller,
        caller.identity_id,
        each.document.action_params,
        pack_ref=pack_ref,
        secret_config=secret_config,
    ):
        problems.add(each.source, problem)
    try:
        check_may_refer("trigger_ref", trigger, pack_ref)
        check_may_refer("action_ref", action, pack_ref)
    except InvalidInput as refused:
        problems.add(each.source, refused.message)


async def _trigger(
    tx: Transaction, caller: Caller, components: Components, ref: str
) -> Trigger | None:
    is_own = any(each.document.ref == ref for each in components.triggers)
    among = None if is_own else visible_triggers(caller)
    return await tx.triggers.find_by_ref(ref, among=among)


async def _action(
    tx: Transaction, caller: Caller, components: Components, rule: RuleDocument
) -> ActionRow | None:
    is_own = any(each.document.ref == rule.action_ref for each in components.actions)
    among = None if is_own else visible_actions(caller)
    return await tx.actions.find_by_ref(rule.action_ref, among=among)
