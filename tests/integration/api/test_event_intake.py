"""The intake of events when what it remembers is old by a moment."""

import asyncpg
import pytest

from attune.db.database import Database
from attune.db.models import Action, Rule
from attune.security.encryption import Encryption
from attune.services.event.intake import AcceptedEvent, Intake, NewEvent
from attune.services.event.rulebook import Rulebook
from tests.support.builders import make_action, make_rule, make_trigger


@pytest.fixture
def intake() -> Intake:
    """An intake that nobody tells about changed definitions."""
    return Intake(Rulebook(), Encryption("k" * 32))


async def make_two_rules(database: Database) -> tuple[Rule, Rule]:
    async with database.transaction() as tx:
        trigger = await make_trigger(tx)
        first = await make_rule(tx, trigger, action_params={"n": "{{ event.payload }}"})
        return first, await make_rule(tx, trigger)


async def accept(intake: Intake, database: Database, rule: Rule) -> AcceptedEvent:
    async with database.transaction() as tx:
        new = NewEvent(trigger_ref=rule.trigger_ref, payload=1)
        return await intake.accept(tx, new)


async def started(sql: asyncpg.Connection, event: AcceptedEvent) -> list[str]:
    """Return the rules that started something because of the event."""
    rows = await sql.fetch(
        "SELECT x.rule_ref FROM attune.execution AS x"
        " JOIN attune.enforcement AS e ON e.id = x.enforcement"
        " WHERE e.event = $1 ORDER BY x.id",
        event.id,
    )
    return [row["rule_ref"] for row in rows]


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM attune.rule WHERE id = $1",
        "UPDATE attune.rule SET enabled = false WHERE id = $1",
        "DELETE FROM attune.action WHERE id = (SELECT action FROM attune.rule WHERE id = $1)",
        "DELETE FROM attune.pack WHERE id = (SELECT pack FROM attune.rule WHERE id = $1)",
    ],
    ids=["rule deleted", "rule disabled", "action deleted", "pack deleted"],
)
async def test_what_stopped_a_moment_ago_starts_nothing_and_loses_nothing(
    intake: Intake, database: Database, sql: asyncpg.Connection, change: str
) -> None:
    gone, stays = await make_two_rules(database)
    before = await accept(intake, database, gone)

    await sql.execute(change, gone.id)
    after = await accept(intake, database, gone)

    assert await started(sql, before) == [gone.ref, stays.ref]
    assert await started(sql, after) == [stays.ref]


async def test_what_starts_acts_for_the_owner_of_its_rule(
    intake: Intake, database: Database, sql: asyncpg.Connection
) -> None:
    gone, _ = await make_two_rules(database)
    await accept(intake, database, gone)
    owner_id = await sql.fetchval(
        "INSERT INTO attune.identity (login) VALUES ('owner') RETURNING id"
    )
    await sql.execute("UPDATE attune.rule SET owner_identity = $1", owner_id)

    event = await accept(intake, database, gone)

    executors = await sql.fetch(
        "SELECT DISTINCT x.executor FROM attune.execution AS x"
        " JOIN attune.enforcement AS e ON e.id = x.enforcement WHERE e.event = $1",
        event.id,
    )
    assert [row["executor"] for row in executors] == [owner_id]


async def test_a_disabled_action_is_not_started(
    database: Database, sql: asyncpg.Connection
) -> None:
    intake = Intake(Rulebook(), Encryption("k" * 32))
    async with database.transaction() as tx:
        action: Action = await make_action(tx, enabled=False)
        rule = await make_rule(tx, action=action)

    event = await accept(intake, database, rule)

    assert await started(sql, event) == []
    assert "disabled" in await sql.fetchval("SELECT last_error FROM attune.rule")


async def test_an_error_that_repeats_is_written_once(
    intake: Intake, database: Database, sql: asyncpg.Connection
) -> None:
    async with database.transaction() as tx:
        rule = await make_rule(
            tx, conditions={"expression": "{{ event.payload + 'x' }}"}
        )

    await accept(intake, database, rule)
    first = await sql.fetch("SELECT last_error_at, xmin FROM attune.rule")
    await accept(intake, database, rule)
    second = await sql.fetch("SELECT last_error_at, xmin FROM attune.rule")

    assert first == second
    assert first[0]["last_error_at"]
