"""What one event costs does not depend on how much else there is."""

import statistics
import time

import asyncpg

from attune.db.database import Database
from attune.security.encryption import Encryption
from attune.services.event.intake import Intake, NewEvent
from attune.services.event.rulebook import Rulebook
from benchmarks.crowd import (
    MEASURED,
    PAYLOAD,
    RULES_OF_ONE,
    make_crowd,
    make_measured,
    make_pack,
)

ROUNDS = 25


async def median_cost(database: Database, *, remembers: bool) -> float:
    """Return the seconds of one event of the trigger that is measured."""
    intake = Intake(Rulebook(remembers=remembers), Encryption("k" * 32))
    new = NewEvent(trigger_ref=MEASURED, payload=PAYLOAD)
    spans = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        async with database.transaction() as tx:
            await intake.accept(tx, new)
        spans.append(time.perf_counter() - begun)
    return statistics.median(spans)


async def test_an_event_costs_the_same_among_many_rules_and_events(
    database: Database, sql: asyncpg.Connection
) -> None:
    """The bound is loose; `python -m benchmarks.intake` measures with a hundred times more."""
    await make_pack(sql)
    await make_measured(sql)
    alone = [await median_cost(database, remembers=known) for known in (True, False)]

    await make_crowd(sql, triggers=200, rules=1_000, events=1_000)
    crowded = [await median_cost(database, remembers=known) for known in (True, False)]

    assert await sql.fetchval("SELECT count(*) FROM attune.rule") == 1_000
    asked = await sql.fetchval(
        "SELECT jsonb_array_length(matches) FROM attune.event ORDER BY id DESC LIMIT 1"
    )
    assert asked == RULES_OF_ONE
    for before, after in zip(alone, crowded, strict=True):
        assert after < 5 * before + 0.01
