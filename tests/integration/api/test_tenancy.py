"""One owner's things do not exist for another: on no route, in no list, in no count."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from attune.db.repositories.enforcement import EnforcementFilter
from attune.domain.page import PageRequest
from tests.integration.api.operations import Operation
from tests.integration.api.owned import MARK, TENANT, Owned, granted, make_owned
from tests.integration.api.people import Api, Person, grant
from tests.integration.api.walking import is_list, send, walked
from tests.support.builders import make_worker
from tests.support.eventually import eventually

NOBODYS = {
    "GET /auth/me",
    "PUT /auth/me",
    "POST /auth/change-password",
    "POST /api/v1/timers/preview",
}
"""Their paths and bodies name no thing of anybody's."""


def parameters(app: FastAPI, operation: Operation) -> list[str]:
    described = app.openapi()["paths"][operation.template][operation.method.lower()]
    return [p["name"] for p in described.get("parameters", []) if p["in"] == "query"]


@pytest.fixture
async def owned(api: Api) -> Owned:
    return await make_owned(api)


@pytest.fixture
async def other(api: Api) -> Person:
    return await api.person(TENANT)


async def test_the_owner_of_all_that_sees_it(api: Api, owned: Owned) -> None:
    wanted = [
        o
        for o in walked(api.app)
        if o.method == "GET" and not o.template.endswith("/stream")
    ]

    statuses = {
        str(o): (await send(api, owned.who.headers, o, owned)).status_code
        for o in wanted
    }

    missing = {
        "GET /api/v1/workers",
        "GET /api/v1/workers/{worker_id}",
        # Its trigger is no timer.
        "GET /api/v1/rules/{ref}/firings",
    }
    assert {o: s for o, s in statuses.items() if s != 200 and o not in missing} == {}


async def test_nothing_of_another_owner_exists_on_any_route(
    api: Api, owned: Owned, other: Person
) -> None:
    found = {}
    for operation in walked(api.app):
        if is_list(operation) or str(operation) in NOBODYS:
            continue
        answer = await send(api, other.headers, operation, owned)
        if not is_empty(answer):
            found[str(operation)] = (answer.status_code, answer.text)

    assert {
        o: answer
        for o, answer in found.items()
        if answer[0] not in {403, 404, *_KNOWN_TAKEN.get(o, ())}
    } == {}
    assert {o: text for o, (_, text) in found.items() if f'"{MARK}"' in text} == {}


_KNOWN_TAKEN: Mapping[str, set[int]] = {
    # Names are taken for everybody alike.
    "POST /api/v1/packs": {409},
    "POST /api/v1/packs/upload": {409},
    # What is asked of the server's own files is not there.
    "POST /api/v1/packs/register": {422},
    "POST /api/v1/packs/install": {422, 501},
    # Each answer stands for itself.
    "POST /api/v1/events/batch": {200, 207},
}


async def test_nothing_of_another_owner_is_in_any_list_or_count(
    api: Api, owned: Owned, other: Person
) -> None:
    async with api.database.transaction() as tx:
        await make_worker(tx)
    leaks = {}
    for operation in filter(is_list, walked(api.app)):
        for query in ({}, *owned.filters(parameters(api.app, operation))):
            answer = await send(
                api, other.headers, operation, owned, include_total="true", **query
            )
            if _shows(answer):
                leaks[f"{operation} {query}"] = answer.text

    assert leaks == {}


def is_empty(answer: httpx.Response) -> bool:
    """Tell whether the answer is a list without anything in it."""
    if answer.status_code != 200 or not isinstance(answer.json(), dict):
        return False
    document = answer.json()
    counted = document.get("pagination", {}).get("total_items")
    return [] in (document.get("items"), document.get("data")) and not counted


def _shows(answer: httpx.Response) -> bool:
    if answer.status_code in {403, 404}:
        return False
    assert answer.status_code == 200, answer.text
    document = answer.json()
    if MARK in answer.text:
        return True
    if not isinstance(document, dict) or "pagination" not in document:
        return False
    total = document["pagination"].get("total_items")
    return total not in (None, len(document["items"]))


@pytest.mark.usefixtures("owned")
async def test_statistics_count_only_what_is_ones_own(api: Api, other: Person) -> None:
    stats = await api.client.get("/api/v1/executions/stats", headers=other.headers)

    assert stats.json()["data"]["total"] == 0


async def test_an_administrator_does_not_see_into_a_private_pack(
    api: Api, owned: Owned
) -> None:
    root = await api.person(granted("admin"))
    about_people = ("identities", "permissions", "audit", "workers", "packs/install")
    found = {}
    for operation in walked(api.app):
        template = operation.template
        if operation.method != "GET" or any(f"/{w}" in template for w in about_people):
            continue
        if template.endswith("/stream"):
            continue
        answer = await send(api, root.headers, operation, owned)
        if f"{MARK}pack" in answer.text and answer.status_code != 404:
            found[str(operation)] = answer.text

    assert found == {}


async def test_what_has_happened_stays_hidden_when_its_pack_is_gone(
    api: Api, owned: Owned
) -> None:
    root = await api.person(granted("admin"))
    path = f"/api/v1/packs/{owned.things['packs']}"
    gone = await api.client.delete(path, headers=owned.who.headers)
    assert gone.status_code == 200, gone.text
    body = {"ref": owned.things["packs"], "label": "New", "version": "1.0.0"}
    made = await api.client.post("/api/v1/packs", json=body, headers=root.headers)
    assert made.status_code == 201

    for word in ("events", "enforcements", "executions"):
        path = f"/api/v1/{word}/{owned.things[word]}"
        assert (await api.client.get(path, headers=root.headers)).status_code == 404
        answer = await api.client.get(path, headers=owned.who.headers)
        assert answer.status_code == 200, answer.text


async def test_a_grant_that_names_the_pack_shares_it(
    api: Api, owned: Owned, other: Person
) -> None:
    pack = str(owned.things["packs"])
    share = {
        "ref": "shared.pack",
        "grants": [
            grant("packs", "read", pack_refs=[pack]),
            grant("actions", "read", "execute", pack_refs=[pack]),
        ],
    }
    made = await api.client.post(
        "/api/v1/permissions/sets", json=share, headers=owned.who.headers
    )
    assert made.status_code == 201, made.text
    async with api.database.transaction() as tx:
        permset = await tx.permission_sets.get_by_ref("shared.pack")
        await tx.access.assign_set(other.id, permset.ref)
    action = f"/api/v1/actions/{owned.things['actions']}"

    async def is_shared() -> bool:
        answer = await api.client.get(action, headers=other.headers)
        return answer.status_code == 200

    await eventually(is_shared)
    started = await api.client.post(
        "/api/v1/executions/execute",
        json={"action_ref": owned.things["actions"]},
        headers=other.headers,
    )
    listed = await api.client.get("/api/v1/executions", headers=other.headers)
    ids = [each["id"] for each in listed.json()["items"]]
    of_owner = await api.client.get("/api/v1/executions", headers=owned.who.headers)

    assert started.status_code == 201, started.text
    assert ids == [started.json()["id"]]
    assert started.json()["id"] not in [e["id"] for e in of_owner.json()["items"]]


@dataclass(frozen=True)
class Neighbor:
    """Another owner, with a pack of their own and an action in it."""

    api: Api
    who: Person
    pack: str = "neighbors"

    async def post(self, path: str, body: Any) -> httpx.Response:
        return await self.api.client.post(
            f"/api/v1{path}", json=body, headers=self.who.headers
        )

    def named(self, word: str, **fields: Any) -> dict[str, Any]:
        return {
            "ref": f"{self.pack}.{word}",
            "pack_ref": self.pack,
            "label": "New",
        } | fields

    async def settle(self) -> None:
        """Make the pack and the action."""
        body = {"ref": self.pack, "label": "New", "version": "1.0.0"}
        await self.post("/packs", body)
        await self.post("/triggers", self.named("fired"))
        made = await self.post("/actions", self.named("work", entrypoint="echo"))
        assert made.status_code == 201, made.text


@pytest.fixture
async def neighbor(api: Api, other: Person) -> Neighbor:
    settled = Neighbor(api, other)
    await settled.settle()
    return settled


async def test_what_one_makes_refers_to_nothing_of_another_owner(
    owned: Owned, neighbor: Neighbor
) -> None:
    t, own = owned.things, f"{neighbor.pack}.work"
    graph = {"version": "1.0.0", "tasks": [{"name": "one", "action": t["actions"]}]}
    connects = {"trigger_ref": f"{neighbor.pack}.fired", "action_ref": own}
    key = {"local_ref": "new", "name": "new", "value": "x"}
    artifact = {"scope": "pack", "owner": neighbor.pack, "type": "file_text"}
    acting = {"permission_set_refs": [t["set"]]}
    attempts: list[tuple[str, dict[str, Any]]] = [
        ("/actions", neighbor.named("a", entrypoint="x", runtime_ref=t["runtimes"])),
        (
            "/actions",
            neighbor.named(
                "b",
                entrypoint="x",
                default_execution_permission_set_refs=[t["set"]],
            ),
        ),
        ("/workflows", neighbor.named("c", version="1.0.0", definition=graph)),
        ("/rules", neighbor.named("d", **connects) | {"trigger_ref": t["triggers"]}),
        ("/rules", neighbor.named("e", **connects) | {"action_ref": t["actions"]}),
        ("/rules", neighbor.named("f", **connects, **acting)),
        (
            "/rules",
            neighbor.named(
                "g", **connects, action_params={"x": f"{{{{ keystore.{t['keys']} }}}}"}
            ),
        ),
        ("/sensors", neighbor.named("h", entrypoint="x", runtime_ref=t["runtimes"])),
        (
            "/policies",
            {
                "ref": f"{neighbor.pack}.i",
                "name": "New",
                "scope": {"type": "action", "action_ref": t["actions"]},
                "concurrency": {"limit": 1},
            },
        ),
        ("/keys", key | {"owner_type": "action", "owner_action_ref": t["actions"]}),
        ("/keys", key | {"owner_type": "sensor", "owner_sensor_ref": t["sensors"]}),
        ("/keys", key | {"owner_type": "identity", "owner_identity_login": t["login"]}),
        ("/keys", key | {"owner_type": "system"}),
        ("/artifacts", artifact | {"ref": "new.two", "owner": t["packs"]}),
        ("/executions/execute", {"action_ref": own, **acting}),
        (
            "/permissions/sets",
            {
                "ref": "new.set",
                "grants": [grant("packs", "read", pack_refs=[str(t["packs"])])],
            },
        ),
    ]

    answers = [await neighbor.post(path, body) for path, body in attempts]

    refused = {403, 404, 422}
    assert [
        (path, body, answer.text)
        for (path, body), answer in zip(attempts, answers, strict=True)
        if answer.status_code not in refused
    ] == []


async def test_a_rule_fires_only_while_its_owner_sees_what_it_connects(
    api: Api, owned: Owned, neighbor: Neighbor
) -> None:
    pack, trigger = str(owned.things["packs"]), owned.things["triggers"]
    async with api.database.transaction() as tx:
        share = await api.assign(
            neighbor.who.id, [grant("triggers", "read", pack_refs=[pack])], tx
        )

    async def makes_rule() -> bool:
        body = neighbor.named(
            "when", trigger_ref=trigger, action_ref=f"{neighbor.pack}.work"
        )
        return (await neighbor.post("/rules", body)).status_code == 201

    await eventually(makes_rule)

    async def fires() -> bool:
        answer = await api.client.post(
            "/api/v1/events", json={"trigger_ref": trigger}, headers=owned.who.headers
        )
        assert answer.status_code == 201, answer.text
        event_id = answer.json()["data"]["id"]
        async with api.database.transaction() as tx:
            found = await tx.enforcements.page(
                PageRequest(), EnforcementFilter(event_id=event_id)
            )
        return f"{neighbor.pack}.when" in [row.rule_ref for row in found.items]

    assert await fires()
    async with api.database.transaction() as tx:
        await tx.permission_sets.remove(await tx.permission_sets.get_by_ref(share))

    async def is_over() -> bool:
        return not await fires()

    await eventually(is_over)
