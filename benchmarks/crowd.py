"""Definitions and events in numbers, written by plain SQL."""

import asyncpg

from attune.domain.json import JsonObject

PACK = "bench"
ACTION = f"{PACK}.work"
RULES_OF_ONE = 10
"""How many rules the trigger has that is measured."""
MEASURED = f"{PACK}.measured"
PAYLOAD: JsonObject = {
    "kind": "order",
    "total": 50,
    "customer": {"name": "Ada"},
    "tags": ["a"],
}

_NO_MATCH = """[
    {"field": "kind", "operator": "equals", "value": "order"},
    {"field": "customer.name", "operator": "icontains", "value": "ad"},
    {"expression": "event.payload.total > 100"}
]"""

Sql = asyncpg.Connection


async def make_pack(sql: Sql) -> None:
    """Make a pack with an action that could be executed."""
    await sql.execute(
        "INSERT INTO attune.pack (ref, label, version) VALUES ($1::text, 'Bench', '1.0.0')",
        PACK,
    )
    await sql.execute(
        "INSERT INTO attune.runtime (ref, name, pack_ref, execution_config)"
        " VALUES ($1::text || '.none', 'none', $1::text, '{\"interpreter\": {}}')",
        PACK,
    )
    await sql.execute(
        "INSERT INTO attune.action (ref, label, pack_ref, entrypoint, runtime_ref)"
        " VALUES ($1::text, 'Work', $2::text, 'true', $2::text || '.none')",
        ACTION,
        PACK,
    )


async def make_trigger(sql: Sql, ref: str) -> None:
    """Make a trigger."""
    await sql.execute(
        "INSERT INTO attune.trigger (ref, label, pack_ref) VALUES ($1, 'T', $2)",
        ref,
        PACK,
    )


async def make_rules(
    sql: Sql, trigger_ref: str, count: int, conditions: str = _NO_MATCH
) -> None:
    """Make rules of one trigger, as many as that."""
    await sql.execute(
        "INSERT INTO attune.rule"
        " (ref, label, pack_ref, trigger_ref, action_ref, conditions, action_params)"
        " SELECT $1::text || '_rule' || n, 'R', $2::text, $1::text, $3::text, $4::jsonb,"
        """ '{"who": "{{ event.payload.customer.name }}"}'"""
        " FROM generate_series(1, $5::int) AS n",
        trigger_ref,
        PACK,
        ACTION,
        conditions,
        count,
    )


async def make_measured(sql: Sql) -> None:
    """Make the trigger that is measured, with its rules, of which none matches."""
    await make_trigger(sql, MEASURED)
    await make_rules(sql, MEASURED, RULES_OF_ONE)


async def make_crowd(sql: Sql, *, triggers: int, rules: int, events: int) -> None:
    """Add other triggers with rules, and events, until there are so many in all."""
    stem = f"{PACK}.other"
    await sql.execute(
        "INSERT INTO attune.trigger (ref, label, pack_ref)"
        " SELECT $1::text || n, 'T', $2::text FROM generate_series(1, $3::int) AS n",
        stem,
        PACK,
        triggers - 1,
    )
    await sql.execute(
        "INSERT INTO attune.rule"
        " (ref, label, pack_ref, trigger_ref, action_ref, conditions)"
        " SELECT $1::text || '_rule' || n, 'R', $2::text, $1::text || (1 + n % ($3::int - 1)), $4::text, $5::jsonb"
        " FROM generate_series(1, $6::int) AS n",
        stem,
        PACK,
        triggers,
        ACTION,
        _NO_MATCH,
        rules - RULES_OF_ONE,
    )
    await _make_events(sql, events)
    await sql.execute("ANALYZE")


async def _make_events(sql: Sql, count: int) -> None:
    """Write events of all triggers in turn, without announcing each of them."""
    await sql.execute("SET session_replication_role = replica")
    await sql.execute(
        "INSERT INTO attune.event (trigger, trigger_ref, payload, idempotency_key)"
        " SELECT t.id, t.ref, jsonb_build_object('n', n), 'key' || n"
        " FROM generate_series(1, $1::int) AS n"
        " JOIN (SELECT id, ref, row_number() OVER () - 1 AS place, count(*) OVER () AS all_"
        "       FROM attune.trigger) AS t ON t.place = n % t.all_",
        count,
    )
    await sql.execute("SET session_replication_role = DEFAULT")
