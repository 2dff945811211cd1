"""Rules."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select, update

from attune.db.models import Rule
from attune.db.repositories.base import equals
from attune.db.repositories.component import ComponentFilter, ComponentRepository
from attune.db.visibility import Columns, visible
from attune.domain.permission import Caller, Resource

COLUMNS = Columns(
    pack_ref=Rule.pack_ref,
    owner_identity_id=Rule.owner_identity_id,
    ref=Rule.ref,
    id=Rule.id,
)
"""What constraints on rules are held against."""


@dataclass(frozen=True, kw_only=True)
class RuleFilter(ComponentFilter):
    """Which rules are wanted; None means any."""

    trigger_ref: str | None = None
    action_ref: str | None = None


def visible_rules(caller: Caller) -> ColumnElement[bool]:
    """Return the condition under which a rule exists for the caller."""
    return visible(caller, Resource.RULES, COLUMNS)


class RuleRepository(ComponentRepository[Rule]):
    """The rules."""

    model = Rule

    async def find_enabled(self, trigger_ref: str) -> Sequence[Rule]:
        """Return the enabled rules of a trigger in the order they were made."""
        query = select(Rule).where(Rule.trigger_ref == trigger_ref, Rule.enabled)
        return await self._all(query.order_by(Rule.id))

    async def visible_refs(self, refs: Collection[str], caller: Caller) -> set[str]:
        """Return those of the refs whose rules exist for the caller."""
        query = select(Rule.ref).where(Rule.ref.in_(refs), visible_rules(caller))
        return set(await self._session.scalars(query))

    async def record_error(self, rule_id: int, message: str) -> None:
        """Remember why the rule could last not be evaluated."""
        await self._session.execute(
            update(Rule)
            .where(Rule.id == rule_id)
            .values(last_error=message, last_error_at=func.now())
            .execution_options(synchronize_session=False)
        )

    def _conditions(
        self, wanted: ComponentFilter
    ) -> Sequence[ColumnElement[bool] | None]:
        conditions = list(super()._conditions(wanted))
        if isinstance(wanted, RuleFilter):
            conditions.append(equals(Rule.trigger_ref, wanted.trigger_ref))
            conditions.append(equals(Rule.action_ref, wanted.action_ref))
        return conditions
