"""Keys over HTTP: five kinds of owner, values for those who may know them."""

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from attune.clock import utc_now
from attune.domain.permission import TokenType
from tests.integration.api.defining import (
    Workshop,
    make_private_pack,
    make_workshop,
    refs,
)
from tests.integration.api.people import Api, grant
from tests.integration.api.shapes import assert_shape
from tests.support.builders import make_sensor

SECRET = "canary-5f2d9c1e7b"
SUMMARY = {
    "created": str,
    "encrypted": bool,
    "expires_at": str | None,
    "id": int,
    "local_ref": str,
    "name": str,
    "owner": str,
    "owner_type": str,
    "ref": str,
}
RESPONSE = SUMMARY | {
    "owner_action": int | None,
    "owner_action_ref": str | None,
    "owner_identity": int | None,
    "owner_pack": int | None,
    "owner_pack_ref": str | None,
    "owner_sensor": int | None,
    "owner_sensor_ref": str | None,
    "updated": str,
}


@pytest.fixture
async def shop(api: Api) -> Workshop:
    """A workshop with an action and a sensor."""
    shop = await make_workshop(api)
    await shop.action()
    async with api.database.transaction() as tx:
        await make_sensor(tx, shop.pack, ref=f"{shop.pack.ref}.watch")
    return shop


def body(**fields: Any) -> dict[str, Any]:
    return {"name": "token", "owner_type": "system", "value": SECRET} | fields


def owners(shop: Workshop) -> dict[str, tuple[dict[str, Any], str]]:
    """Return, by type, what names an owner, and the owner as text."""
    pack = shop.pack.ref
    return {
        "system": ({}, "system"),
        "identity": ({"owner_identity_login": shop.who.login}, shop.who.login),
        "pack": ({"owner_pack_ref": pack}, pack),
        "action": ({"owner_action_ref": f"{pack}.work"}, f"{pack}.work"),
        "sensor": ({"owner_sensor_ref": f"{pack}.watch"}, f"{pack}.watch"),
    }


@pytest.mark.parametrize("kind", ["system", "identity", "pack", "action", "sensor"])
async def test_a_key_of_each_kind_has_its_owner_and_its_ref(
    shop: Workshop, kind: str
) -> None:
    named, owner = owners(shop)[kind]
    prefix = "system" if kind == "system" else f"{kind}.{owner}"

    answer = await shop.send("POST", "/keys", body(owner_type=kind, **named))

    assert answer.status_code == 201, answer.text
    made = answer.json()["data"]
    assert_shape(made, RESPONSE)
    assert (made["ref"], made["local_ref"]) == (f"{prefix}.token", "token")
    assert (made["owner"], made["value"]) == (owner, SECRET)
    assert await shop.get(f"/keys/{made['ref']}") == made
    again = await shop.send("POST", "/keys", body(owner_type=kind, **named))
    assert again.status_code == 409


@pytest.mark.parametrize("encrypted", [False, True])
async def test_a_value_may_be_any_json(shop: Workshop, *, encrypted: bool) -> None:
    values = ["", "text", 0, 1.5, False, None, [], {"user": "a", "pins": [1, 2]}]
    for at, value in enumerate(values):
        sent = body(name=f"key{at}", value=value, encrypted=encrypted)

        made = await shop.post("/keys", sent)

        assert made["value"] == value
        assert (await shop.get(f"/keys/system.key{at}"))["value"] == value


async def test_a_ref_may_be_given_whole_or_in_part(shop: Workshop) -> None:
    whole = await shop.post("/keys", body(ref="test.ttl.temporary"))
    local = await shop.post("/keys", body(name="Git Hub", local_ref="git.hub"))

    assert (whole["ref"], whole["local_ref"]) == ("test.ttl.temporary",) * 2
    assert (local["ref"], local["name"]) == ("system.git.hub", "Git Hub")


async def test_what_cannot_be_meant_is_refused_with_its_place(shop: Workshop) -> None:
    for wrong, place in (
        ({"name": "two words"}, "name"),
        ({"name": "a\u200bb"}, "name"),
        ({"name": ""}, "name"),
        ({"ref": "a..b"}, "ref"),
        ({"ref": "pack.other.token"}, "ref"),
        ({"ref": "identity.somebody.token"}, "ref"),
        ({"local_ref": "a/b"}, "local_ref"),
        ({"owner_type": "nobody"}, "owner_type"),
        ({"owner_type": "pack"}, "owner_pack_ref"),
        ({"owner_pack_ref": "core"}, "owner_pack_ref"),
        ({"owner_type": "action", "owner_sensor_ref": "a.b"}, "owner_sensor_ref"),
        ({"expires_at": "soon"}, "expires_at"),
    ):
        answer = await shop.send("POST", "/keys", body(**wrong))

        assert answer.status_code == 422, (wrong, answer.text)
        assert place in answer.text, wrong
        assert SECRET not in answer.text
    for missing in body():
        sent = {name: value for name, value in body().items() if name != missing}

        answer = await shop.send("POST", "/keys", sent)

        assert answer.status_code == 422
        assert missing in answer.text


async def test_lists_hold_no_values_and_are_narrowed(shop: Workshop) -> None:
    for kind, (named, _) in owners(shop).items():
        await shop.post("/keys", body(owner_type=kind, encrypted=True, **named))

    listed = await shop.get("/keys", per_page=100)

    assert len(listed["items"]) == 5
    for item in listed["items"]:
        assert_shape(item, SUMMARY)
        assert "value" not in item
    of_pack = await shop.get("/keys", owner_type="pack", owner=shop.pack.ref)
    assert refs(of_pack) == [f"pack.{shop.pack.ref}.token"]
    within = await shop.get("/keys", pack_ref=shop.pack.ref)
    assert len(within["items"]) == 3
    assert refs(await shop.get("/keys", q="system.")) == ["system.token"]


async def test_an_encrypted_value_is_for_those_who_may_decrypt(
    shop: Workshop, api: Api, sql: asyncpg.Connection
) -> None:
    await shop.post("/keys", body(encrypted=True))
    await shop.post("/keys", body(name="open", value="plain"))
    reader = await api.person([grant("keys", "read")])
    decrypter = await api.person([grant("keys", "read", "decrypt")])

    masked = await shop.send("GET", "/keys/system.token", who=reader)
    wanted = await shop.send("GET", "/keys/system.token", who=reader, decrypt="true")
    plain = await shop.send("GET", "/keys/system.token", who=decrypter)
    spared = await shop.send(
        "GET", "/keys/system.token", who=decrypter, decrypt="false"
    )

    assert masked.json()["data"]["value"] is None
    assert wanted.status_code == 403
    assert plain.json()["data"]["value"] == SECRET
    assert spared.json()["data"]["value"] is None
    unmasked = await shop.send("GET", "/keys/system.open", who=reader)
    assert unmasked.json()["data"]["value"] == "plain"
    row = await sql.fetchrow("SELECT * FROM attune.key WHERE name = 'token'")
    assert row
    assert SECRET not in row["value"]
    assert len(row["encryption_key_hash"]) == 64


async def test_reading_a_secret_is_recorded_without_it(
    shop: Workshop, sql: asyncpg.Connection
) -> None:
    await shop.post("/keys", body(value="plain of-the-past"))
    await shop.put("/keys/system.token", {"value": SECRET, "encrypted": True})
    await shop.post("/keys", body(name="open", value="plain"))

    await shop.get("/keys/system.token", decrypt="false")
    await shop.get("/keys/system.open")
    await shop.get("/keys/system.token")

    trail = await sql.fetch("SELECT * FROM attune.audit_event ORDER BY id")
    read = [each for each in trail if each["event_type"] == "key.decrypted"]
    assert [each["resource_ref"] for each in read] == ["system.token"]
    assert read[0]["actor_login"] == shop.who.login
    for secret in (SECRET, "of-the-past"):
        assert not [each for each in trail if secret in str(dict(each))]


async def test_a_value_that_was_moved_does_not_decrypt(
    shop: Workshop, sql: asyncpg.Connection
) -> None:
    await shop.post("/keys", body(encrypted=True))
    await shop.post("/keys", body(name="mine", value="mine", encrypted=True))
    other = await shop.post("/keys", body(name="else", value="else", encrypted=True))
    await sql.execute("""
        UPDATE attune.key
        SET value = (SELECT value FROM attune.key WHERE name = 'token')
        WHERE name = 'mine'
    """)
    # Nor does a key that was given to somebody else.
    await sql.execute(
        "UPDATE attune.key SET owner_type = 'pack', owner_pack = $1 WHERE id = $2",
        shop.pack.id,
        other["id"],
    )

    for ref in ("system.mine", "system.else"):
        answer = await shop.send("GET", f"/keys/{ref}")

        assert answer.status_code == 409, answer.text
        assert SECRET not in answer.text


async def test_what_is_given_of_a_key_is_changed(shop: Workshop) -> None:
    made = await shop.post("/keys", body(encrypted=True))
    path = f"/keys/{made['ref']}"

    renamed = await shop.put(path, {"name": "other", "value": None})
    assert (renamed["name"], renamed["ref"]) == ("other", made["ref"])
    assert (await shop.get(path))["value"] == SECRET
    await shop.put(path, {"value": ["new"]})
    assert (await shop.get(path))["value"] == ["new"]
    opened = await shop.put(path, {"encrypted": False})
    assert (opened["encrypted"], opened["value"]) == (False, ["new"])
    closed = await shop.put(path, {"encrypted": True})
    assert (closed["encrypted"], closed["value"]) == (True, None)
    assert (await shop.get(path))["value"] == ["new"]
    gone = await shop.send("DELETE", path)
    assert gone.json()["success"] is True
    assert (await shop.send("GET", path)).status_code == 404


async def test_storing_in_plain_takes_the_right_to_decrypt(
    shop: Workshop, api: Api
) -> None:
    await shop.post("/keys", body(encrypted=True))
    editor = await api.person([grant("keys", "read", "update")])

    opened = await shop.send(
        "PUT", "/keys/system.token", {"encrypted": False}, who=editor
    )
    changed = await shop.send(
        "PUT", "/keys/system.token", {"value": "new", "encrypted": False}, who=editor
    )

    assert opened.status_code == 403
    assert changed.json()["data"]["value"] == "new"


async def test_an_expired_key_shows_no_value_until_it_is_prolonged(
    shop: Workshop,
) -> None:
    past = (utc_now() - timedelta(seconds=1)).isoformat()
    await shop.post("/keys", body(encrypted=True, expires_at=past))

    expired = await shop.get("/keys/system.token")
    await shop.put("/keys/system.token", {"expires_at": {"op": "clear"}})

    assert (expired["value"], expired["expires_at"]) != (None, None)
    assert expired["value"] is None
    found = await shop.get("/keys/system.token")
    assert (found["value"], found["expires_at"]) == (SECRET, None)


async def test_an_identitys_key_is_nobody_elses(shop: Workshop, api: Api) -> None:
    owner = await api.person([grant("keys", "read", "create", "decrypt")])
    mine = body(owner_type="identity", encrypted=True)
    made = await shop.send("POST", "/keys", mine, who=owner)
    path = f"/keys/{made.json()['data']['ref']}"
    named = await api.person(
        [grant("keys", "read", "decrypt", owner_types=["identity"])]
    )

    for method in ("GET", "PUT", "DELETE"):
        body_ = {"value": "x"} if method == "PUT" else None
        assert (await shop.send(method, path, body_)).status_code == 404
    assert refs(await shop.get("/keys")) == []
    own = await shop.send("GET", path, who=owner)
    assert own.json()["data"]["value"] == SECRET
    granted = await shop.send("GET", path, who=named)
    assert granted.json()["data"]["value"] == SECRET


async def test_only_who_tends_identities_gives_them_keys(
    shop: Workshop, api: Api
) -> None:
    maker = await api.person([grant("keys", "read", "create", "decrypt")])
    given = body(
        owner_type="identity", owner_identity_login=maker.login, encrypted=True
    )
    absent = body(owner_type="identity", owner_identity_login="nobody-of-us")
    others = body(owner_type="identity", owner_identity_login=shop.who.login)

    by_administrator = await shop.send("POST", "/keys", given)

    assert by_administrator.status_code == 201, by_administrator.text
    assert by_administrator.json()["data"]["value"] is None
    assert (await shop.send("POST", "/keys", absent)).status_code == 404
    for sent in (others, absent):
        assert (await shop.send("POST", "/keys", sent, who=maker)).status_code == 403


async def test_keys_of_hidden_packs_are_hidden(shop: Workshop, api: Api) -> None:
    owner = await api.administrator()
    pack = await make_private_pack(api, owner)
    sent = body(owner_type="pack", owner_pack_ref=pack.ref)
    assert (await shop.send("POST", "/keys", sent, who=owner)).status_code == 201

    assert (await shop.send("GET", f"/keys/pack.{pack.ref}.token")).status_code == 404
    assert (await shop.send("POST", "/keys", sent)).status_code == 404
    assert refs(await shop.get("/keys")) == []


async def test_grants_speak_of_owners_and_of_refs(shop: Workshop, api: Api) -> None:
    for kind, (named, _) in owners(shop).items():
        await shop.post("/keys", body(owner_type=kind, encrypted=True, **named))
    pack = shop.pack.ref
    of_pack = await api.person([grant("keys", "read", pack_refs=[pack])])
    of_action = await api.person(
        [grant("keys", "read", owner_types=["action"], owner_refs=[f"{pack}.work"])]
    )
    of_ref = await api.person([grant("keys", "read", refs=["system.token"])])

    async def seen(who: Any) -> list[str]:
        return refs((await shop.send("GET", "/keys", who=who)).json())

    assert await seen(of_action) == [f"action.{pack}.work.token"]
    assert await seen(of_ref) == ["system.token"]
    assert len(await seen(of_pack)) == 3


async def test_an_execution_reads_what_its_action_and_its_pack_own(
    shop: Workshop, api: Api
) -> None:
    for kind, (named, _) in owners(shop).items():
        await shop.post("/keys", body(owner_type=kind, encrypted=True, **named))
    ref = f"{shop.pack.ref}.work"
    headers = api.headers(
        TokenType.EXECUTION,
        shop.who.id,
        execution_id=1,
        action_ref=ref,
        permission_set_refs=["standard"],
    )

    listed = await api.client.get("/api/v1/keys", headers=headers)
    own = await api.client.get(f"/api/v1/keys/action.{ref}.token", headers=headers)
    foreign = await api.client.get("/api/v1/keys/system.token", headers=headers)

    assert refs(listed.json()) == [
        f"action.{ref}.token",
        f"pack.{shop.pack.ref}.token",
    ]
    assert own.json()["data"]["value"] == SECRET
    assert foreign.status_code == 404


async def test_only_those_with_a_grant_change_keys(shop: Workshop, api: Api) -> None:
    await shop.post("/keys", body())
    reader = await api.person([grant("keys", "read")])

    for method, path, sent in (
        ("POST", "/keys", body(name="other")),
        ("PUT", "/keys/system.token", {"value": "x"}),
        ("DELETE", "/keys/system.token", None),
    ):
        assert (await shop.send(method, path, sent, who=reader)).status_code == 403
