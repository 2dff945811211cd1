import asyncpg
import pytest

from tests.integration.db.plain_sql import (
    Row,
    Sql,
    count,
    delete,
    fetch,
    fetch_by_ref,
    insert,
    insert_everything,
    insert_pack,
)


async def _insert_history(sql: Sql) -> dict[str, Row]:
    await insert_everything(sql)
    event = await insert(sql, "event", trigger_ref="deploy.pushed")
    enforcement = await insert(
        sql, "enforcement", rule_ref="deploy.on_push", event=event["id"]
    )
    execution = await insert(
        sql, "execution", action_ref="deploy.run", enforcement=enforcement["id"]
    )
    return {"event": event, "enforcement": enforcement, "execution": execution}


async def test_deleted_pack_takes_its_components_along(sql: Sql) -> None:
    pack = await insert_pack(sql, "release")
    await insert(sql, "action", ref="release.run", pack_ref="release")
    await insert(sql, "permission_set", ref="release.admin", pack_ref="release")

    await delete(sql, "pack", pack["id"])

    for table in ("action", "permission_set"):
        assert await count(sql, table) == 0


async def test_history_keeps_its_refs_when_the_pack_goes(sql: Sql) -> None:
    history = await _insert_history(sql)

    await sql.execute("DELETE FROM attune.pack")

    event = await fetch(sql, "event", history["event"]["id"])
    enforcement = await fetch(sql, "enforcement", history["enforcement"]["id"])
    execution = await fetch(sql, "execution", history["execution"]["id"])
    assert (event["trigger"], event["trigger_ref"]) == (None, "deploy.pushed")
    assert (enforcement["rule"], enforcement["rule_ref"]) == (None, "deploy.on_push")
    assert (execution["action"], execution["action_ref"]) == (None, "deploy.run")
    assert execution["definition"]["action"]["entrypoint"] == "echo run"


async def test_rule_outlives_trigger_and_action_and_keeps_their_refs(sql: Sql) -> None:
    await insert_everything(sql)

    await sql.execute("DELETE FROM attune.trigger")
    await sql.execute("DELETE FROM attune.action")

    rule = await fetch_by_ref(sql, "rule", "deploy.on_push")
    assert (rule["trigger"], rule["trigger_ref"]) == (None, "deploy.pushed")
    assert (rule["action"], rule["action_ref"]) == (None, "deploy.run")


async def test_enforcement_outlives_its_event(sql: Sql) -> None:
    history = await _insert_history(sql)

    await delete(sql, "event", history["event"]["id"])

    enforcement = await fetch(sql, "enforcement", history["enforcement"]["id"])
    assert (enforcement["event"], enforcement["trigger_ref"]) == (None, "deploy.pushed")


async def test_execution_outlives_executor_worker_and_enforcement(sql: Sql) -> None:
    await insert_everything(sql)
    ada = await insert(sql, "identity", login="ada")
    worker = await insert(sql, "worker", name="one")
    enforcement = await insert(sql, "enforcement", rule_ref="deploy.on_push")
    execution = await insert(
        sql,
        "execution",
        action_ref="deploy.run",
        executor=ada["id"],
        worker=worker["id"],
        enforcement=enforcement["id"],
    )

    await delete(sql, "identity", ada["id"])
    await delete(sql, "worker", worker["id"])
    await delete(sql, "enforcement", enforcement["id"])

    now = await fetch(sql, "execution", execution["id"])
    assert now["executor"] is now["worker"] is now["enforcement"] is None
    assert now["rule_ref"] == "deploy.on_push"


async def test_what_belongs_to_an_execution_goes_with_it(sql: Sql) -> None:
    history = await _insert_history(sql)
    execution = history["execution"]["id"]
    await insert(sql, "inquiry", execution=execution, prompt="Go on?")
    await insert(
        sql,
        "execution_log",
        execution=execution,
        stream="stdout",
        byte_offset=0,
        content=b"\x00\xff",
    )
    await insert(
        sql,
        "execution_secret_value",
        execution=execution,
        name="token",
        value="sealed",
        encryption_key_hash="hash",
    )

    await delete(sql, "execution", execution)

    for table in ("inquiry", "execution_log", "execution_secret_value"):
        assert await count(sql, table) == 0


async def test_enforcement_has_one_top_level_execution(sql: Sql) -> None:
    history = await _insert_history(sql)
    enforcement = history["enforcement"]["id"]

    with pytest.raises(asyncpg.UniqueViolationError) as refusal:
        await insert(sql, "execution", action_ref="deploy.run", enforcement=enforcement)

    assert refusal.value.constraint_name == "uq_execution_enforcement"


async def test_retries_of_a_deleted_execution_do_not_become_top_level(
    sql: Sql,
) -> None:
    history = await _insert_history(sql)
    first = history["execution"]
    values = {
        "action_ref": "deploy.run",
        "enforcement": first["enforcement"],
        "original_execution": first["id"],
    }
    retries = [await insert(sql, "execution", **values) for _ in range(2)]

    await delete(sql, "execution", first["id"])

    for retry in retries:
        now = await fetch(sql, "execution", retry["id"])
        assert now["original_execution"] is now["enforcement"] is None


async def test_rule_is_enforced_once_for_each_event(sql: Sql) -> None:
    history = await _insert_history(sql)

    with pytest.raises(asyncpg.UniqueViolationError):
        await insert(
            sql,
            "enforcement",
            rule_ref="deploy.on_push",
            event=history["event"]["id"],
        )


async def test_idempotency_key_is_unique_for_each_trigger(sql: Sql) -> None:
    await insert(sql, "event", trigger_ref="deploy.pushed", idempotency_key="1")
    await insert(sql, "event", trigger_ref="deploy.pulled", idempotency_key="1")

    with pytest.raises(asyncpg.UniqueViolationError):
        await insert(sql, "event", trigger_ref="deploy.pushed", idempotency_key="1")


async def test_owner_of_a_pack_cannot_be_deleted(sql: Sql) -> None:
    ada = await insert(sql, "identity", login="ada")
    await insert_pack(sql, owner_identity=ada["id"])

    with pytest.raises(asyncpg.RestrictViolationError):
        await delete(sql, "identity", ada["id"])
