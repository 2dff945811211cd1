"""Timers: locked to fire, found where nobody did, listed."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select, text, update

from attune.db.models.rule import Rule
from attune.db.models.timer import Timer
from attune.db.repositories.base import Repository
from attune.db.repositories.listing import page_of_columns
from attune.domain.page import PageRequest, PageResult

# In the order in which a change of the rule locks them, so that neither waits for the
# other in a circle.
_LOCK_RULE = text("SELECT id FROM attune.rule WHERE id = :rule_id FOR NO KEY UPDATE")
_LOCK = text("""
    SELECT
        t.id, t.rule, t.active, t.changed_at, t.done_until, t.fingerprint, t.anchor,
        t.told, t.fired_count, t.missed_count,
        r.ref AS rule_ref, r.trigger_ref, r.trigger_params,
        clock_timestamp() AS now
    FROM attune.timer AS t
    JOIN attune.rule AS r ON r.id = t.rule
    WHERE t.rule = :rule_id
    FOR NO KEY UPDATE OF t
""")

# The later it is, the longer until the next look: what keeps failing costs little.
_CLAIM_OVERDUE = text("""
    UPDATE attune.timer AS t
    SET look_at = now() + LEAST(
        GREATEST(now() - coalesce(t.next_due_at, now()), interval '3 seconds'),
        interval '5 minutes'
    )
    FROM (
        SELECT late.id, r.ref
        FROM attune.timer AS late
        JOIN attune.rule AS r ON r.id = late.rule
        WHERE late.look_at <= now()
        ORDER BY late.look_at
        LIMIT :limit
        FOR UPDATE OF late SKIP LOCKED
    ) AS due
    WHERE t.id = due.id
    RETURNING t.rule AS rule_id, due.ref AS rule_ref
""")

_VIEW = select(
    Timer.rule_id.label("rule"),
    Rule.ref.label("rule_ref"),
    Rule.trigger_ref,
    Rule.trigger_params,
    Rule.enabled,
    Timer.active,
    Timer.changed_at,
    Timer.fingerprint,
    Timer.anchor,
    Timer.done_until,
    Timer.next_due_at,
    Timer.last_fired_at,
    Timer.last_due_at,
    Timer.fired_count,
    Timer.missed_count,
    Timer.problem,
    func.now().label("now"),
).join_from(Timer, Rule, Rule.id == Timer.rule_id)


class TimerRepository(Repository[Timer]):
    """The timers beside their rules."""

    model = Timer

    async def lock_for_rule(self, rule_id: int) -> Row[Any] | None:
        """Return the timer with its rule, both locked; None for a rule that is none."""
        await self._session.execute(_LOCK_RULE, {"rule_id": rule_id})
        return (await self._session.execute(_LOCK, {"rule_id": rule_id})).one_or_none()

    async def write(self, timer_id: int, values: Mapping[str, Any]) -> None:
        """Record where a locked timer stands now."""
        await self._session.execute(
            update(Timer)
            .where(Timer.id == timer_id)
            .values(dict(values))
            .execution_options(synchronize_session=False)
        )

    async def remember(self, rule_id: int, told: str | None) -> None:
        """Record what Temporal was told of a timer."""
        await self._session.execute(
            update(Timer)
            .where(Timer.rule_id == rule_id)
            .values(told=told)
            .execution_options(synchronize_session=False)
        )

    async def claim_overdue(self, limit: int) -> Sequence[Row[Any]]:
        """Take timers that should have fired; each comes back unless it does."""
        rows = await self._session.execute(_CLAIM_OVERDUE, {"limit": limit})
        return rows.all()

    async def look_again(self, rule_ids: Collection[int]) -> None:
        """Give claims back at once."""
        await self._session.execute(
            update(Timer)
            .where(Timer.rule_id.in_(rule_ids), Timer.look_at.is_not(None))
            .values(look_at=func.now())
            .execution_options(synchronize_session=False)
        )

    async def told(self) -> Mapping[int, str | None]:
        """Return what Temporal was told of each active timer, by rule."""
        query = select(Timer.rule_id.label("rule_id"), Timer.told).where(Timer.active)
        return {row.rule_id: row.told for row in await self._session.execute(query)}

    async def view(self, rule_id: int) -> Row[*tuple[Any, ...]] | None:
        """Return what is shown of one timer."""
        query = _VIEW.where(Timer.rule_id == rule_id)
        return (await self._session.execute(query)).one_or_none()

    async def page(
        self, request: PageRequest, *, among: ColumnElement[bool]
    ) -> PageResult[Row[*tuple[Any, ...]]]:
        """Return one page of the timers, the next to fire first."""
        order = Timer.next_due_at.asc().nulls_last()
        return await page_of_columns(
            self._session, request, _VIEW, [among], order, Timer.id.asc()
        )
