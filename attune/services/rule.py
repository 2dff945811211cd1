"""Rules: made, looked at, changed, switched, removed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from attune.db.database import Database, Transaction
from attune.db.models.action import Action as ActionRow
from attune.db.models.rule import Rule
from attune.db.models.trigger import Trigger
from attune.db.repositories.action import visible_actions
from attune.db.repositories.rule import RuleFilter, visible_rules
from attune.db.repositories.trigger import visible_triggers
from attune.domain.enforcement import EnforcementCondition
from attune.domain.errors import InvalidInput
from attune.domain.page import PageRequest, PageResult
from attune.domain.permission import Action, Caller, Resource
from attune.domain.rule import RuleText, canonical_conditions, check_rule
from attune.security.encryption import Encryption
from attune.services.component import (
    check_may_refer,
    check_ref,
    target_in_pack,
    tidy,
    visible_pack,
    write,
)
from attune.services.definitions import Definitions
from attune.services.delegation import require_delegable_sets, require_equal
from attune.services.rule_reference import rule_secret_problems, secret_settings
from attune.services.rule_view import RuleSecrets, RuleView, view_rules
from attune.services.sealing import rule_place, trigger_place, unseal

_DECISIVE = frozenset(
    {
        "action_ref",
        "trigger_ref",
        "action_params",
        "trigger_params",
        "condition",
        "conditions",
        "trace_tag_template",
        "permission_set_refs",
    }
)
"""What decides when the rule matches and what it then does."""


class RuleService:
    """The rules as callers may see and change them."""

    def __init__(
        self, database: Database, definitions: Definitions, encryption: Encryption
    ) -> None:
        self._database = database
        self._definitions = definitions
        self._encryption = encryption

    async def page(
        self,
        caller: Caller,
        request: PageRequest,
        *,
        q: str | None = None,
        pack_ref: str | None = None,
        action_ref: str | None = None,
        trigger_ref: str | None = None,
        enabled: bool | None = None,
    ) -> PageResult[RuleView]:
        """Return one page of the rules that the caller sees."""
        wanted = RuleFilter(
            q=q,
            pack_ref=pack_ref,
            action_ref=action_ref,
            trigger_ref=trigger_ref,
            enabled=enabled,
        )
        async with self._database.transaction() as tx:
            found = await tx.rules.page(request, wanted, among=visible_rules(caller))
            return PageResult(
                items=await view_rules(tx, found.items),
                request=request,
                total=found.total,
                has_next=found.has_next,
            )

    async def page_of_pack(
        self, caller: Caller, request: PageRequest, pack_ref: str, q: str | None
    ) -> PageResult[RuleView]:
        """Return one page of a pack's rules."""
        async with self._database.transaction() as tx:
            await visible_pack(tx, caller, pack_ref)
        return await self.page(caller, request, pack_ref=pack_ref, q=q)

    async def page_of_action(
        self, caller: Caller, request: PageRequest, action_ref: str
    ) -> PageResult[RuleView]:
        """Return one page of the rules that execute an action."""
        async with self._database.transaction() as tx:
            await tx.actions.get_by_ref(action_ref, among=visible_actions(caller))
        return await self.page(caller, request, action_ref=action_ref)

    async def page_of_trigger(
        self, caller: Caller, request: PageRequest, trigger_ref: str
    ) -> PageResult[RuleView]:
        """Return one page of the rules that a trigger activates."""
        async with self._database.transaction() as tx:
            await tx.triggers.get_by_ref(trigger_ref, among=visible_triggers(caller))
        return await self.page(caller, request, trigger_ref=trigger_ref)

    async def get(self, caller: Caller, ref: str) -> RuleView:
        """Return the rule, or raise NotFound."""
        async with self._database.transaction() as tx:
            rule = await tx.rules.get_by_ref(ref, among=visible_rules(caller))
            view = (await view_rules(tx, [rule]))[0]
        if rule.trigger_ref not in caller.trigger_refs:
            return view
        # The sensor that watches for the rule needs what everybody else must not see.
        place = trigger_place(rule.ref)
        params = unseal(self._encryption, rule.trigger_params, place=place)
        return replace(view, trigger_params=params)

    async def create(self, caller: Caller, fields: Mapping[str, Any]) -> RuleView:
        """Make a rule; what it starts acts for the caller."""
        values = tidy(fields)
        async with self._database.transaction() as tx:
            pack = await visible_pack(tx, caller, values["pack_ref"])
            check_ref(values["ref"], pack.ref)
            target = await target_in_pack(tx, caller, pack.ref, ref=values["ref"])
            caller.require(Resource.RULES, Action.CREATE, target)
            rule = Rule(
                is_adhoc=True, pack_id=pack.id, owner_identity_id=caller.identity_id
            )
            await _decide(tx, caller, self._encryption, rule, values)
            await tx.rules.add(rule)
            view = (await view_rules(tx, [rule]))[0]
        self._definitions.forget()
        return view

    async def update(
        self, caller: Caller, ref: str, changes: Mapping[str, Any]
    ) -> RuleView:
        """Change the fields that are given; None takes a value away."""
        values = tidy(changes)
        async with self._database.transaction() as tx:
            rule = await _lock(tx, caller, ref, Action.UPDATE)
            if _DECISIVE & values.keys():
                await _decide(tx, caller, self._encryption, rule, values)
            else:
                write(rule, values)
            await tx.flush()
            # By itself: a change of the error alone is not announced to anybody.
            rule.last_error = rule.last_error_at = None
            await tx.flush()
            view = (await view_rules(tx, [rule]))[0]
        self._definitions.forget()
        return view

    async def set_enabled(self, caller: Caller, ref: str, *, enabled: bool) -> RuleView:
        """Let the rule match events, or not; it takes effect at once."""
        return await self.update(caller, ref, {"enabled": enabled})

    async def delete(self, caller: Caller, ref: str) -> None:
        """Remove the rule; what it has started goes on."""
        async with self._database.transaction() as tx:
            await tx.rules.remove(await _lock(tx, caller, ref, Action.DELETE))
        self._definitions.forget()


async def _lock(tx: Transaction, caller: Caller, ref: str, act: Action) -> Rule:
    """Return the rule for a change that the caller may make."""
    seen = await tx.rules.get_by_ref(ref, among=visible_rules(caller))
    target = await target_in_pack(
        tx,
        caller,
        seen.pack_ref,
        owner_identity_id=seen.owner_identity_id,
        ref=seen.ref,
        trigger_ref=seen.trigger_ref,
        id=seen.id,
    )
    caller.require(Resource.RULES, act, target)
    return await tx.rules.lock(seen.id)


async def _decide(
    tx: Transaction,
    caller: Caller,
    encryption: Encryption,
    rule: Rule,
    values: Mapping[str, Any],
) -> None:
    """Write the values, if the rule as a whole can work with them.

    Whoever decides what a rule starts must be allowed to start it.
    """
    after = {name: values.get(name, getattr(rule, name)) for name in _DECISIVE}
    trigger, action = await _ends(tx, caller, after)
    pack_ref = values.get("pack_ref", rule.pack_ref)
    check_may_refer("trigger_ref", trigger, pack_ref)
    check_may_refer("action_ref", action, pack_ref)
    secrets = _secrets(encryption, trigger, action, values.get("ref", rule.ref))
    after |= {each.name: each.opened(rule, values) for each in secrets}
    owner_id = rule.owner_identity_id
    secret_config = await secret_settings(tx, pack_ref, owner_id)
    text = _text(after, trigger, action, secret_config)
    await _check(tx, caller, text, pack_ref, owner_id)
    await require_delegable_sets(tx, caller, after["permission_set_refs"])
    if owner := await tx.identities.find(owner_id or 0):
        # The rule goes on acting for its owner, whoever changes it.
        await require_equal(tx, caller, owner.id, f"rule {rule.ref}")
    conditions, mode = canonical_conditions(after["conditions"], after["condition"])
    sealed = {each.name: each.sealed(after[each.name]) for each in secrets}
    write(rule, {**values, **sealed})
    rule.trigger_id, rule.action_id = trigger.id, action.id
    rule.conditions = conditions or []
    rule.condition = mode or EnforcementCondition.ALL


async def _ends(
    tx: Transaction, caller: Caller, after: Mapping[str, Any]
) -> tuple[Trigger, ActionRow]:
    """Return the trigger, which the caller sees, and the action, which they may execute."""
    trigger = await tx.triggers.get_by_ref(
        after["trigger_ref"], among=visible_triggers(caller)
    )
    action = await tx.actions.get_by_ref(
        after["action_ref"], among=visible_actions(caller)
    )
    target = await target_in_pack(
        tx, caller, action.pack_ref, ref=action.ref, id=action.id
    )
    caller.require(Resource.ACTIONS, Action.EXECUTE, target)
    return trigger, action


def _secrets(
    encryption: Encryption, trigger: Trigger, action: ActionRow, ref: str
) -> tuple[RuleSecrets, RuleSecrets]:
    of_action, of_trigger = action.param_schema, trigger.param_schema
    return (
        RuleSecrets(encryption, "action_params", of_action, rule_place(ref)),
        RuleSecrets(encryption, "trigger_params", of_trigger, trigger_place(ref)),
    )


async def _check(
    tx: Transaction, caller: Caller, text: RuleText, pack_ref: str, owner_id: int | None
) -> None:
    """Raise InvalidInput with everything that cannot work."""
    problems = check_rule(text)
    problems += await rule_secret_problems(
        tx,
        caller,
        owner_id,
        text.action_params,
        pack_ref=pack_ref,
        secret_config=text.secret_config,
    )
    if problems:
        raise InvalidInput("The rule is not valid", problems=problems)


def _text(
    after: Mapping[str, Any],
    trigger: Trigger,
    action: ActionRow,
    secret_config: frozenset[str],
) -> RuleText:
    conditions = after["conditions"]
    return RuleText(
        condition=after["condition"] or EnforcementCondition.ALL,
        conditions=[] if conditions is None else conditions,
        action_params=after["action_params"],
        trigger_params=after["trigger_params"] or {},
        trace_tag_template=after["trace_tag_template"],
        action_schema=action.param_schema,
        trigger_ref=trigger.ref,
        trigger_schema=trigger.param_schema,
        secret_config=secret_config,
    )
