"""Policies: made, looked at, changed, removed; each change binds at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from attune.db.database import Database, Transaction
from attune.db.models.policy import Policy
from attune.db.repositories.action import visible_actions
from attune.db.repositories.execution import visible_executions
from attune.db.repositories.policy import PolicyFilter, visible_policies
from attune.domain.executable import ENGINE
from attune.domain.page import PageRequest, PageResult
from attune.domain.permission import Caller
from attune.domain.policy import (
    LimitKind,
    PolicyScope,
    PolicyTerms,
    weightiest_first,
)
from attune.domain.ref import canonical_label
from attune.services.component import visible_pack, write
from attune.services.policy_subject import (
    check_name,
    check_terms,
    find_subject,
    require_change,
)

UNLIMITED: Final = 2**31 - 1
"""How many may run at once where no policy says: clients expect a number."""


@dataclass(frozen=True, kw_only=True)
class ActionQueue:
    """How the executions of an action stand, and what limits them."""

    action_id: int
    action_ref: str
    active_count: int
    max_concurrent: int
    """The lowest of the limits that bear on it, or UNLIMITED."""
    queue_length: int
    total_enqueued: int
    """Of executions that a policy ever bore on."""
    total_completed: int
    """Of those, how many have ended."""
    oldest_enqueued_at: datetime | None
    last_updated: datetime
    policies: list[str]
    """Refs of the policies that bear on it, the weightiest first."""


class PolicyService:
    """The policies as callers may see and change them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self,
        caller: Caller,
        request: PageRequest,
        *,
        q: str | None = None,
        pack_ref: str | None = None,
        action_ref: str | None = None,
        scope: PolicyScope | None = None,
        enabled: bool | None = None,
        tag: str | None = None,
    ) -> PageResult[Policy]:
        """Return one page of the policies that the caller sees, by ref."""
        wanted = PolicyFilter(
            q=q,
            pack_ref=pack_ref,
            action_ref=action_ref,
            scope=scope,
            enabled=enabled,
            tag=tag,
        )
        async with self._database.transaction() as tx:
            among = visible_policies(caller)
            return await tx.policies.page(request, wanted, among=among)

    async def page_of_action(
        self, caller: Caller, request: PageRequest, action_ref: str
    ) -> PageResult[Policy]:
        """Return one page of the policies that name an action."""
        async with self._database.transaction() as tx:
            await tx.actions.get_by_ref(action_ref, among=visible_actions(caller))
        return await self.page(caller, request, action_ref=action_ref)

    async def page_of_pack(
        self, caller: Caller, request: PageRequest, pack_ref: str
    ) -> PageResult[Policy]:
        """Return one page of the policies that belong to a pack."""
        async with self._database.transaction() as tx:
            await visible_pack(tx, caller, pack_ref)
        return await self.page(caller, request, pack_ref=pack_ref)

    async def get(self, caller: Caller, ref: str) -> Policy:
        """Return the policy, or raise NotFound."""
        async with self._database.transaction() as tx:
            return await tx.policies.get_by_ref(ref, among=visible_policies(caller))

    async def create(self, caller: Caller, fields: Mapping[str, Any]) -> Policy:
        """Make a policy that loading its pack again leaves alone."""
        values = _tidy(fields)
        async with self._database.transaction() as tx:
            subject = await find_subject(tx, caller, values)
            await check_name(tx, caller, values["ref"], subject)
            values |= subject.columns
            await check_terms(tx, values)
            policy = Policy(is_adhoc=True)
            write(policy, values)
            return await tx.policies.add(policy)

    async def update(
        self, caller: Caller, ref: str, changes: Mapping[str, Any]
    ) -> Policy:
        """Change the fields that are given; None takes a value away."""
        values = _tidy(changes)
        async with self._database.transaction() as tx:
            policy = await _lock(tx, caller, ref)
            await check_terms(tx, values, policy)
            await tx.policies.exclude_decisions()
            write(policy, values)
            await tx.flush()
        return policy

    async def delete(self, caller: Caller, ref: str) -> None:
        """Remove the policy; what waits for it goes on."""
        async with self._database.transaction() as tx:
            await tx.policies.remove(await _lock(tx, caller, ref))

    async def queue_of(self, caller: Caller, action_ref: str) -> ActionQueue:
        """Return how the executions of an action that the caller sees stand."""
        async with self._database.transaction() as tx:
            among = visible_actions(caller)
            action = await tx.actions.get_by_ref(action_ref, among=among)
            among = visible_executions(caller)
            found = await tx.policies.statistics(action.ref, among=among)
            policies = await tx.policies.enabled()
            shown = await tx.policies.find_by_refs(
                [policy.ref for policy in policies], among=visible_policies(caller)
            )
        runs_code = action.runtime_ref != ENGINE
        bearing = [
            policy
            for policy in weightiest_first(policies)
            if policy.bears_on(action.ref, action.pack_ref, runs_code=runs_code)
        ]
        return ActionQueue(
            action_id=action.id,
            action_ref=action.ref,
            active_count=found.active_count,
            max_concurrent=min(_running_limits(bearing), default=UNLIMITED),
            queue_length=found.queue_length,
            total_enqueued=found.ever_admitted_count + found.queue_length,
            total_completed=found.ever_admitted_count - found.admitted_count,
            oldest_enqueued_at=found.oldest_enqueued_at,
            last_updated=found.read_at,
            policies=[
                policy.ref
                for policy in bearing
                if policy.ref in {row.ref for row in shown}
            ],
        )


def _tidy(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields with the name in its one spelling."""
    if "name" not in fields:
        return dict(fields)
    name = canonical_label(fields["name"], "name")
    return {**fields, "name": name, "label": name}


async def _lock(tx: Transaction, caller: Caller, ref: str) -> Policy:
    """Return the policy for a change that the caller may make."""
    seen = await tx.policies.get_by_ref(ref, among=visible_policies(caller))
    await require_change(tx, caller, seen)
    return await tx.policies.lock(seen.id)


def _running_limits(policies: Iterable[PolicyTerms]) -> Iterable[int]:
    return (
        limit.most
        for policy in policies
        for limit in policy.limits
        if limit.kind is LimitKind.RUNNING
    )
