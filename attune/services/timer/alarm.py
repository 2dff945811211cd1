"""What Temporal has to be told, so that timers are woken in time."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from attune.db.database import Database, Transaction
from attune.domain.alarm import Alarm, SleepAlarm, alarm_of
from attune.domain.errors import InvalidInput
from attune.messages.timer import TimerWake
from attune.services.timer.standing import broken_columns, columns_of, standing_of

CLAIM_LIMIT: Final = 200

SLEEPING: Final = "sleep"
"""What is told of a timer for which a run sleeps; of others, their fingerprint."""


@dataclass(frozen=True, kw_only=True)
class AlarmOrder:
    """What a timer is to be woken by from now on; by nothing if there is no alarm."""

    rule_id: int
    rule_ref: str = ""
    alarm: Alarm | None = None
    text: str = ""
    fingerprint: str = ""
    is_overdue: bool = field(default=False, compare=False)
    """It is due already: what wakes it will do so for the time after."""

    @property
    def wake(self) -> TimerWake:
        """What the run that looks at the timer is given."""
        return TimerWake(
            rule_id=self.rule_id,
            rule_ref=self.rule_ref,
            sleeps=isinstance(self.alarm, SleepAlarm),
        )

    @property
    def told(self) -> str | None:
        """What is remembered of it, to find out whether Temporal still has it."""
        if self.alarm is None:
            return None
        return SLEEPING if isinstance(self.alarm, SleepAlarm) else self.fingerprint


class AlarmService:
    """Takes what has changed of timers, and finds what nobody woke."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self) -> Mapping[int, Sequence[int]]:
        """Take rules whose timers have changed, each with its outbox rows."""
        async with self._database.autocommit() as tx:
            return await tx.outbox.claim_timers(CLAIM_LIMIT)

    async def order(self, rule_id: int) -> AlarmOrder:
        """Return what the timer of a rule is to be woken by, as the rule is now."""
        async with self._database.transaction() as tx:
            row = await tx.timers.lock_for_rule(rule_id)
            if row is None or not row.active:
                return AlarmOrder(rule_id=rule_id)
            return await _order(tx, row)

    async def told(self, order: AlarmOrder, outbox_ids: Collection[int]) -> None:
        """Record that Temporal has it."""
        async with self._database.transaction() as tx:
            await tx.timers.remember(order.rule_id, order.told)
            await tx.outbox.forget(*outbox_ids)

    async def overdue(self) -> list[TimerWake]:
        """Take timers that should have fired and have not, whatever the reason."""
        async with self._database.autocommit() as tx:
            rows = await tx.timers.claim_overdue(CLAIM_LIMIT)
        return [TimerWake(rule_id=row.rule_id, rule_ref=row.rule_ref) for row in rows]

    async def give_back(self, wakes: Collection[TimerWake]) -> None:
        """Let others wake these timers, because Temporal did not answer."""
        async with self._database.autocommit() as tx:
            await tx.timers.look_again([wake.rule_id for wake in wakes])

    async def reconcile(self, found: Mapping[int, Collection[str]]) -> list[int]:
        """Have Temporal told anew of every timer of which it knows something else.

        Of each rule comes what Temporal was found to have, `SLEEPING` or fingerprints.
        """
        async with self._database.transaction() as tx:
            told = await tx.timers.told()
            differing = [
                rule_id
                for rule_id in sorted(told.keys() | found.keys())
                if set(found.get(rule_id, ())) != _only(told.get(rule_id))
            ]
            await tx.outbox.add_timers(differing)
        return differing


async def _order(tx: Transaction, row: Any) -> AlarmOrder:
    try:
        standing = standing_of(row)
    except InvalidInput as wrong:
        problem = "; ".join(wrong.problems)
        await tx.timers.write(row.id, broken_columns(problem))
        await tx.rules.note_error(row.rule, problem)
        return AlarmOrder(rule_id=row.rule)
    due = standing.next_due
    await tx.timers.write(row.id, columns_of(standing.state, due))
    if due is None:
        return AlarmOrder(rule_id=row.rule)
    return AlarmOrder(
        rule_id=row.rule,
        rule_ref=row.rule_ref,
        alarm=alarm_of(standing.timer, standing.state.anchor),
        text=standing.timer.times.text,
        fingerprint=standing.state.fingerprint,
        is_overdue=due <= row.now,
    )


def _only(told: str | None) -> set[str]:
    return set() if told is None else {told}
