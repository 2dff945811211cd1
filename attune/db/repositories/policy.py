"""Policies."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    func,
    literal_column,
    select,
    text,
)

from attune.db.models import Action, Execution, Policy
from attune.db.repositories.base import equals
from attune.db.repositories.component import ComponentFilter, ComponentRepository
from attune.db.visibility import Columns, visible
from attune.domain.execution import TERMINAL, ExecutionStatus
from attune.domain.json import JsonObject
from attune.domain.permission import Caller, Resource
from attune.domain.policy import (
    Limit,
    LimitKind,
    PolicyMethod,
    PolicyScope,
    PolicyTerms,
    QuotaType,
)

IS_LIMITED: Final = """
    EXISTS (
        SELECT FROM attune.policy AS p
        WHERE p.enabled AND (
            (p.scope_type = 'action' AND p.action_ref = execution.action_ref)
            OR (
                execution.runtime_ref IS DISTINCT FROM 'core.builtin' AND (
                    p.scope_type = 'global'
                    OR (p.scope_type = 'pack' AND p.pack_ref = execution.pack_ref)
                )
            )
        )
    )
"""
"""Some policy bears on a row of `execution`, as SQL."""

COLUMNS = Columns(
    pack_ref=Policy.pack_ref,
    is_part_of_pack=True,
    ref=Policy.action_ref,
    id=Policy.action_id,
)
"""What constraints on actions are held against, when they are about a policy."""

# Whoever decides by policies holds the same lock shared until the decision is written:
# afterwards nobody is about to act on what was before the change.
_EXCLUDE_DECISIONS = text("SELECT pg_advisory_xact_lock(4150, 3)")
_IN_FORCE = text("""
    SELECT
        id, ref, scope_type, action_ref, pack_ref, priority, method, threshold,
        parameters, rate_limit_max_executions, rate_limit_window_seconds, quotas,
        (
            SELECT COALESCE(max(id), 0)
            FROM attune.execution
            WHERE status = 'requested'
        ) AS last_id
    FROM attune.policy
    WHERE enabled
""")

_LIVE: Final = tuple(set(ExecutionStatus) - TERMINAL)

_STATISTICS: Final = {
    "active_count": """
        count(*) FILTER (
            WHERE
                status IN ('scheduled', 'running', 'canceling')
                OR admitted_at IS NOT NULL
                OR (workflow_id IS NOT NULL AND NOT awaited)
        )
    """,
    "queue_length": "count(*) FILTER (WHERE status = 'scheduling')",
    "admitted_count": "count(*) FILTER (WHERE admitted_at IS NOT NULL)",
    "oldest_enqueued_at": "min(enqueued_at) FILTER (WHERE status = 'scheduling')",
    "read_at": "now()",
}


@dataclass(frozen=True, kw_only=True)
class PolicyFilter(ComponentFilter):
    """Which policies are wanted; None means any."""

    action_ref: str | None = None
    scope: PolicyScope | None = None
    tag: str | None = None


@dataclass(frozen=True, kw_only=True)
class QueueStatistics:
    """How the executions of one action stand."""

    active_count: int
    queue_length: int
    admitted_count: int
    """Of the active ones, those that policies bore on."""
    oldest_enqueued_at: datetime | None
    ever_admitted_count: int
    read_at: datetime


def visible_policies(caller: Caller) -> ColumnElement[bool]:
    """Return the condition under which a policy exists for the caller."""
    return visible(caller, Resource.ACTIONS, COLUMNS)


class PolicyRepository(ComponentRepository[Policy]):
    """The policies."""

    model = Policy
    searched = ("ref", "name", "description")

    async def add(self, entity: Policy) -> Policy:
        """Write a new policy, which binds whatever is decided from now on."""
        await self.exclude_decisions()
        return await super().add(entity)

    async def add_all(self, entities: Collection[Policy]) -> None:
        """Write policies, which bind whatever is decided from now on."""
        if entities:
            await self.exclude_decisions()
        await super().add_all(entities)

    async def exclude_decisions(self) -> None:
        """Let nobody decide by the policies until the end of the transaction."""
        await self._session.execute(_EXCLUDE_DECISIONS)

    async def enabled(self) -> list[PolicyTerms]:
        """Return the terms of all policies that are in force."""
        return (await self.in_force())[0]

    async def in_force(self) -> tuple[list[PolicyTerms], int]:
        """Return the terms of all policies, and the last requested execution's id."""
        rows = (await self._session.execute(_IN_FORCE)).all()
        return [_terms(row) for row in rows], rows[0].last_id if rows else 0

    async def schemas_within(
        self, scope: PolicyScope, action_ref: str | None, pack_ref: str | None
    ) -> list[JsonObject]:
        """Return the parameters' schemas of the actions that a policy would limit."""
        query = select(Action.param_schema)
        if scope is PolicyScope.ACTION:
            query = query.where(Action.ref == action_ref)
        elif scope is PolicyScope.PACK:
            query = query.where(Action.pack_ref == pack_ref)
        return list(await self._session.scalars(query))

    async def statistics(
        self, action_ref: str, *, among: ColumnElement[bool]
    ) -> QueueStatistics:
        """Count the executions of an action.

        What was admitted and has ended is what was admitted and is not live.
        """
        of_action = and_(Execution.action_ref == action_ref, among)
        ever = select(func.count()).where(of_action, Execution.admitted_at.is_not(None))
        query: Select[*tuple[Any, ...]] = select(
            *(literal_column(sql).label(name) for name, sql in _STATISTICS.items())
        ).where(of_action, Execution.status.in_(_LIVE))
        row = (await self._session.execute(query.select_from(Execution))).one()
        return QueueStatistics(
            **row._asdict(), ever_admitted_count=await self._session.scalar(ever) or 0
        )

    def _conditions(
        self, wanted: ComponentFilter
    ) -> Sequence[ColumnElement[bool] | None]:
        conditions = list(super()._conditions(wanted))
        if isinstance(wanted, PolicyFilter):
            conditions.append(equals(Policy.action_ref, wanted.action_ref))
            conditions.append(equals(Policy.scope_type, wanted.scope))
            if wanted.tag is not None:
                conditions.append(Policy.tags.contains([wanted.tag]))
        return conditions


def _terms(policy: Row[Any]) -> PolicyTerms:
    return PolicyTerms(
        id=policy.id,
        ref=policy.ref,
        scope=PolicyScope(policy.scope_type),
        action_ref=policy.action_ref,
        pack_ref=policy.pack_ref,
        priority=policy.priority,
        limits=tuple(_limits(policy)),
    )


def _limits(policy: Row[Any]) -> Iterator[Limit]:
    common: dict[str, Any] = {
        "method": PolicyMethod(policy.method),
        "parameters": tuple(policy.parameters),
    }
    if policy.threshold is not None:
        yield Limit(policy.ref, LimitKind.RUNNING, policy.threshold, **common)
    if policy.rate_limit_max_executions is not None:
        yield Limit(
            policy.ref,
            LimitKind.STARTS,
            policy.rate_limit_max_executions,
            window_seconds=policy.rate_limit_window_seconds or 0,
            **common,
        )
    for quota in policy.quotas:
        if quota["quota_type"] == QuotaType.RUNNING_EXECUTIONS:
            yield Limit(policy.ref, LimitKind.RUNNING, quota["limit"])
