import pytest

from attune.db.base import Base
from tests.integration.db.plain_sql import (
    Sql,
    insert,
    insert_everything,
    insert_pack,
    update,
)

REVISED = sorted(
    table.name for table in Base.metadata.tables.values() if "updated" in table.columns
)


async def test_update_is_stamped(sql: Sql) -> None:
    pack = await insert_pack(sql)

    changed = await update(sql, "pack", pack["id"], label="Other")

    assert changed["updated"] > pack["updated"]
    assert changed["created"] == pack["created"]


@pytest.mark.parametrize("table", REVISED)
async def test_every_table_that_says_when_it_changed_is_stamped(
    sql: Sql, table: str
) -> None:
    found = await sql.fetchval(
        "SELECT count(*) FROM pg_trigger"
        " WHERE tgrelid = $1::regclass AND tgfoid = 'attune.stamp_updated'::regproc",
        f"attune.{table}",
    )

    assert found == 1


async def test_decided_enforcement_says_when(sql: Sql) -> None:
    await insert_everything(sql)
    open_one = await insert(sql, "enforcement", rule_ref="deploy.on_push")
    decided = await insert(
        sql, "enforcement", rule_ref="deploy.on_push", status="processed"
    )

    assert open_one["resolved_at"] is None
    assert decided["resolved_at"] is not None
    now = await update(sql, "enforcement", open_one["id"], status="disabled")
    assert now["resolved_at"] == now["updated"]
