"""Timers in a database, and a past for them: what was due is due now."""

from datetime import datetime, timedelta
from typing import Any

import asyncpg

from attune.db.database import Database
from attune.db.models import Rule
from attune.messages.timer import TimerWake
from tests.support.builders import make_action, make_pack, make_trigger


async def make_timer(
    database: Database, kind: str = "interval", **params: Any
) -> TimerWake:
    """Make a rule on a timer trigger; returns what wakes it."""
    ref = f"core.{kind}timer"
    async with database.transaction() as tx:
        trigger = await tx.triggers.find_by_ref(ref)
        if trigger is None:
            core = await tx.packs.find_by_ref("core") or await make_pack(tx, ref="core")
            trigger = await make_trigger(tx, core, ref=ref)
        pack = await make_pack(tx)
        action = await make_action(tx, pack)
        rule = Rule(
            ref=f"{pack.ref}.tick",
            label="Tick",
            pack_id=pack.id,
            trigger_id=trigger.id,
            action_id=action.id,
            trigger_params=params,
        )
        await tx.rules.add(rule)
    return TimerWake(rule_id=rule.id, rule_ref=rule.ref)


async def age(sql: asyncpg.Connection, wake: TimerWake, seconds: float) -> None:
    """Let everything that is known of the timer have happened so long ago."""
    await sql.execute(
        """
        UPDATE attune.timer
        SET
            changed_at = changed_at - $2::interval,
            done_until = done_until - $2::interval,
            anchor = anchor - $2::interval,
            look_at = look_at - $2::interval
        WHERE rule = $1
        """,
        wake.rule_id,
        timedelta(seconds=seconds),
    )


async def row_of(sql: asyncpg.Connection, wake: TimerWake) -> dict[str, Any]:
    """Return what is known of the timer."""
    found = await sql.fetchrow(
        "SELECT * FROM attune.timer WHERE rule = $1", wake.rule_id
    )
    return dict(found or {})


async def fired(sql: asyncpg.Connection, wake: TimerWake) -> list[datetime]:
    """Return the times for which the rule has an event, in the order of the events."""
    rows = await sql.fetch(
        "SELECT config ->> 'scheduled_at' FROM attune.event WHERE rule = $1 ORDER BY id",
        wake.rule_id,
    )
    return [datetime.fromisoformat(row[0]) for row in rows]
