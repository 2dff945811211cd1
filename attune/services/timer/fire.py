"""Emit the events of a timer: each time that is due, once.

The row is locked meanwhile. It says what has been dealt with, whoever asks and however
often, and whether the rule may still fire.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from weakref import WeakValueDictionary

from attune.db.database import Database, Transaction
from attune.domain.alarm import SleepAlarm, alarm_of
from attune.domain.errors import AttuneError, InvalidInput
from attune.domain.json import JsonObject
from attune.domain.misfire import Firing, FiringPlan, plan_firings
from attune.domain.timer_payload import timer_payload
from attune.messages.timer import TimerFired, TimerWake
from attune.security.encryption import Encryption
from attune.services.event.idempotency import namespaced_key
from attune.services.event.intake import Intake, NewEvent
from attune.services.event.payload_book import PayloadBook
from attune.services.event.rulebook import Rulebook
from attune.services.timer.standing import (
    Standing,
    broken_columns,
    columns_of,
    standing_of,
)

SOURCE: Final = "timer"
_LONG_AGO: Final = timedelta(minutes=1)
_EARLY: Final = timedelta(seconds=2)
_LONGEST_SLEEP: Final = timedelta(days=1)
_NOW: Final = timedelta()


class FireService:
    """Lets timers fire."""

    def __init__(self, database: Database, encryption: Encryption) -> None:
        self._database = database
        self._encryption = encryption
        self._turns = WeakValueDictionary[int, asyncio.Lock]()

    async def fire(self, wake: TimerWake) -> TimerFired:
        """Emit what is due of a rule that still is what it was when this was asked."""
        # After an outage many runs wake one timer; they wait without a connection.
        turn = self._turns.setdefault(wake.rule_id, asyncio.Lock())
        async with turn:
            try:
                return await self._look(wake)
            except AttuneError as error:
                if not error.retryable:
                    await self._note(wake.rule_id, error.message)
                raise

    async def _note(self, rule_id: int, problem: str) -> None:
        """Let people see what nobody foresaw; the next look tries again."""
        async with self._database.transaction() as tx:
            row = await tx.timers.lock_for_rule(rule_id)
            if row is not None:
                await tx.timers.write(row.id, {"problem": problem})

    async def _look(self, wake: TimerWake) -> TimerFired:
        async with self._database.transaction() as tx:
            row = await tx.timers.lock_for_rule(wake.rule_id)
            if row is None or not row.active:
                return TimerFired()
            try:
                standing = standing_of(row)
            except InvalidInput as wrong:
                problem = "; ".join(wrong.problems)
                await tx.timers.write(row.id, broken_columns(problem))
                return TimerFired()
            return await self._fire(tx, wake, row, standing)

    async def _fire(
        self, tx: Transaction, wake: TimerWake, row: Any, standing: Standing
    ) -> TimerFired:
        plan = await _plan(standing, row)
        failed = await self._emit(tx, row, standing, plan.firings)
        fired = [firing for firing in plan.firings if firing not in failed]
        after = _after(standing, plan)
        await _record(tx, row, after, plan, fired)
        again = _again(wake, row, after, plan)
        return TimerFired(
            fired_count=len(fired),
            again_in_seconds=None if again is None else again.total_seconds(),
        )

    async def _emit(
        self, tx: Transaction, row: Any, standing: Standing, firings: Sequence[Firing]
    ) -> list[Firing]:
        """Write the events; returns those that cannot be written at all."""
        intake = Intake(Rulebook(only=row.rule), self._encryption, PayloadBook())
        events = [
            _event(row, standing, firing, number)
            for number, firing in enumerate(firings, row.fired_count + 1)
        ]
        outcomes = await intake.accept_all(tx, events) if events else []
        failed = []
        for firing, outcome in zip(firings, outcomes, strict=True):
            if isinstance(outcome, AttuneError):
                await tx.rules.note_error(row.rule, outcome.message)
                failed.append(firing)
        return failed


async def _plan(standing: Standing, row: Any) -> FiringPlan:
    state = standing.state

    def plan() -> FiringPlan:
        return plan_firings(
            standing.timer,
            anchor=state.anchor,
            done_until=state.done_until,
            now=row.now,
        )

    if row.now - state.done_until < _LONG_AGO:
        return plan()
    # There may be thousands of times to look at.
    return await asyncio.to_thread(plan)


def _event(row: Any, standing: Standing, firing: Firing, number: int) -> NewEvent:
    timer, state = standing.timer, standing.state
    scheduled_at = firing.due.isoformat()
    payload = timer_payload(
        timer,
        due=firing.due,
        fired_at=row.now,
        next_due=next(timer.due_after(firing.due, state.anchor), None),
        count=number,
    )
    config: JsonObject = {"source": SOURCE, "scheduled_at": scheduled_at}
    if firing.missed_count:
        config["missed_count"] = firing.missed_count
    return NewEvent(
        trigger_ref=row.trigger_ref,
        payload=payload,
        config=config,
        source_ref=SOURCE,
        rule_id=row.rule,
        idempotency_key=namespaced_key(f"timer:{row.rule}", scheduled_at),
        key_names_content=True,
        may_be_refused=False,
    )


def _after(standing: Standing, plan: FiringPlan) -> Standing:
    return replace(standing, state=replace(standing.state, done_until=plan.done_until))


async def _record(
    tx: Transaction,
    row: Any,
    after: Standing,
    plan: FiringPlan,
    fired: Sequence[Firing],
) -> None:
    due = after.next_due
    values = columns_of(after.state, due)
    missed_count = plan.missed_count + len(plan.firings) - len(fired)
    if missed_count:
        values["missed_count"] = row.missed_count + missed_count
    if fired:
        values["last_fired_at"] = row.now
        values["last_due_at"] = fired[-1].due
        values["fired_count"] = row.fired_count + len(fired)
    await tx.timers.write(row.id, values)
    if due is None and row.told is not None:
        await tx.outbox.add_timers([row.rule])


def _again(
    wake: TimerWake, row: Any, after: Standing, plan: FiringPlan
) -> timedelta | None:
    """Return when the run that asks has to ask again."""
    if plan.has_more:
        return _NOW
    due = after.next_due
    if due is None:
        return None
    rest = max(due - row.now, _NOW)
    if wake.sleeps:
        sleeps = isinstance(alarm_of(after.timer, after.state.anchor), SleepAlarm)
        return min(rest, _LONGEST_SLEEP) if sleeps else None
    # By PostgreSQL's clock, which is the only one that counts, it was woken too soon.
    return rest if not plan.firings and rest < _EARLY else None
