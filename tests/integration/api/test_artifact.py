"""Artifacts over HTTP: made, changed, and seen by those who may."""

import asyncio
from typing import Any

import pytest

from attune.db.database import Database
from attune.domain.execution import ExecutionStatus as Status
from attune.domain.permission import TokenType
from tests.integration.api.artifacts import artifact_body
from tests.integration.api.defining import Workshop, make_private_pack, make_workshop
from tests.integration.api.people import Api, grant
from tests.integration.api.shapes import assert_shape
from tests.support.builders import make_action, make_execution

SUMMARY = {
    "id": int,
    "ref": str,
    "type": str,
    "scope": str,
    "owner": str,
    "visibility": str,
    "classification": str,
    "created": str,
    "updated": str,
}


@pytest.fixture
async def shop(api: Api) -> Workshop:
    """Somebody who may do everything."""
    return await make_workshop(api)


async def test_artifact_is_made_with_the_defaults_of_the_contract(
    shop: Workshop,
) -> None:
    made = await shop.post("/artifacts", artifact_body(shop))
    progress = await shop.post(
        "/artifacts", artifact_body(shop, "steps", type="progress")
    )

    assert_shape(made, SUMMARY | {"retention_limit": int, "retention_policy": str})
    assert (made["visibility"], progress["visibility"]) == ("private", "public")
    assert (made["retention_policy"], made["retention_limit"]) == ("versions", 5)
    by_ref = await shop.get(f"/artifacts/ref/{made['ref']}")
    assert by_ref["id"] == made["id"]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"ref": "../etc"}, "ref"),
        ({"ref": "a..b"}, "ref"),
        ({"owner": "no.dots.here.please"}, "owner"),
        ({"scope": "action", "owner": "nodot"}, "owner"),
        ({"scope": "identity", "owner": "me"}, "owner"),
        ({"content_type": "text/html\r\nX: y"}, "content_type"),
        ({"retention_limit": 0}, "retention_limit"),
    ],
)
async def test_wrong_artifact_is_refused_with_its_place(
    shop: Workshop, change: dict[str, Any], place: str
) -> None:
    answer = await shop.send("POST", "/artifacts", artifact_body(shop, **change))

    assert answer.status_code == 422
    assert place in answer.text


async def test_taken_ref_is_a_conflict(shop: Workshop) -> None:
    await shop.post("/artifacts", artifact_body(shop))

    assert (
        await shop.send("POST", "/artifacts", artifact_body(shop))
    ).status_code == 409


async def test_update_changes_what_is_given_and_clears_what_is_cleared(
    shop: Workshop,
) -> None:
    made = await shop.post(
        "/artifacts", artifact_body(shop, name="Report", description="x")
    )

    changed = await shop.put(
        f"/artifacts/{made['id']}",
        {"name": {"op": "clear"}, "visibility": "public", "description": None},
    )

    assert "name" not in changed
    assert (changed["visibility"], changed["description"]) == ("public", "x")


async def test_progress_keeps_every_entry_of_many_at_once(shop: Workshop) -> None:
    made = await shop.post("/artifacts", artifact_body(shop, type="progress"))
    path = f"/artifacts/{made['id']}/progress"

    await asyncio.gather(
        *(shop.post(path, {"entry": {"percent": n}}) for n in range(30))
    )

    data = (await shop.get(f"/artifacts/{made['id']}"))["data"]
    assert sorted(entry["percent"] for entry in data) == list(range(30))
    text = await shop.post("/artifacts", artifact_body(shop, "text"))
    refused = await shop.send(
        "POST", f"/artifacts/{text['id']}/progress", {"entry": {}}
    )
    assert refused.status_code == 409


async def test_stream_of_progress_ends_with_its_execution(
    shop: Workshop, database: Database
) -> None:
    async with database.transaction() as tx:
        execution = await make_execution(
            tx, await make_action(tx), status=Status.COMPLETED
        )
    made = await shop.post("/artifacts", artifact_body(shop, type="progress"))
    await shop.post(f"/artifacts/{made['id']}/progress", {"entry": {"percent": 50}})
    async with database.transaction() as tx:
        (await tx.artifacts.lock(made["id"])).execution_id = execution.id

    answer = await shop.send("GET", f"/artifacts/{made['id']}/stream")

    assert 'event: content\nid: 1\ndata: [{"percent": 50}]' in answer.text
    assert answer.text.endswith("event: done\nid: 1\ndata: \n\n")


async def test_private_artifact_exists_for_its_owner_only(api: Api) -> None:
    shop = await make_workshop(api)
    owner = await api.person([grant("artifacts", "read", "create", "update")])
    fellow = await api.person([grant("artifacts", "read", "update", "delete")])
    mine = artifact_body(shop, "mine", scope="identity", owner=str(owner.id))

    made = (await shop.send("POST", "/artifacts", mine, who=owner)).json()["data"]

    path = f"/artifacts/{made['id']}"
    assert (await shop.send("GET", path, who=owner)).status_code == 200
    for method in ("GET", "DELETE"):
        refused = await shop.send(method, path, who=fellow)
        assert refused.status_code == 404
    listed = (await shop.send("GET", "/artifacts", who=fellow)).json()["items"]
    assert listed == []
    await shop.send("PUT", path, {"visibility": "public"}, who=owner)
    assert (await shop.send("GET", path, who=fellow)).status_code == 200


async def test_artifact_of_a_hidden_pack_is_hidden(api: Api) -> None:
    shop = await make_workshop(api)
    stranger = await api.administrator()
    pack = await make_private_pack(api, stranger)
    made = await shop.send(
        "POST",
        "/artifacts",
        artifact_body(shop, owner=pack.ref, ref=f"{pack.ref}.x"),
        who=stranger,
    )
    assert made.status_code == 201

    path = f"/artifacts/{made.json()['data']['id']}"
    assert (await shop.send("GET", path)).status_code == 404
    intruding = artifact_body(shop, owner=pack.ref, ref=f"{pack.ref}.y")
    assert (await shop.send("POST", "/artifacts", intruding)).status_code == 404


async def test_artifact_moves_only_to_an_owner_one_may_act_for(api: Api) -> None:
    shop = await make_workshop(api)
    stranger = await api.administrator()
    hidden = await make_private_pack(api, stranger)
    here = [shop.pack.ref]
    mover = await api.person(
        [
            grant("packs", "read"),
            grant("artifacts", "read", "create", "update", pack_refs=here),
            grant("artifacts", "read", "create", "update", owner="self"),
        ]
    )
    made = await shop.send("POST", "/artifacts", artifact_body(shop), who=mover)
    assert made.status_code == 201, made.text
    path = f"/artifacts/{made.json()['data']['id']}"

    async def moved(scope: str, owner: str) -> int:
        body = {"scope": scope, "owner": owner}
        return (await shop.send("PUT", path, body, who=mover)).status_code

    assert await moved("pack", hidden.ref) in {403, 404}
    assert await moved("action", f"{hidden.ref}.work") in {403, 404}
    assert await moved("identity", str(stranger.id)) == 403
    assert await moved("system", "") == 403
    shown = (await shop.send("GET", path, who=mover)).json()["data"]
    assert (shown["scope"], shown["owner"]) == ("pack", shop.pack.ref)
    assert await moved("identity", str(mover.id)) == 200


async def test_execution_changes_artifacts_of_its_own_pack_only(
    shop: Workshop, database: Database
) -> None:
    async with database.transaction() as tx:
        execution = await make_execution(tx, await make_action(tx))
    action_ref = f"{shop.pack.ref}.work"
    token = shop.api.headers(
        TokenType.EXECUTION,
        shop.who.id,
        login="execution",
        execution_id=execution.id,
        action_ref=action_ref,
        permission_set_refs=["standard"],
    )

    own = await shop.api.client.post(
        "/api/v1/artifacts",
        json=artifact_body(shop, scope="action", owner=action_ref),
        headers=token,
    )
    foreign = await shop.api.client.post(
        "/api/v1/artifacts",
        json=artifact_body(shop, owner="core", ref="core.x"),
        headers=token,
    )

    assert own.status_code == 201, own.text
    assert own.json()["data"]["execution"] == execution.id
    assert foreign.status_code == 403
