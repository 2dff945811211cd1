"""Timers as people see them: when each fires next, and what it did so far."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final

from attune.clock import utc_now
from attune.db.database import Database
from attune.db.repositories.rule import visible_rules
from attune.domain.errors import InvalidInput, NotFound
from attune.domain.json import JsonObject
from attune.domain.page import PageRequest, PageResult
from attune.domain.permission import Caller
from attune.domain.timer import TIMER_TRIGGERS, Misfire, TimerKind
from attune.domain.timer_state import state_of
from attune.domain.timer_text import read_timer
from attune.services.timer.standing import Standing, standing_of

MOST_FIRINGS: Final = 100


@dataclass(frozen=True, kw_only=True)
class TimerView:
    """A timer, and when it fires next."""

    rule: int
    rule_ref: str
    trigger_ref: str
    type: TimerKind
    schedule: str | None
    enabled: bool
    active: bool
    misfire: Misfire | None
    misfire_limit: int | None
    firings: Sequence[datetime]
    last_fired_at: datetime | None
    last_scheduled_at: datetime | None
    execution_count: int
    missed_count: int
    problem: str | None

    @property
    def next_fire_at(self) -> datetime | None:
        """The first of the next times."""
        return self.firings[0] if self.firings else None


@dataclass(frozen=True, kw_only=True)
class TimerPreview:
    """What a timer would do."""

    type: TimerKind
    schedule: str
    misfire: Misfire
    misfire_limit: int
    firings: Sequence[datetime]


class TimerService:
    """The timers whose rules a caller may see."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, caller: Caller, request: PageRequest, *, count: int
    ) -> PageResult[TimerView]:
        """Return one page of the timers, the next to fire first."""
        async with self._database.transaction() as tx:
            found = await tx.timers.page(request, among=visible_rules(caller))
        # Rules that are rarely due take a while to compute, and others are waiting.
        views = await asyncio.to_thread(
            lambda: [_view(row, count) for row in found.items]
        )
        return PageResult(
            items=views, request=request, total=found.total, has_next=found.has_next
        )

    async def get(self, caller: Caller, rule_ref: str, *, count: int) -> TimerView:
        """Return the timer of a rule, or raise NotFound."""
        async with self._database.transaction() as tx:
            rule = await tx.rules.get_by_ref(rule_ref, among=visible_rules(caller))
            row = await tx.timers.view(rule.id)
        if row is None:
            raise NotFound(entity="timer", ref=rule_ref)
        return await asyncio.to_thread(_view, row, count)

    async def preview(
        self, trigger_ref: str, params: JsonObject, *, count: int
    ) -> TimerPreview:
        """Return when a rule would fire if it were made now; it need not exist."""
        if trigger_ref not in TIMER_TRIGGERS:
            triggers = ", ".join(TIMER_TRIGGERS)
            raise InvalidInput(f"trigger_ref: must be one of {triggers}")
        return await asyncio.to_thread(_preview, trigger_ref, params, count)


def _view(row: Any, count: int) -> TimerView:
    standing, problem = None, row.problem
    try:
        standing = standing_of(row)
    except InvalidInput as wrong:
        problem = "; ".join(wrong.problems)
    timer = standing.timer if standing else None
    return TimerView(
        rule=row.rule,
        rule_ref=row.rule_ref,
        trigger_ref=row.trigger_ref,
        type=TIMER_TRIGGERS[row.trigger_ref],
        schedule=timer.times.text if timer else None,
        enabled=row.enabled,
        active=row.active,
        misfire=timer.misfire if timer else None,
        misfire_limit=timer.misfire_limit if timer else None,
        firings=_firings(standing, row.now, count) if standing and row.active else [],
        last_fired_at=row.last_fired_at,
        last_scheduled_at=row.last_due_at,
        execution_count=row.fired_count,
        missed_count=row.missed_count,
        problem=problem,
    )


def _firings(standing: Standing, now: datetime, count: int) -> Sequence[datetime]:
    """Return the next times; what is overdue is no longer ahead."""
    state = standing.state
    times = standing.timer.due_after(max(now, state.done_until), state.anchor)
    return list(islice(times, min(count, MOST_FIRINGS)))


def _preview(trigger_ref: str, params: JsonObject, count: int) -> TimerPreview:
    timer, now = read_timer(trigger_ref, params), utc_now()
    standing = Standing(timer=timer, state=state_of(timer, None, changed_at=now))
    return TimerPreview(
        type=timer.kind,
        schedule=timer.times.text,
        misfire=timer.misfire,
        misfire_limit=timer.misfire_limit,
        firings=_firings(standing, now, count),
    )
