"""Rules."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select, update

from attune.db.models import Rule
from attune.db.repositories.base import equals
from attune.db.repositories.component import ComponentFilter, ComponentRepository


@dataclass(frozen=True, kw_only=True)
class RuleFilter(ComponentFilter):
    """Which rules are wanted; None means any."""

    trigger_ref: str | None = None
    action_ref: str | None = None


class RuleRepository(ComponentRepository[Rule]):
    """The rules."""

    model = Rule

    async def find_enabled(self, trigger_ref: str) -> Sequence[Rule]:
        """Return the enabled rules of a trigger in the order they were made."""
        query = select(Rule).where(Rule.trigger_ref == trigger_ref, Rule.enabled)
        return await self._all(query.order_by(Rule.id))

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
