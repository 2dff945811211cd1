import asyncpg
import pytest

from tests.integration.db.plain_sql import (
    Row,
    Sql,
    count,
    delete,
    insert,
    insert_action,
    insert_pack,
)

REST = {"name": "token", "value": '"secret"'}


async def _insert_owners(sql: Sql) -> dict[str, Row]:
    await insert_pack(sql)
    return {
        "identity": await insert(sql, "identity", login="ada"),
        "pack": await insert_pack(sql, "release"),
        "action": await insert_action(sql),
        "sensor": await insert(sql, "sensor", ref="deploy.watch", pack_ref="deploy"),
    }


@pytest.mark.parametrize(
    ("kind", "owner", "ref"),
    [
        ("identity", "ada", "identity.ada.token"),
        ("pack", "release", "pack.release.token"),
        ("action", "deploy.run", "action.deploy.run.token"),
        ("sensor", "deploy.watch", "sensor.deploy.watch.token"),
    ],
)
async def test_owner_and_ref_follow_from_the_owners_id(
    sql: Sql, kind: str, owner: str, ref: str
) -> None:
    owners = await _insert_owners(sql)

    key = await insert(
        sql, "key", owner_type=kind, **{f"owner_{kind}": owners[kind]["id"]}, **REST
    )

    assert (key["owner"], key["ref"], key["local_ref"]) == (owner, ref, "token")


async def test_key_of_the_system_has_no_owner(sql: Sql) -> None:
    key = await insert(sql, "key", owner_type="system", **REST)

    assert (key["owner"], key["ref"]) == ("system", "system.token")


@pytest.mark.parametrize("kind", ["pack", "action", "sensor"])
async def test_owner_may_be_given_by_ref(sql: Sql, kind: str) -> None:
    owners = await _insert_owners(sql)

    key = await insert(
        sql,
        "key",
        owner_type=kind,
        **{f"owner_{kind}_ref": owners[kind]["ref"]},
        **REST,
    )

    assert key[f"owner_{kind}"] == owners[kind]["id"]


@pytest.mark.parametrize("kind", ["identity", "pack", "action", "sensor"])
async def test_key_without_its_owner_is_refused(sql: Sql, kind: str) -> None:
    with pytest.raises(asyncpg.PostgresError) as refusal:
        await insert(sql, "key", owner_type=kind, **REST)

    assert refusal.value.sqlstate == "AT005"
    assert refusal.value.constraint_name == "key_owner"


@pytest.mark.parametrize("kind", ["system", "identity", "pack", "action", "sensor"])
@pytest.mark.parametrize("other", ["identity", "pack", "action", "sensor"])
async def test_key_with_a_foreign_owner_is_refused(
    sql: Sql, kind: str, other: str
) -> None:
    if kind == other:
        return
    owners = await _insert_owners(sql)
    own = {} if kind == "system" else {f"owner_{kind}": owners[kind]["id"]}
    foreign = {f"owner_{other}": owners[other]["id"]}

    with pytest.raises(asyncpg.PostgresError) as refusal:
        await insert(sql, "key", owner_type=kind, **own, **foreign, **REST)

    assert refusal.value.sqlstate == "AT005"


async def test_owner_cannot_be_taken_away(sql: Sql) -> None:
    owners = await _insert_owners(sql)
    key = await insert(
        sql, "key", owner_type="pack", owner_pack=owners["pack"]["id"], **REST
    )

    with pytest.raises(asyncpg.PostgresError) as refusal:
        await sql.execute(
            "UPDATE attune.key SET owner_pack = NULL, owner_pack_ref = NULL"
            " WHERE id = $1",
            key["id"],
        )

    assert refusal.value.sqlstate == "AT005"


@pytest.mark.parametrize("kind", ["identity", "pack", "action", "sensor"])
async def test_key_goes_with_its_owner(sql: Sql, kind: str) -> None:
    owners = await _insert_owners(sql)
    owner = {f"owner_{kind}": owners[kind]["id"]}
    await insert(sql, "key", owner_type=kind, **owner, **REST)

    await delete(sql, kind, owners[kind]["id"])

    assert await count(sql, "key") == 0


async def test_name_is_unique_for_each_owner(sql: Sql) -> None:
    await _insert_owners(sql)
    await insert(sql, "key", owner_type="system", **REST)
    await insert(sql, "key", owner_type="pack", owner_pack_ref="deploy", **REST)
    await insert(sql, "key", owner_type="pack", owner_pack_ref="release", **REST)

    with pytest.raises(asyncpg.UniqueViolationError):
        await insert(
            sql, "key", owner_type="pack", owner_pack_ref="deploy", ref="x.y", **REST
        )


@pytest.mark.parametrize("ref", ["token", "test.ttl.temporary", "a.B.c-d.e_f", "ü"])
async def test_ref_is_used_as_given_if_it_has_the_form(sql: Sql, ref: str) -> None:
    if not ref.isascii():
        with pytest.raises(asyncpg.PostgresError) as refusal:
            await insert(sql, "key", owner_type="system", ref=ref, **REST)
        assert refusal.value.sqlstate == "AT001"
        return

    key = await insert(sql, "key", owner_type="system", ref=ref, **REST)

    assert (key["ref"], key["local_ref"]) == (ref, ref)


@pytest.mark.parametrize("ref", ["", ".", "a.", ".a", "a..b", "a b", "a\nb"])
async def test_ref_without_the_form_is_refused(sql: Sql, ref: str) -> None:
    with pytest.raises(asyncpg.PostgresError) as refusal:
        await insert(sql, "key", owner_type="system", ref=ref, **REST)

    assert refusal.value.sqlstate == "AT001"


async def test_local_ref_is_what_follows_the_owner(sql: Sql) -> None:
    await insert_pack(sql)

    key = await insert(
        sql,
        "key",
        owner_type="pack",
        owner_pack_ref="deploy",
        ref="pack.deploy.api.token",
        **REST,
    )

    assert key["local_ref"] == "api.token"


async def test_encrypted_key_names_the_key_it_is_encrypted_with(sql: Sql) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await insert(sql, "key", owner_type="system", encrypted=True, **REST)
