"""Rows written by plain SQL: what holds for these holds for everybody."""

import json
from typing import Any

import asyncpg

Sql = asyncpg.Connection
Row = dict[str, Any]


async def insert(sql: Sql, table: str, **values: Any) -> Row:
    """Insert a row with nothing but these values, and return it whole."""
    columns = ", ".join(values)
    places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
    statement = f"INSERT INTO attune.{table} ({columns}) VALUES ({places}) RETURNING *"  # noqa: S608 - the test's own names
    return _read(await sql.fetchrow(statement, *map(_write, values.values())))


async def update(sql: Sql, table: str, row_id: int, **values: Any) -> Row:
    """Set these values and return the whole row."""
    sets = ", ".join(f"{name} = ${n}" for n, name in enumerate(values, start=2))
    statement = f"UPDATE attune.{table} SET {sets} WHERE id = $1 RETURNING *"  # noqa: S608 - the test's own names
    return _read(await sql.fetchrow(statement, row_id, *map(_write, values.values())))


async def fetch(sql: Sql, table: str, row_id: int) -> Row:
    """Return the row as it is now."""
    statement = f"SELECT * FROM attune.{table} WHERE id = $1"  # noqa: S608 - the test's own names
    return _read(await sql.fetchrow(statement, row_id))


async def count(sql: Sql, table: str) -> int:
    """Return how many rows there are."""
    return int(await sql.fetchval(f"SELECT count(*) FROM attune.{table}"))  # noqa: S608 - the test's own names


async def fetch_by_ref(sql: Sql, table: str, ref: str) -> Row:
    """Return the row of this ref."""
    statement = f"SELECT * FROM attune.{table} WHERE ref = $1"  # noqa: S608 - the test's own names
    return _read(await sql.fetchrow(statement, ref))


async def delete(sql: Sql, table: str, row_id: int) -> None:
    """Delete the row."""
    await sql.execute(f"DELETE FROM attune.{table} WHERE id = $1", row_id)  # noqa: S608 - the test's own names


async def insert_pack(sql: Sql, ref: str = "deploy", **values: Any) -> Row:
    """Insert a pack."""
    defaults = {"ref": ref, "label": "Deploy", "version": "1.0.0"}
    return await insert(sql, "pack", **defaults | values)


async def insert_action(sql: Sql, ref: str = "deploy.run", **values: Any) -> Row:
    """Insert an action of a pack that exists."""
    return await insert(
        sql,
        "action",
        **{"ref": ref, "pack_ref": ref.split(".", maxsplit=1)[0]} | values,
    )


async def insert_trigger(sql: Sql, ref: str = "deploy.pushed", **values: Any) -> Row:
    """Insert a trigger of a pack that exists."""
    return await insert(
        sql,
        "trigger",
        **{"ref": ref, "pack_ref": ref.split(".", maxsplit=1)[0]} | values,
    )


async def insert_rule(sql: Sql, ref: str = "deploy.on_push", **values: Any) -> Row:
    """Insert a rule from deploy.pushed to deploy.run."""
    defaults = {
        "ref": ref,
        "pack_ref": ref.split(".", maxsplit=1)[0],
        "trigger_ref": "deploy.pushed",
        "action_ref": "deploy.run",
    }
    return await insert(sql, "rule", **defaults | values)


async def insert_everything(sql: Sql) -> None:
    """Insert the pack `deploy` with a trigger, an action and a rule between them."""
    await insert_pack(sql)
    await insert(
        sql,
        "runtime",
        ref="deploy.shell",
        name="Shell",
        pack_ref="deploy",
        execution_config={"interpreter": {"binary": "/bin/bash"}},
    )
    await insert_trigger(sql, label="Pushed", out_schema={"branch": {"type": "string"}})
    await insert_action(
        sql, label="Run", runtime_ref="deploy.shell", entrypoint="echo run"
    )
    await insert_rule(sql, action_params={"branch": "{{ event.payload.branch }}"})


def _write(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict) else value


def _read(record: asyncpg.Record | None) -> Row:
    assert record is not None
    return {
        name: json.loads(value)
        if isinstance(value, str) and value[:1] in {"{", "["}
        else value
        for name, value in record.items()
    }
