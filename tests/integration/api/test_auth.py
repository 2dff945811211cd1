"""Who gets in, how, and until when."""

import hashlib
import time
from typing import Any

import httpx
import pytest

from attune.api.app import create_app
from attune.clock import utc_now
from attune.db.models import (
    IdentityRole,
    IntegrationToken,
    PermissionSet,
    PermissionSetRole,
)
from attune.domain.permission import TokenType
from attune.services.identity import ensure_administrator
from tests.integration.api.conftest import make_settings
from tests.integration.api.people import PASSWORD, Api, grant
from tests.support.eventually import eventually


async def login(api: Api, name: str, password: str = PASSWORD) -> httpx.Response:
    return await api.client.post(
        "/auth/login", json={"login": name, "password": password}
    )


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def me(api: Api, headers: dict[str, str]) -> httpx.Response:
    return await api.client.get("/auth/me", headers=headers)


async def test_the_password_gets_a_pair_of_tokens(api: Api) -> None:
    ann = await api.person()

    pair = (await login(api, ann.login)).json()["data"]

    assert pair["token_type"] == "Bearer"
    assert pair["expires_in"] == 3600
    assert pair["user"] == {"id": ann.id, "login": ann.login, "display_name": None}
    assert (await me(api, bearer(pair["access_token"]))).status_code == 200


async def test_a_wrong_password_and_an_unknown_login_are_told_apart_by_nothing(
    api: Api,
) -> None:
    ann = await api.person()

    wrong = await login(api, ann.login, "not the password")
    unknown = await login(api, "nobody-at-all", "not the password")

    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()
    assert wrong.json()["code"] == "UNAUTHORIZED"


async def test_an_unknown_login_costs_as_much_time_as_a_known_one(api: Api) -> None:
    response = await api.client.post(
        "/auth/register", json={"login": "known-login", "password": PASSWORD}
    )
    assert response.status_code == 200

    async def fastest(name: str) -> float:
        times = []
        for _ in range(4):
            began = time.process_time()
            await login(api, name, "not the password")
            times.append(time.process_time() - began)
        return min(times)

    known, unknown = await fastest("known-login"), await fastest("unknown-login")

    assert 0.5 < known / unknown < 2


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"login": "ann"},
        {"login": "", "password": "x"},
        {"login": "ann", "password": ""},
        {"login": None, "password": "x"},
        {"login": {"$ne": ""}, "password": "x"},
        {"login": "x" * 2000, "password": "x"},
    ],
    ids=lambda body: str(body)[:40],
)
@pytest.mark.parametrize("path", ["/auth/login", "/auth/ldap/login"])
async def test_a_login_without_its_fields_is_refused(
    api: Api, path: str, body: dict[str, Any]
) -> None:
    assert (await api.client.post(path, json=body)).status_code == 422


async def test_logins_are_slowed_down_after_failures(api: Api) -> None:
    ann = await api.person()
    for _ in range(11):
        assert (await login(api, ann.login, "guess")).status_code == 401

    refused = await login(api, ann.login)

    assert refused.status_code == 429
    assert refused.json()["code"] == "TOO_MANY_REQUESTS"
    assert int(refused.headers["retry-after"]) >= 1


async def test_ldap_and_oidc_are_not_configured(api: Api) -> None:
    body = {"login": "ann", "password": "x"}

    refused = await api.client.post("/auth/ldap/login", json=body)

    assert refused.status_code == 501
    assert refused.json()["code"] == "NOT_IMPLEMENTED"
    for path in ("/auth/oidc/login", "/auth/callback", "/auth/logout"):
        assert (await api.client.get(path)).status_code == 501


async def test_the_settings_tell_how_to_log_in(api: Api) -> None:
    shown = (await api.client.get("/auth/settings")).json()["data"]

    assert shown["local_password_enabled"] is True
    assert shown["self_registration_enabled"] is True
    assert shown["ldap_enabled"] is False


async def test_who_registers_gets_in_and_may_nothing(api: Api) -> None:
    body = {"login": "new-login", "password": PASSWORD, "display_name": "New"}

    registered = await api.client.post("/auth/register", json=body)
    headers = bearer(registered.json()["data"]["access_token"])

    assert registered.status_code == 200
    assert (await me(api, headers)).json()["data"]["effective_permissions"] == []
    refused = await api.client.get("/api/v1/workers", headers=headers)
    assert refused.status_code == 403
    assert (await api.client.post("/auth/register", json=body)).status_code == 409


@pytest.mark.parametrize(
    "body",
    [
        {"login": "ab", "password": PASSWORD},
        {"login": "x" * 256, "password": PASSWORD},
        {"login": "abc", "password": "1234567"},
        {"login": "abc", "password": "x" * 129},
        {"login": "a b c", "password": PASSWORD},
        {"login": "abc\u200b", "password": PASSWORD},
        {"login": "abc\n", "password": PASSWORD},
        {"login": "abc", "password": PASSWORD, "display_name": "a\u202eb"},
    ],
    ids=lambda body: ascii(body)[:60],
)
async def test_what_cannot_be_registered(api: Api, body: dict[str, Any]) -> None:
    refused = await api.client.post("/auth/register", json=body)

    assert refused.status_code == 422
    assert body["password"] not in refused.text


async def test_registering_is_off_unless_switched_on(database_url: str) -> None:
    app = create_app(make_settings(database_url))
    transport = httpx.ASGITransport(app)
    body = {"login": "new-login", "password": PASSWORD}
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://a") as client,
    ):
        refused = await client.post("/auth/register", json=body)

    assert refused.status_code == 403


async def test_a_refresh_token_gets_a_new_pair(api: Api) -> None:
    ann = await api.person()
    pair = (await login(api, ann.login)).json()["data"]

    again = await api.client.post(
        "/auth/refresh", json={"refresh_token": pair["refresh_token"]}
    )

    headers = bearer(again.json()["data"]["access_token"])
    assert (await me(api, headers)).json()["data"]["id"] == ann.id


async def test_a_refresh_token_opens_nothing_else(api: Api) -> None:
    ann = await api.person()
    pair = (await login(api, ann.login)).json()["data"]

    refused = await me(api, bearer(pair["refresh_token"]))

    assert refused.status_code == 401
    assert refused.json()["error"]["code"] == 401


async def test_only_a_refresh_token_refreshes(api: Api) -> None:
    ann = await api.person()
    access = ann.headers["Authorization"].removeprefix("Bearer ")

    for token in (access, "noise", "a.b.c"):
        body = {"refresh_token": token}
        assert (await api.client.post("/auth/refresh", json=body)).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer noise"},
        {"Authorization": "Basic YTpi"},
        {"Authorization": "Bearer a.b.c"},
    ],
    ids=str,
)
async def test_without_a_valid_token_the_answer_has_the_other_shape(
    api: Api, headers: dict[str, str]
) -> None:
    refused = await me(api, headers)

    assert refused.status_code == 401
    assert refused.json()["error"]["code"] == 401
    assert refused.json()["error"]["message"]
    assert refused.headers["www-authenticate"] == "Bearer"


async def test_one_sees_oneself_with_everything_one_may_do(api: Api) -> None:
    ann = await api.person([grant("workers", "read", ids=[7])])

    shown = (await me(api, ann.headers)).json()["data"]

    assert shown["login"] == ann.login
    assert shown["is_local"] is True
    assert shown["can_change_password"] is True
    assert shown["effective_permissions"] == [
        {"resource": "workers", "actions": ["read"], "constraints": {"ids": [7]}}
    ]
    assert len(shown["assigned_permission_set_refs"]) == 1


async def test_one_changes_ones_display_name(api: Api) -> None:
    ann = await api.person()

    changed = await api.client.put(
        "/auth/me", json={"display_name": " Ann  "}, headers=ann.headers
    )
    left = await api.client.put(
        "/auth/me", json={"display_name": None}, headers=ann.headers
    )

    assert changed.json()["data"]["display_name"] == "Ann"
    assert left.json()["data"]["display_name"] == "Ann"


async def change_password(api: Api, headers: dict[str, str], current: str) -> int:
    response = await api.client.post(
        "/auth/change-password",
        json={"current_password": current, "new_password": "battery staple"},
        headers=headers,
    )
    return response.status_code


async def test_a_new_password_ends_every_session(api: Api) -> None:
    ann = await api.person()
    pair = (await login(api, ann.login)).json()["data"]
    headers = bearer(pair["access_token"])

    assert await change_password(api, headers, PASSWORD) == 200

    async def is_refused() -> bool:
        return (await me(api, headers)).status_code == 401

    await eventually(is_refused, seconds=5)
    refresh = {"refresh_token": pair["refresh_token"]}
    assert (await api.client.post("/auth/refresh", json=refresh)).status_code == 401
    assert (await login(api, ann.login)).status_code == 401
    assert (await login(api, ann.login, "battery staple")).status_code == 200


async def test_a_wrong_current_password_changes_nothing(api: Api) -> None:
    ann = await api.person()

    assert await change_password(api, ann.headers, "guess") == 422
    assert (await login(api, ann.login)).status_code == 200


async def test_code_cannot_change_the_password_of_who_runs_it(api: Api) -> None:
    ann = await api.person()
    headers = api.headers(
        TokenType.EXECUTION, ann.id, execution_id=1, action_ref="ops.deploy"
    )

    assert await change_password(api, headers, PASSWORD) == 403


async def freeze(api: Api, identity_id: int) -> None:
    async with api.database.transaction() as tx:
        identity = await tx.identities.lock(identity_id)
        identity.frozen = True


async def test_a_frozen_identity_is_out_within_seconds(api: Api) -> None:
    ann = await api.person()
    pair = (await login(api, ann.login)).json()["data"]
    assert (await me(api, ann.headers)).status_code == 200

    await freeze(api, ann.id)

    async def is_refused() -> bool:
        return (await me(api, ann.headers)).status_code == 403

    await eventually(is_refused, seconds=5)
    assert (await login(api, ann.login)).status_code == 403
    refresh = {"refresh_token": pair["refresh_token"]}
    assert (await api.client.post("/auth/refresh", json=refresh)).status_code == 403


async def test_a_deleted_identity_is_out_within_seconds(api: Api) -> None:
    ann = await api.person()
    assert (await me(api, ann.headers)).status_code == 200

    async with api.database.transaction() as tx:
        await tx.identities.remove(await tx.identities.get(ann.id))

    async def is_refused() -> bool:
        return (await me(api, ann.headers)).status_code == 401

    await eventually(is_refused, seconds=5)


async def can_list_workers(api: Api, headers: dict[str, str]) -> bool:
    response = await api.client.get("/api/v1/workers", headers=headers)
    return response.status_code == 200


async def test_a_new_grant_works_within_seconds(api: Api) -> None:
    ann = await api.person()
    assert not await can_list_workers(api, ann.headers)

    async with api.database.transaction() as tx:
        await api.assign(ann.id, [grant("workers", "read")], tx)

    await eventually(lambda: can_list_workers(api, ann.headers), seconds=5)


async def test_a_role_carries_the_grants_of_its_sets(api: Api) -> None:
    bob = await api.person()
    ann = await api.person()
    async with api.database.transaction() as tx:
        ref = await api.assign(bob.id, [grant("workers", "read")], tx)
        permset = await tx.permission_sets.get_by_ref(ref)
        await tx.permission_set_roles.add(
            PermissionSetRole(permset_id=permset.id, role="operators")
        )
        await tx.identity_roles.add(IdentityRole(identity_id=ann.id, role="operators"))

    await eventually(lambda: can_list_workers(api, ann.headers), seconds=5)


async def test_an_execution_token_is_cut_down_to_its_sets(api: Api) -> None:
    ann = await api.person([grant("workers", "read", "manage")])
    async with api.database.transaction() as tx:
        ref = await api.assign(ann.id, [grant("workers", "read")], tx)
    facts: dict[str, Any] = {"execution_id": 1, "action_ref": "ops.deploy"}

    def headers(**more: Any) -> dict[str, str]:
        return api.headers(TokenType.EXECUTION, ann.id, **facts, **more)

    assert await can_list_workers(api, headers())
    assert await can_list_workers(api, headers(permission_set_refs=[ref]))
    assert not await can_list_workers(api, headers(permission_set_refs=[]))
    assert not await can_list_workers(api, headers(permission_set_refs=["no.such"]))


async def add_token(api: Api, identity_id: int, **changes: Any) -> str:
    secret = f"attune_it_secret-of-{identity_id}"
    async with api.database.transaction() as tx:
        await tx.integration_tokens.add(
            IntegrationToken(
                identity_id=identity_id,
                label="ci",
                token_hash=hashlib.sha256(secret.encode()).hexdigest(),
                token_prefix="attune_it_",
                token_suffix="xxxx",
                **changes,
            )
        )
    return secret


async def token_login(api: Api, token: str) -> httpx.Response:
    return await api.client.post("/auth/token-login", json={"token": token})


async def test_a_service_gets_in_with_its_integration_token(api: Api) -> None:
    ann = await api.person()
    token = await add_token(api, ann.id)

    pair = (await token_login(api, token)).json()["data"]

    assert pair["user"]["id"] == ann.id
    async with api.database.transaction() as tx:
        [used] = await tx.integration_tokens.find_by_identity(ann.id)
    assert used.last_used_at is not None
    assert used.last_used_ip == "127.0.0.1"


async def test_a_revoked_or_unknown_integration_token_gets_nobody_in(api: Api) -> None:
    ann, bob = await api.person(), await api.person()
    revoked = await add_token(api, ann.id, revoked_at=utc_now())
    expired = await add_token(api, bob.id, expires_at=utc_now())

    for token in (revoked, expired, "attune_it_unknown", "noise"):
        assert (await token_login(api, token)).status_code == 401


async def test_the_administrator_is_made_once(api: Api) -> None:
    async with api.database.transaction() as tx:
        await tx.permission_sets.add(PermissionSet(ref="core.admin", grants=[]))

    assert await ensure_administrator(api.database, PASSWORD)
    assert not await ensure_administrator(api.database, "another password")
    pair = (await login(api, "admin")).json()["data"]
    shown = (await me(api, bearer(pair["access_token"]))).json()["data"]
    assert shown["assigned_permission_set_refs"] == ["core.admin"]
