"""Identities: who may look at them, change them, and act as them."""

from datetime import timedelta
from typing import Any

import httpx

from attune.api.app import create_app
from attune.clock import utc_now
from tests.integration.api.conftest import make_settings
from tests.integration.api.defining import make_private_pack
from tests.integration.api.people import PASSWORD, Api, Person, grant
from tests.support.eventually import eventually

ALL = ("read", "create", "update", "delete")
HELPDESK = [grant("identities", *ALL), grant("permissions", "read", "manage")]


async def send(
    api: Api, who: Person, method: str, path: str, body: object = None, **query: Any
) -> httpx.Response:
    return await api.client.request(
        method, f"/api/v1{path}", json=body, params=query, headers=who.headers
    )


async def log_in(api: Api, login: str, password: str = PASSWORD) -> httpx.Response:
    return await api.client.post(
        "/auth/login", json={"login": login, "password": password}
    )


async def token_login(api: Api, token: str) -> httpx.Response:
    return await api.client.post("/auth/token-login", json={"token": token})


def bearer(pair: httpx.Response) -> dict[str, str]:
    return {"Authorization": f"Bearer {pair.json()['data']['access_token']}"}


async def is_let_in(api: Api, headers: dict[str, str]) -> bool:
    return (await api.client.get("/auth/me", headers=headers)).status_code == 200


async def make_token(api: Api, who: Person, of: int, **fields: Any) -> dict[str, Any]:
    body = {"label": "ci"} | fields
    answer = await send(api, who, "POST", f"/identities/{of}/integration-tokens", body)
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json()["data"]
    return created


async def test_an_identity_is_made_shown_changed_and_removed(api: Api) -> None:
    root = await api.administrator()
    body = {"login": "ann", "display_name": "Ann", "attributes": {"team": "ops"}}

    made = await send(api, root, "POST", "/identities", body)

    assert made.status_code == 201
    shown = made.json()["data"]
    assert (shown["login"], shown["attributes"]) == ("ann", {"team": "ops"})
    assert (shown["roles"], shown["direct_permissions"]) == ([], [])
    assert (shown["frozen"], shown["can_log_in_with_password"]) == (False, False)
    path = f"/identities/{shown['id']}"
    changes = {"display_name": "Ann B.", "attributes": {}, "password": "a new password"}
    changed = (await send(api, root, "PUT", path, changes)).json()["data"]
    assert (changed["display_name"], changed["attributes"]) == ("Ann B.", {})
    assert (await log_in(api, "ann", "a new password")).status_code == 200
    assert (await send(api, root, "POST", "/identities", body)).status_code == 409
    assert (await send(api, root, "DELETE", path)).json()["data"]["success"] is True
    assert (await send(api, root, "GET", path)).status_code == 404


async def test_what_cannot_be_an_identity_is_refused(api: Api) -> None:
    root = await api.administrator()

    for body in (
        {},
        {"login": "an"},
        {"login": "a b c"},
        {"login": "ann", "password": "short"},
        {"login": "ann", "attributes": ["ops"]},
        {"login": "ann", "display_name": "a\nb"},
    ):
        assert (await send(api, root, "POST", "/identities", body)).status_code == 422


async def test_a_list_is_searched_and_counts_only_what_is_seen(api: Api) -> None:
    root = await api.administrator()
    ann = await api.person(login="ann-of-ops")
    bob = await api.person(login="bob-of-ops")
    part = await api.person([grant("identities", "read", ids=[ann.id])])
    self_only = await api.person([grant("identities", "read", owner="self")])

    async def logins(who: Person, **query: Any) -> list[str]:
        answer = (await send(api, who, "GET", "/identities", **query)).json()
        assert answer["pagination"]["total_items"] == len(answer["items"])
        return [each["login"] for each in answer["items"]]

    assert await logins(root, q="OF-ops") == [ann.login, bob.login]
    assert await logins(part) == [ann.login]
    assert await logins(self_only) == [self_only.login]
    await send(api, root, "POST", f"/identities/{bob.id}/freeze")
    assert await logins(root, frozen="true") == [bob.login]
    for path in (f"/identities/{bob.id}", "/identities/999999999"):
        assert (await send(api, part, "GET", path)).status_code == 404


async def test_a_frozen_identity_is_refused_until_it_is_let_in_again(api: Api) -> None:
    root, ann = await api.administrator(), await api.person()
    assert await is_let_in(api, ann.headers)

    await send(api, root, "POST", f"/identities/{ann.id}/freeze")

    async def refused() -> bool:
        return not await is_let_in(api, ann.headers)

    await eventually(refused)
    assert (await log_in(api, ann.login)).status_code == 403
    await send(api, root, "POST", f"/identities/{ann.id}/unfreeze")
    assert (await log_in(api, ann.login)).status_code == 200


async def test_a_removed_identity_and_one_with_a_new_password_lose_their_sessions(
    api: Api,
) -> None:
    root, ann, bob = await api.administrator(), await api.person(), await api.person()
    sessions = [bearer(await log_in(api, who.login)) for who in (ann, bob)]

    await send(api, root, "DELETE", f"/identities/{ann.id}")
    body = {"password": "another password"}
    await send(api, root, "PUT", f"/identities/{bob.id}", body)

    async def refused() -> bool:
        return not any([await is_let_in(api, headers) for headers in sessions])

    await eventually(refused)


async def test_nobody_locks_themselves_out(api: Api) -> None:
    root = await api.administrator()
    own = f"/identities/{root.id}"

    assert (await send(api, root, "POST", f"{own}/freeze")).status_code == 409
    assert (await send(api, root, "DELETE", own)).status_code == 409


async def test_who_owns_packs_is_removed_only_with_a_successor(api: Api) -> None:
    root, ann, bob = await api.administrator(), await api.person(), await api.person()
    pack = await make_private_pack(api, ann)
    path = f"/identities/{ann.id}"

    refused = await send(api, root, "DELETE", path)
    await send(api, root, "DELETE", path, successor_id=bob.id)

    assert refused.status_code == 409
    assert "1 pack" in refused.json()["error"]
    async with api.database.transaction() as tx:
        row = await tx.packs.get(pack.id)
    assert row.owner_identity_id == bob.id


async def test_nobody_becomes_somebody_who_may_do_more(api: Api) -> None:
    helper = await api.person(HELPDESK)
    root, peer = await api.administrator(), await api.person()

    async def answers(of: Person) -> list[int]:
        path = f"/identities/{of.id}"
        return [
            (await send(api, helper, method, where, body)).status_code
            for method, where, body in (
                ("PUT", path, {"password": "taken over"}),
                ("POST", f"{path}/integration-tokens", {"label": "mine now"}),
            )
        ]

    assert await answers(root) == [403, 403]
    assert await answers(peer) == [200, 201]
    assert (await log_in(api, root.login)).status_code == 200


async def test_a_successor_does_not_lend_their_rights_to_rules_of_others(
    api: Api,
) -> None:
    helper = await api.person(HELPDESK)
    root, ann = await api.administrator(), await api.person()
    await make_private_pack(api, ann)

    answer = await send(
        api, helper, "DELETE", f"/identities/{ann.id}", successor_id=root.id
    )

    assert answer.status_code == 403


async def test_attributes_that_bring_grants_to_life_are_handed_on_too(api: Api) -> None:
    helper = await api.person(HELPDESK)
    ann = await api.person(
        [grant("keys", "decrypt", attributes={"team": "vault"})],
    )
    path = f"/identities/{ann.id}"

    refused = await send(api, helper, "PUT", path, {"attributes": {"team": "vault"}})
    harmless = await send(api, helper, "PUT", path, {"attributes": {"team": "ops"}})

    assert refused.status_code == 403
    assert "keys:decrypt" in refused.json()["error"]
    assert harmless.status_code == 200


async def test_an_integration_token_is_shown_once_and_lets_in(api: Api) -> None:
    ann = await api.person([grant("rules", "read")])

    created = await make_token(api, ann, ann.id, description="for builds")

    token = created["token"]
    assert token.startswith("attune_it_")
    assert token.startswith(created["integration_token"]["token_prefix"])
    pair = await token_login(api, token)
    assert pair.json()["data"]["user"]["login"] == ann.login
    listing = await send(api, ann, "GET", f"/identities/{ann.id}/integration-tokens")
    assert token not in listing.text
    (listed,) = listing.json()["data"]
    assert listed["active"] is True
    assert listed["last_used_at"]
    assert listed["last_used_ip"]
    assert listed["created_by"] == ann.id
    async with api.database.transaction() as tx:
        (row,) = await tx.integration_tokens.find_by_identity(ann.id)
    assert token not in (row.token_hash, row.token_prefix, row.token_suffix)


async def test_a_revoked_token_ends_the_sessions_it_began(api: Api) -> None:
    ann = await api.person()
    for end, method in (("/revoke", "POST"), ("", "DELETE")):
        created = await make_token(api, ann, ann.id)
        pair = await token_login(api, created["token"])
        refresh = {"refresh_token": pair.json()["data"]["refresh_token"]}
        renewed = await api.client.post("/auth/refresh", json=refresh)
        sessions = [bearer(pair), bearer(renewed)]
        assert all([await is_let_in(api, headers) for headers in sessions])
        token_id = created["integration_token"]["id"]
        path = f"/identities/{ann.id}/integration-tokens/{token_id}{end}"

        assert (await send(api, ann, method, path)).status_code == 200

        async def refused(sessions: list[dict[str, str]] = sessions) -> bool:
            return not any([await is_let_in(api, headers) for headers in sessions])

        await eventually(refused)
        assert (await token_login(api, created["token"])).status_code == 401
        assert (await api.client.post("/auth/refresh", json=refresh)).status_code == 401
    assert await is_let_in(api, ann.headers)


async def test_an_expired_token_lets_nobody_in(api: Api) -> None:
    ann = await api.person()
    soon = (utc_now() + timedelta(hours=1)).isoformat()
    created = await make_token(api, ann, ann.id, expires_at=soon)
    pair = await token_login(api, created["token"])

    async with api.database.transaction() as tx:
        (row,) = await tx.integration_tokens.find_by_identity(ann.id)
        row.expires_at = utc_now() - timedelta(seconds=1)

    async def refused() -> bool:
        return not await is_let_in(api, bearer(pair))

    await eventually(refused)
    assert (await token_login(api, created["token"])).status_code == 401
    path = f"/identities/{ann.id}/integration-tokens"
    past = {"label": "late", "expires_at": "2020-01-01T00:00:00Z"}
    assert (await send(api, ann, "POST", path, past)).status_code == 422


async def test_who_came_with_a_token_keeps_no_others(api: Api) -> None:
    ann = await api.person()
    created = await make_token(api, ann, ann.id)
    robot = Person(ann.id, ann.login, bearer(await token_login(api, created["token"])))
    path = f"/identities/{ann.id}/integration-tokens"

    assert (await send(api, robot, "POST", path, {"label": "x"})).status_code == 403
    assert (await send(api, robot, "GET", path)).status_code == 200


async def test_tokens_of_others_do_not_exist(api: Api) -> None:
    ann, bob = await api.person(), await api.person()
    created = await make_token(api, ann, ann.id)
    token_id = created["integration_token"]["id"]
    path = f"/identities/{ann.id}/integration-tokens"

    assert [
        (await send(api, bob, method, where, body)).status_code
        for method, where, body in (
            ("GET", path, None),
            ("POST", path, {"label": "x"}),
            ("POST", f"{path}/{token_id}/revoke", None),
            ("DELETE", f"{path}/{token_id}", None),
            ("DELETE", f"/identities/{bob.id}/integration-tokens/{token_id}", None),
        )
    ] == [404] * 5


async def test_failed_logins_count_for_all_processes_together(
    api: Api, database_url: str
) -> None:
    ann = await api.person()
    for _ in range(11):
        await log_in(api, ann.login, "guess")
    other = create_app(make_settings(database_url))
    transport = httpx.ASGITransport(other)
    async with (
        other.router.lifespan_context(other),
        httpx.AsyncClient(transport=transport, base_url="http://attune") as client,
    ):
        body = {"login": ann.login, "password": PASSWORD}

        assert (await client.post("/auth/login", json=body)).status_code == 429
