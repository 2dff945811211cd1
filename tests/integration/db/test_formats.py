import asyncpg
import pytest

from tests.integration.db.plain_sql import (
    Sql,
    insert,
    insert_action,
    insert_pack,
    insert_trigger,
    update,
)


@pytest.mark.parametrize("ref", ["slack", "my_pack", "a1", "git-hub", "x" * 255])
async def test_pack_accepts_a_ref(sql: Sql, ref: str) -> None:
    pack = await insert_pack(sql, ref)

    assert pack["ref"] == ref


@pytest.mark.parametrize(
    "ref",
    ["", "a", "Slack", "1pack", "_pack", "a.b", "a b", "pack\n", "päck", "pack\u200b"],
)
async def test_pack_refuses_a_ref(sql: Sql, ref: str) -> None:
    with pytest.raises(asyncpg.PostgresError) as refusal:
        await insert_pack(sql, ref)

    assert refusal.value.sqlstate == "AT001"
    assert refusal.value.constraint_name == "pack_ref_format"


@pytest.mark.parametrize(
    "version",
    ["0.0.0", "1.2.3", "10.20.30", "1.0.0-alpha.1", "1.0.0-rc.1+build.5", "2.0.0+5"],
)
async def test_pack_accepts_a_version(sql: Sql, version: str) -> None:
    pack = await insert_pack(sql, version=version)

    assert pack["version"] == version


@pytest.mark.parametrize(
    "version", ["", "1", "1.0", "01.0.0", "1.0.0-", "1.0.0-01", "v1.0.0", "1.0.0 "]
)
async def test_pack_refuses_a_version(sql: Sql, version: str) -> None:
    with pytest.raises(asyncpg.PostgresError) as refusal:
        await insert_pack(sql, version=version)

    assert refusal.value.sqlstate == "AT002"


async def test_pack_refuses_a_version_it_is_updated_to(sql: Sql) -> None:
    pack = await insert_pack(sql)

    with pytest.raises(asyncpg.PostgresError) as refusal:
        await update(sql, "pack", pack["id"], version="next")

    assert refusal.value.sqlstate == "AT002"


COMPONENTS = {
    "runtime": {"name": "Shell"},
    "trigger": {},
    "sensor": {},
    "action": {},
    "rule": {"trigger_ref": "deploy.pushed", "action_ref": "deploy.run"},
    "workflow_definition": {"version": "1.0.0"},
    "permission_set": {},
    "policy": {"scope_type": "global"},
}


@pytest.mark.parametrize("table", COMPONENTS)
@pytest.mark.parametrize(
    "ref", ["deploy", "deploy.a.b", "Deploy.run", "deploy.Run", "deploy.", ".run", ""]
)
async def test_component_refuses_a_ref(sql: Sql, table: str, ref: str) -> None:
    await insert_pack(sql)

    with pytest.raises(asyncpg.PostgresError) as refusal:
        await insert(sql, table, ref=ref, pack_ref="deploy", **COMPONENTS[table])

    assert refusal.value.sqlstate == "AT001"
    assert refusal.value.constraint_name == f"{table}_ref_format"


@pytest.mark.parametrize("table", COMPONENTS)
async def test_component_bears_the_name_of_its_pack(sql: Sql, table: str) -> None:
    pack = await insert_pack(sql)

    with pytest.raises(asyncpg.PostgresError) as refusal:
        await insert(sql, table, ref="other.one", pack=pack["id"], **COMPONENTS[table])

    assert refusal.value.sqlstate == "AT004"


@pytest.mark.parametrize("table", COMPONENTS)
async def test_component_keeps_its_ref(sql: Sql, table: str) -> None:
    await insert_pack(sql)
    row = await insert(
        sql, table, ref="deploy.one", pack_ref="deploy", **COMPONENTS[table]
    )

    with pytest.raises(asyncpg.PostgresError) as refusal:
        await update(sql, table, row["id"], ref="deploy.two")

    assert refusal.value.sqlstate == "AT006"


async def test_pack_keeps_its_ref(sql: Sql) -> None:
    pack = await insert_pack(sql)

    with pytest.raises(asyncpg.PostgresError) as refusal:
        await update(sql, "pack", pack["id"], ref="release")

    assert refusal.value.sqlstate == "AT006"


async def test_policy_made_by_a_person_may_limit_any_pack(sql: Sql) -> None:
    await insert_pack(sql)

    policy = await insert(
        sql,
        "policy",
        ref="ops.calm",
        pack_ref="deploy",
        scope_type="pack",
        is_adhoc=True,
    )

    assert policy["pack_ref"] == "deploy"


async def test_trigger_and_runtime_need_no_pack(sql: Sql) -> None:
    trigger = await insert(sql, "trigger", ref="web.hook")
    runtime = await insert(sql, "runtime", ref="core.shell", name="Shell")

    assert trigger["pack"] is runtime["pack"] is None


async def test_refs_are_unique_within_their_kind(sql: Sql) -> None:
    await insert_pack(sql)
    await insert_action(sql, "deploy.same")
    await insert_trigger(sql, "deploy.same")

    with pytest.raises(asyncpg.UniqueViolationError):
        await insert_action(sql, "deploy.same")


async def test_ref_of_256_characters_is_refused(sql: Sql) -> None:
    with pytest.raises(asyncpg.StringDataRightTruncationError):
        await insert_pack(sql, "x" * 256)
